#include "grammar/ebnf.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "grammar/nfa.h"
#include "grammar/regex_nfa.h"

namespace weft {
namespace {

using Kind = RegexNode::Kind;

// Which rules come before which, and which lead back to themselves.
struct RuleOrder {
  std::vector<int32_t> order;  // those that can be reached from the root, used ones before their users where possible
  std::vector<uint8_t> recursive;
};

class Analysis {
 public:
  explicit Analysis(const EbnfSyntax& syntax) : syntax_(syntax), uses_(syntax.rules.size()) {
    for (size_t r = 0; r < syntax.rules.size(); ++r) {
      for (int32_t n = syntax.rules[r].first_node; n <= last_node(r); ++n) {
        const RegexNode& node = syntax.nodes.nodes[static_cast<size_t>(n)];
        if (node.kind == Kind::kRule) uses_[r].push_back(node.index);
      }
    }
  }

  // Tarjan's strongly connected components, which come out callees first.
  RuleOrder order() const {
    const size_t count = uses_.size();
    RuleOrder out;
    out.recursive.assign(count, 0);
    std::vector<int32_t> index(count, -1), low(count, 0), component_stack;
    std::vector<uint8_t> on_stack(count, 0);
    struct Visit {
      int32_t rule;
      size_t next_use;
    };
    std::vector<Visit> visits;
    int32_t counter = 0;
    const auto enter = [&](int32_t rule) {
      const size_t r = static_cast<size_t>(rule);
      index[r] = low[r] = counter++;
      component_stack.push_back(rule);
      on_stack[r] = 1;
      visits.push_back({rule, 0});
    };
    enter(syntax_.root);
    while (!visits.empty()) {
      const int32_t rule = visits.back().rule;
      const size_t r = static_cast<size_t>(rule);
      if (visits.back().next_use < uses_[r].size()) {
        const int32_t used = uses_[r][visits.back().next_use++];
        const size_t u = static_cast<size_t>(used);
        if (index[u] < 0) {
          enter(used);
        } else if (on_stack[u] != 0) {
          low[r] = std::min(low[r], index[u]);
          if (used == rule) out.recursive[r] = 1;
        }
        continue;
      }
      visits.pop_back();
      if (!visits.empty()) {
        const size_t user = static_cast<size_t>(visits.back().rule);
        low[user] = std::min(low[user], low[r]);
      }
      if (low[r] != index[r]) continue;
      const bool alone = component_stack.back() == rule;
      for (int32_t member = -1; member != rule;) {
        member = component_stack.back();
        component_stack.pop_back();
        on_stack[static_cast<size_t>(member)] = 0;
        if (!alone) out.recursive[static_cast<size_t>(member)] = 1;
        out.order.push_back(member);
      }
    }
    return out;
  }

  // Which rules some text satisfies. A node waits for as many of its children as it needs.
  std::vector<uint8_t> productive_rules() const {
    const auto& nodes = syntax_.nodes.nodes;
    std::vector<int32_t> waits(nodes.size(), 0);
    std::vector<std::vector<int32_t>> waiting_for_node(nodes.size()), waiting_for_rule(uses_.size());
    std::vector<int32_t> ready;
    for (size_t n = 0; n < nodes.size(); ++n) {
      const RegexNode& node = nodes[n];
      const int32_t self = static_cast<int32_t>(n);
      switch (node.kind) {
        case Kind::kRule:
          waits[n] = 1;
          waiting_for_rule[static_cast<size_t>(node.index)].push_back(self);
          break;
        case Kind::kSequence:
          waits[n] = static_cast<int32_t>(node.children.size());
          break;
        case Kind::kChoice:
          waits[n] = 1;
          break;
        case Kind::kRepeat:
          waits[n] = node.min > 0 ? 1 : 0;
          break;
        case Kind::kSet:
          waits[n] = syntax_.nodes.sets[static_cast<size_t>(node.index)].ranges().empty() ? 1 : 0;
          break;
        default:
          break;
      }
      for (int32_t child : node.children) waiting_for_node[static_cast<size_t>(child)].push_back(self);
      if (waits[n] == 0) ready.push_back(self);
    }
    std::vector<int32_t> rule_of_body(nodes.size(), -1);
    for (size_t r = 0; r < uses_.size(); ++r) rule_of_body[static_cast<size_t>(last_node(r))] = static_cast<int32_t>(r);
    std::vector<uint8_t> productive(uses_.size(), 0);
    while (!ready.empty()) {
      const size_t n = static_cast<size_t>(ready.back());
      ready.pop_back();
      const auto serve = [&](const std::vector<int32_t>& waiting) {
        for (int32_t w : waiting) {
          if (--waits[static_cast<size_t>(w)] == 0) ready.push_back(w);
        }
      };
      serve(waiting_for_node[n]);
      const int32_t rule = rule_of_body[n];
      if (rule >= 0 && productive[static_cast<size_t>(rule)] == 0) {
        productive[static_cast<size_t>(rule)] = 1;
        serve(waiting_for_rule[static_cast<size_t>(rule)]);
      }
    }
    return productive;
  }

