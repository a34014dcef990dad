#include "grammar/regex_syntax.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/utf8.h"
#include "grammar/regex_class.h"

namespace weft {
namespace {

using Kind = RegexNode::Kind;

// What a group has so far.
struct Frame {
  size_t offset = 0;  // of '('
  std::vector<int32_t> items;
  std::vector<int32_t> arms;  // finished alternatives
  std::optional<RegexLook> look;
  bool ignore_case = false, dot_all = false;  // flags to restore after it
};

class Parser {
 public:
  Parser(std::string_view pattern, const GrammarLimits& limits) : reader_(pattern), limits_(limits) {}

  Result<RegexSyntax> run() {
    if (reader_.text.size() > limits_.regex_bytes) {
      return make_error(ErrorCode::kGrammarTooComplex, "A regular expression of {} bytes is too long; at most {}.",
                        reader_.text.size(), limits_.regex_bytes);
    }
    if (!is_valid_utf8(reader_.text)) {
      return make_error(ErrorCode::kInvalidValue, "The regular expression is not valid UTF-8.");
    }
    stack_.emplace_back();
    while (!reader_.at_end()) TRY(item());
    if (stack_.size() > 1) return reader_.error_at(stack_.back().offset, "this '(' is never closed");
    out_.root = finish_frame();
    return std::move(out_);
  }

 private:
  Frame& top() { return stack_.back(); }

  int32_t add(RegexNode node, int64_t size) {
    out_.nodes.push_back(std::move(node));
    size_.push_back(size);
    return static_cast<int32_t>(out_.nodes.size()) - 1;
  }

  void add_item(RegexNode node, int64_t size) {
    quantifiable_ = true;
    top().items.push_back(add(std::move(node), size));
  }

  int64_t size_of(const std::vector<int32_t>& children) const {
    int64_t size = 1;
    for (int32_t child : children) size += size_[static_cast<size_t>(child)];
    return size;
  }

  int32_t combine(Kind kind, std::vector<int32_t> children) {
    if (children.size() == 1) return children[0];
    const int64_t size = size_of(children);
    RegexNode node;
    node.kind = children.empty() ? Kind::kEmpty : kind;
    node.children = std::move(children);
    return add(std::move(node), size);
  }

  int32_t finish_frame() {
    Frame& frame = top();
    const int32_t last = combine(Kind::kSequence, std::move(frame.items));
    if (frame.arms.empty()) return last;
    frame.arms.push_back(last);
    return combine(Kind::kChoice, std::move(frame.arms));
  }

  void add_set(CodePointSet set) {
    if (ignore_case_) set = set.with_other_case();
    add_finished_set(std::move(set));
  }
  void add_finished_set(CodePointSet set) {
    RegexNode node;
    node.kind = Kind::kSet;
    node.index = static_cast<int32_t>(out_.sets.size());
    const int64_t size = 1 + 2 * static_cast<int64_t>(set.ranges().size());
    out_.sets.push_back(std::move(set));
    add_item(std::move(node), size);
  }

  void add_char(char32_t c) {
    if (ignore_case_) {
      add_set(CodePointSet{{c, c}});
      return;
    }
    RegexNode node;
    node.kind = Kind::kChar;
    node.index = static_cast<int32_t>(c);
    add_item(std::move(node), c < 0x80 ? 1 : 4);
  }

  void add_assertion(Kind kind) {
    RegexNode node;
    node.kind = kind;
    add_item(std::move(node), 1);
    quantifiable_ = false;
  }

  Status item() {
    const size_t at = reader_.pos;
    const char32_t c = reader_.next();
    switch (c) {
      case '(':
        return open_group(at);
      case ')':
        return close_group(at);
      case '|':
        top().arms.push_back(combine(Kind::kSequence, std::move(top().items)));
        top().items.clear();
        quantifiable_ = false;
        return {};
      case '*':
        return quantify(at, 0, RegexNode::kUnbounded);
      case '+':
        return quantify(at, 1, RegexNode::kUnbounded);
      case '?':
        return quantify(at, 0, 1);
      case '{':
        return brace(at);
      case '[':
        return bracket(at);
      case '.':
        add_finished_set(dot_all_ ? CodePointSet{{0, CodePointSet::kMax}} : not_newline_set());
        return {};
      case '^':
        add_assertion(Kind::kStart);
        return {};
      case '$':
        add_assertion(Kind::kEnd);
        return {};
      case '\\':
        return escape(at);
      default:
        add_char(c);
        return {};
    }
  }

  // `{` is itself where no quantifier can be read from it, as browsers have it.
  Status brace(size_t at) {
    TRY_ASSIGN(const auto bounds, reader_.braces(at));
    if (bounds) return quantify(at, bounds->first, bounds->second);
    add_char('{');
    return {};
  }

