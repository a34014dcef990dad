#include "grammar/regex_nfa.h"

#include <algorithm>
#include <optional>

namespace weft {
namespace {

using Kind = RegexNode::Kind;

// One node to be laid between two states.
struct Task {
  int32_t node, from, to;
};

class Emitter {
 public:
  Emitter(const RegexSyntax& syntax, const GrammarLimits& limits, RegexNfa& out)
      : syntax_(syntax), limits_(limits), out_(out), graphs_(syntax.sets.size()) {}

  Status run(Task first) {
    stack_.push_back(first);
    while (!stack_.empty()) {
      const Task task = stack_.back();
      stack_.pop_back();
      if (out_.nfa.num_states() > 4 * limits_.max_states || ++tasks_ > limits_.steps) {
        return make_error(ErrorCode::kGrammarTooComplex,
                          "The regular expression is too large: it needs more than {} states.", limits_.max_states);
      }
      emit(syntax_.nodes[static_cast<size_t>(task.node)], task.from, task.to);
    }
    return {};
  }

 private:
  void emit(const RegexNode& node, int32_t from, int32_t to) {
    Nfa& nfa = out_.nfa;
    switch (node.kind) {
      case Kind::kEmpty:
        nfa.add_empty(from, to);
        return;
      case Kind::kChar:
        emit_char(static_cast<char32_t>(node.index), from, to);
        return;
      case Kind::kSet:
        graph(node.index).add_to(nfa, from, to);
        return;
      case Kind::kSequence:
        for (size_t i = 0; i < node.children.size(); ++i) {
          const int32_t next = i + 1 == node.children.size() ? to : nfa.add_state();
          stack_.push_back({node.children[i], from, next});
          from = next;
        }
        return;
      case Kind::kChoice:
        for (int32_t child : node.children) stack_.push_back({child, from, to});
        return;
      case Kind::kRepeat:
        emit_repeat(node, from, to);
        return;
      case Kind::kStart:
        nfa.add_empty(from, to, Nfa::When::kAtStart);
        return;
      case Kind::kEnd:
        nfa.add_empty(from, to, Nfa::When::kAtEnd);
        return;
      case Kind::kWordBoundary:
        out_.look_edges.push_back({from, to, LookEdge::kWordBoundary});
        return;
      case Kind::kNotWordBoundary:
        out_.look_edges.push_back({from, to, LookEdge::kNotWordBoundary});
        return;
      case Kind::kLook:
        out_.look_edges.push_back({from, to, node.index});
        return;
      case Kind::kAutomaton:
        emit_automaton(*syntax_.automata[static_cast<size_t>(node.index)], from, to);
        return;
      case Kind::kRule:
      case Kind::kToken:
        CHECK(false);  // not part of any automaton
    }
  }

  void emit_automaton(const Dfa& a, int32_t from, int32_t to) {
    const std::vector<uint8_t> class_of_byte(a.byte_class.begin(), a.byte_class.end());
    const int32_t base = out_.nfa.append(a, class_of_byte);
    out_.nfa.add_empty(from, base);
    for (int32_t s = 0; s < a.num_states(); ++s) {
      if (a.accepting[static_cast<size_t>(s)] != 0) out_.nfa.add_empty(base + s, to);
    }
  }

  void emit_char(char32_t c, int32_t from, int32_t to) {
    if (c < 0x80) {
      out_.nfa.add_edge(from, static_cast<uint8_t>(c), static_cast<uint8_t>(c), to);
    } else {
      Utf8Graph(CodePointSet{{c, c}}).add_to(out_.nfa, from, to);
    }
  }

  const Utf8Graph& graph(int32_t set) {
    auto& known = graphs_[static_cast<size_t>(set)];
    if (!known) known.emplace(syntax_.sets[static_cast<size_t>(set)]);
    return *known;
  }

  // min copies one after the other, then a loop, or max - min more of which each may be the last.
  void emit_repeat(const RegexNode& node, int32_t from, int32_t to) {
    Nfa& nfa = out_.nfa;
    const int32_t child = node.children[0];
    const bool unbounded = node.max == RegexNode::kUnbounded;
    const int64_t copies = unbounded ? node.min : node.max;
    for (int64_t copy = 0; copy < copies; ++copy) {
      if (copy >= node.min) nfa.add_empty(from, to);
      const bool is_last = !unbounded && copy + 1 == copies;
      const int32_t next = is_last ? to : nfa.add_state();
      stack_.push_back({child, from, next});
      from = next;
    }
    if (unbounded) {
      const int32_t loop = nfa.add_state();
      nfa.add_empty(from, loop);
      stack_.push_back({child, loop, loop});
      nfa.add_empty(loop, to);
    } else if (copies == 0) {
      nfa.add_empty(from, to);
    }
  }

  const RegexSyntax& syntax_;
  const GrammarLimits& limits_;
  RegexNfa& out_;
  std::vector<std::optional<Utf8Graph>> graphs_;
  std::vector<Task> stack_;
  uint64_t tasks_ = 0;
};

}  // namespace

Status add_regex_node(const RegexSyntax& syntax, int32_t node, int32_t from, int32_t to, const GrammarLimits& limits,
                      RegexNfa& out) {
  return Emitter(syntax, limits, out).run({node, from, to});
}

void add_any_characters(Nfa& nfa, int32_t state) {
  static const Utf8Graph any(CodePointSet{{0, CodePointSet::kMax}});
  any.add_to(nfa, state, state);
}

}  // namespace weft