 private:
  int32_t last_node(size_t rule) const { return syntax_.rules[rule].body; }

  const EbnfSyntax& syntax_;
  std::vector<std::vector<int32_t>> uses_;
};

class Builder {
 public:
  // `max_size`: how large a part may be, in states, to become one automaton.
  Builder(EbnfSyntax syntax, const RuleOrder& order, int64_t max_size, const GrammarLimits& limits,
          GrammarAssembly& out)
      : syntax_(std::move(syntax)),
        order_(order),
        max_size_(max_size),
        limits_(limits),
        out_(out),
        size_(syntax_.nodes.nodes.size(), 0),
        rule_automaton_(syntax_.rules.size(), -1),
        rule_number_(syntax_.rules.size(), -1),
        expression_(syntax_.nodes.nodes.size(), -1) {}

  Result<ExpressionId> run() {
    for (int32_t rule : order_.order) {
      const size_t r = static_cast<size_t>(rule);
      measure(syntax_.rules[r]);
      if (order_.recursive[r] == 0 && size_of(syntax_.rules[r].body) <= max_size_) {
        TRY_ASSIGN(Dfa automaton, automaton_of(syntax_.rules[r].body));
        rule_automaton_[r] = static_cast<int32_t>(syntax_.nodes.automata.size());
        syntax_.nodes.automata.push_back(std::make_shared<const Dfa>(std::move(automaton)));
        automaton_size_.push_back(syntax_.nodes.automata.back()->num_states());
      } else {
        rule_number_[r] = out_.add_rule();
      }
    }
    for (int32_t rule : order_.order) {
      const size_t r = static_cast<size_t>(rule);
      if (rule_number_[r] < 0) continue;
      TRY_ASSIGN(const ExpressionId body, express_rule(syntax_.rules[r]));
      out_.set_rule(rule_number_[r], body);
    }
    const size_t root = static_cast<size_t>(syntax_.root);
    if (rule_number_[root] >= 0) return out_.rule(rule_number_[root]);
    return out_.text(syntax_.nodes.automata[static_cast<size_t>(rule_automaton_[root])]);
  }

 private:
  static constexpr int64_t kNotRegular = int64_t{1} << 40;

  RegexNode& node_at(int32_t node) { return syntax_.nodes.nodes[static_cast<size_t>(node)]; }
  int64_t size_of(int32_t node) const { return size_[static_cast<size_t>(node)]; }
  bool is_regular(int32_t node) const { return size_of(node) <= max_size_; }

  // About how many states each node of a rule becomes. References to rules that are automata turn into these.
  void measure(const EbnfSyntax::Rule& rule) {
    for (int32_t n = rule.first_node; n <= rule.body; ++n) {
      RegexNode& node = node_at(n);
      int64_t size = 1;
      for (int32_t child : node.children) size = std::min(kNotRegular, size + size_of(child));
      switch (node.kind) {
        case Kind::kChar:
          size = node.index < 0x80 ? 1 : 4;
          break;
        case Kind::kSet:
          size = 1 + 2 * static_cast<int64_t>(syntax_.nodes.sets[static_cast<size_t>(node.index)].ranges().size());
          break;
        case Kind::kRepeat:
          size = std::min(kNotRegular, size * std::max<int64_t>(1, std::max(node.min, node.max)));
          break;
        case Kind::kToken:
          size = kNotRegular;
          break;
        case Kind::kRule: {
          const int32_t automaton = rule_automaton_[static_cast<size_t>(node.index)];
          size = automaton < 0 ? kNotRegular : automaton_size_[static_cast<size_t>(automaton)];
          if (automaton >= 0) {
            node.kind = Kind::kAutomaton;
            node.index = automaton;
          }
          break;
        }
        default:
          break;
      }
      size_[static_cast<size_t>(n)] = size;
    }
  }

  Result<Dfa> automaton_of(int32_t node) {
    RegexNfa nfa;
    nfa.nfa.start = nfa.nfa.add_state();
    const int32_t end = nfa.nfa.add_state();
    nfa.nfa.accepting[static_cast<size_t>(end)] = 1;
    TRY(add_regex_node(syntax_.nodes, node, nfa.nfa.start, end, limits_, nfa));
    return determinize(nfa.nfa, limits_);
  }

  // Expressions of the rule's parts that are no automata, children before parents.
  Result<ExpressionId> express_rule(const EbnfSyntax::Rule& rule) {
    for (int32_t n = rule.first_node; n <= rule.body; ++n) {
      const bool is_leaf = node_at(n).children.empty();
      if (is_regular(n) && !(is_leaf && size_of(n) > max_size_)) continue;
      TRY_ASSIGN(expression_[static_cast<size_t>(n)], express(n));
    }
    return expression_of(rule.body);
  }