  Status quantify(size_t at, int64_t min, int64_t max) {
    if (top().items.empty() || !quantifiable_) return reader_.error_at(at, "there is nothing to repeat here");
    if (max != RegexNode::kUnbounded && max < min) {
      return reader_.error_at(at, "the upper bound of this repetition is below the lower one");
    }
    if (std::max(min, max) > limits_.regex_repeat) {
      return reader_.too_complex_at(at, fmt::format("a repetition of more than {} times", limits_.regex_repeat));
    }
    if (reader_.take('?')) {
      // Lazy: the same texts.
    } else if (reader_.peek() == '+') {
      return reader_.error_at(reader_.pos, "possessive quantifiers are not supported");
    }
    const int32_t child = top().items.back();
    const int64_t copies = std::max<int64_t>(1, std::max(min, max));
    const int64_t size = 1 + copies * size_[static_cast<size_t>(child)];
    if (size > 4 * static_cast<int64_t>(limits_.max_states)) {
      return reader_.too_complex_at(at, "this repetition makes the expression too large");
    }
    RegexNode node;
    node.kind = Kind::kRepeat;
    node.min = min;
    node.max = max;
    node.children = {child};
    top().items.back() = add(std::move(node), size);
    quantifiable_ = false;
    return {};
  }

  Status bracket(size_t at) {
    TRY_ASSIGN(CodePointSet set, read_class(reader_, at, ignore_case_));
    add_finished_set(std::move(set));
    return {};
  }

  Status escape(size_t at) {
    if (reader_.take('b')) {
      add_assertion(Kind::kWordBoundary);
      return {};
    }
    if (reader_.take('B')) {
      add_assertion(Kind::kNotWordBoundary);
      return {};
    }
    TRY_ASSIGN(ClassAtom atom, read_escape(reader_, at, false));
    if (atom.is_set) {
      add_set(std::move(atom.set));
    } else {
      add_char(atom.code_point);
    }
    return {};
  }

  Status open_group(size_t at) {
    if (stack_.size() > limits_.grammar_nesting) {
      return reader_.too_complex_at(at, fmt::format("groups nested more than {} deep", limits_.grammar_nesting));
    }
    Frame frame;
    frame.offset = at;
    frame.ignore_case = ignore_case_;
    frame.dot_all = dot_all_;
    if (reader_.take('?')) {
      TRY_ASSIGN(const bool is_group, group_kind(at, frame));
      if (!is_group) return {};
    }
    stack_.push_back(std::move(frame));
    quantifiable_ = false;
    return {};
  }

  // What follows "(?"; false: flags for the rest of the group, and no group of its own.
  Result<bool> group_kind(size_t at, Frame& frame) {
    if (reader_.take(':')) return true;
    const auto look = [&](bool ahead, bool negative) {
      frame.look = RegexLook{ahead, negative, 0, at};
      return true;
    };
    if (reader_.take('=')) return look(true, false);
    if (reader_.take('!')) return look(true, true);
    if (reader_.take('>')) return reader_.error_at(at, "atomic groups are not supported");
    if (reader_.take('P') && reader_.peek() != '<') {
      return reader_.error_at(at, "back-references are not supported");
    }
    if (reader_.take('<')) {
      if (reader_.take('=')) return look(false, false);
      if (reader_.take('!')) return look(false, true);
      return group_name(at);
    }
    return flags(at);
  }

  Result<bool> group_name(size_t at) {
    size_t length = 0;
    for (; !reader_.at_end(); ++length) {
      const char32_t c = reader_.next();
      if (c == '>' && length > 0) return true;
      const bool ok = c == '_' || c == '$' || c >= 0x80 || word_set().contains(c);
      if (!ok || (length == 0 && digit_set().contains(c))) break;
    }
    return reader_.error_at(at, "this group's name is not one");
  }

  Result<bool> flags(size_t at) {
    bool on = true;
    bool ignore_case = ignore_case_;
    bool dot_all = dot_all_;
    while (!reader_.at_end()) {
      switch (reader_.next()) {
        case 'i':
          ignore_case = on;
          break;
        case 's':
          dot_all = on;
          break;
        case 'u':
          break;  // always so
        case '-':
          if (!on) return reader_.error_at(at, "these flags are not understood");
          on = false;
          break;
        case ')':
          ignore_case_ = ignore_case;
          dot_all_ = dot_all;
          quantifiable_ = false;
          return false;
        case ':':
          ignore_case_ = ignore_case;
          dot_all_ = dot_all;
          return true;
        default:
          return reader_.error_at(at, "this kind of group is not supported (flags may be i, s and u)");
      }
    }
    return reader_.error_at(at, "this '(' is never closed");
  }

  Status close_group(size_t at) {
    if (stack_.size() == 1) return reader_.error_at(at, "this ')' closes nothing");
    const int32_t body = finish_frame();
    const Frame frame = std::move(stack_.back());
    stack_.pop_back();
    ignore_case_ = frame.ignore_case;
    dot_all_ = frame.dot_all;
    if (!frame.look) {
      top().items.push_back(body);
      quantifiable_ = true;
      return {};
    }
    RegexLook look = *frame.look;
    look.body = body;
    RegexNode node;
    node.kind = Kind::kLook;
    node.index = static_cast<int32_t>(out_.looks.size());
    out_.looks.push_back(look);
    add_item(std::move(node), 1);
    return {};
  }

  RegexReader reader_;
  const GrammarLimits& limits_;
  RegexSyntax out_;
  std::vector<int64_t> size_;  // of each node: about how many states it becomes
  std::vector<Frame> stack_;
  bool quantifiable_ = false;
  bool ignore_case_ = false, dot_all_ = false;
};

}  // namespace

Result<RegexSyntax> parse_regex(std::string_view pattern, const GrammarLimits& limits) {
  return Parser(pattern, limits).run();
}

}  // namespace weft