  // A node's expression, or that of the automaton it is.
  Result<ExpressionId> expression_of(int32_t node) {
    ExpressionId& known = expression_[static_cast<size_t>(node)];
    if (known >= 0) return known;
    const RegexNode& part = node_at(node);
    if (part.kind == Kind::kAutomaton) {
      known = out_.text(syntax_.nodes.automata[static_cast<size_t>(part.index)]);
      return known;
    }
    TRY_ASSIGN(Dfa automaton, automaton_of(node));
    known = out_.text(std::move(automaton));
    return known;
  }

  Result<ExpressionId> express(int32_t n) {
    switch (node_at(n).kind) {
      case Kind::kRule:
        return out_.rule(rule_number_[static_cast<size_t>(node_at(n).index)]);
      case Kind::kToken:
        return out_.token(node_at(n).index);
      case Kind::kRepeat: {
        TRY_ASSIGN(const ExpressionId child, expression_of(node_at(n).children[0]));
        const RegexNode& node = node_at(n);
        return out_.repeat(child, node.min, node.max == RegexNode::kUnbounded ? std::nullopt : std::optional(node.max));
      }
      case Kind::kSequence:
      case Kind::kChoice:
        return express_group(n);
      default:  // a leaf that is an automaton, however large
        return expression_of(n);
    }
  }

  // Neighbours in a sequence, and all arms of a choice, that are regular become one automaton.
  Result<ExpressionId> express_group(int32_t n) {
    const bool is_choice = node_at(n).kind == Kind::kChoice;
    std::vector<int32_t> children = node_at(n).children;
    if (is_choice) {
      std::stable_partition(children.begin(), children.end(), [this](int32_t child) { return is_regular(child); });
    }
    std::vector<ExpressionId> parts;
    for (size_t i = 0; i < children.size();) {
      size_t end = i;
      int64_t size = 1;
      while (end < children.size() && is_regular(children[end]) && size + size_of(children[end]) <= max_size_) {
        size += size_of(children[end++]);
      }
      if (end <= i + 1) {
        TRY_ASSIGN(const ExpressionId part, expression_of(children[i++]));
        parts.push_back(part);
        continue;
      }
      RegexNode joined;
      joined.kind = node_at(n).kind;
      joined.children.assign(children.begin() + static_cast<std::ptrdiff_t>(i),
                             children.begin() + static_cast<std::ptrdiff_t>(end));
      syntax_.nodes.nodes.push_back(std::move(joined));
      TRY_ASSIGN(Dfa automaton, automaton_of(static_cast<int32_t>(syntax_.nodes.nodes.size()) - 1));
      syntax_.nodes.nodes.pop_back();
      parts.push_back(out_.text(std::move(automaton)));
      i = end;
    }
    return is_choice ? out_.choice(std::move(parts)) : out_.sequence(std::move(parts));
  }

  EbnfSyntax syntax_;
  const RuleOrder& order_;
  const int64_t max_size_;
  const GrammarLimits& limits_;
  GrammarAssembly& out_;
  std::vector<int64_t> size_;            // of each node
  std::vector<int32_t> rule_automaton_;  // of each rule: into syntax_.nodes.automata, -1: none
  std::vector<int64_t> automaton_size_;
  std::vector<int32_t> rule_number_;  // of each rule: in `out`, -1: none
  std::vector<ExpressionId> expression_;
};

}  // namespace

Result<ExpressionId> add_ebnf(std::string_view text, const TokenLookup& tokens, const GrammarLimits& limits,
                              GrammarAssembly& out) {
  TRY_ASSIGN(const EbnfSyntax syntax, parse_ebnf(text, tokens, limits));
  const Analysis analysis(syntax);
  const RuleOrder order = analysis.order();
  const std::vector<uint8_t> productive = analysis.productive_rules();
  for (int32_t rule : order.order) {
    if (productive[static_cast<size_t>(rule)] != 0) continue;
    const EbnfSyntax::Rule& r = syntax.rules[static_cast<size_t>(rule)];
    return make_error(ErrorCode::kInvalidValue,
                      "Grammar, {}: no text satisfies the rule '{}'; it never comes to an end.",
                      grammar_place(text, r.offset), r.name);
  }
  // Large automata first; where one of them turns out too large, the machine follows more of the grammar's own shape.
  GrammarLimits own = limits;
  own.max_states = std::min(limits.max_states, 10'000);
  for (const int64_t max_size : {2'000, 100}) {
    GrammarAssembly attempt = out;
    Result<ExpressionId> root = Builder(syntax, order, max_size, own, attempt).run();
    if (root) out = std::move(attempt);
    if (root || root.error().code != ErrorCode::kGrammarTooComplex) return root;
  }
  return Builder(syntax, order, 1, limits, out).run();
}

}  // namespace weft
