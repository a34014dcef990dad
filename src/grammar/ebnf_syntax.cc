#include "grammar/ebnf_syntax.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/utf8.h"
#include "grammar/regex_class.h"

namespace weft {
namespace {

using Kind = RegexNode::Kind;

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}
bool is_name_start(char c) { return is_name_char(c) && c != '-'; }

// What a rule's body, or a parenthesis in it, has so far.
struct Frame {
  size_t offset = 0;
  std::vector<int32_t> items, arms;
};

class Parser {
 public:
  Parser(std::string_view text, const TokenLookup& tokens, const GrammarLimits& limits)
      : reader_(text), tokens_(tokens), limits_(limits) {}

  Result<EbnfSyntax> run() {
    if (reader_.text.size() > limits_.grammar_bytes) {
      return make_error(ErrorCode::kGrammarTooComplex, "A grammar of {} bytes is too long; at most {}.",
                        reader_.text.size(), limits_.grammar_bytes);
    }
    if (!is_valid_utf8(reader_.text)) {
      return make_error(ErrorCode::kInvalidValue, "The grammar is not valid UTF-8.");
    }
    skip_space();
    while (!reader_.at_end()) TRY(rule());
    for (const EbnfSyntax::Rule& r : out_.rules) {
      if (r.body < 0) return error_at(r.first_use, fmt::format("the rule '{}' is not defined", r.name));
    }
    const auto root = rule_numbers_.find("root");
    if (root == rule_numbers_.end()) {
      return make_error(ErrorCode::kInvalidValue, "The grammar has no rule 'root' to start from.");
    }
    out_.root = root->second;
    return std::move(out_);
  }

 private:
  Error error_at(size_t offset, std::string_view reason) const {
    return make_error(ErrorCode::kInvalidValue, "Grammar, {}: {}.", grammar_place(reader_.text, offset), reason);
  }
  Error too_complex_at(size_t offset, std::string_view reason) const {
    return make_error(ErrorCode::kGrammarTooComplex, "Grammar, {}: {}.", grammar_place(reader_.text, offset), reason);
  }

  void skip_space() {
    while (!reader_.at_end()) {
      const char c = reader_.peek();
      if (c == '#') {
        while (!reader_.at_end() && reader_.peek() != '\n') ++reader_.pos;
      } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        ++reader_.pos;
      } else {
        return;
      }
    }
  }

  std::string_view name() {
    const size_t begin = reader_.pos;
    // A point is part of a name where more of it follows, as in EBNF that was made from schemas.
    const auto is_inner_point = [this] {
      const std::string_view ahead = reader_.text.substr(reader_.pos, 2);
      return ahead.size() == 2 && ahead[0] == '.' && is_name_char(ahead[1]);
    };
    while (!reader_.at_end() && (is_name_char(reader_.peek()) || (reader_.pos > begin && is_inner_point()))) {
      ++reader_.pos;
    }
    return reader_.text.substr(begin, reader_.pos - begin);
  }

  bool take_word(std::string_view word) {
    if (!reader_.text.substr(reader_.pos).starts_with(word)) return false;
    reader_.pos += word.size();
    return true;
  }

  Result<int32_t> rule_number(std::string_view rule_name, size_t offset) {
    const auto [at, is_new] =
        rule_numbers_.try_emplace(std::string(rule_name), static_cast<int32_t>(out_.rules.size()));
    if (is_new) {
      if (out_.rules.size() == limits_.grammar_rules) {
        return too_complex_at(offset, fmt::format("more than {} rules", limits_.grammar_rules));
      }
      EbnfSyntax::Rule rule;
      rule.name = rule_name;
      rule.first_use = offset;
      out_.rules.push_back(std::move(rule));
    }
    return at->second;
  }

  // A name that "::=" follows begins a rule wherever it stands.
  bool at_rule() {
    const size_t begin = reader_.pos;
    const bool named = !name().empty();
    skip_space();
    const bool found = named && reader_.text.substr(reader_.pos).starts_with("::=");
    reader_.pos = begin;
    return found;
  }

  Status rule() {
    const size_t offset = reader_.pos;
    const std::string_view rule_name = name();
    if (rule_name.empty()) return error_at(offset, "a rule's name is expected here");
    skip_space();
    if (!take_word("::=")) return error_at(reader_.pos, fmt::format("'::=' is expected after '{}'", rule_name));
    TRY_ASSIGN(const int32_t number, rule_number(rule_name, offset));
    if (out_.rules[static_cast<size_t>(number)].body >= 0) {
      return error_at(offset, fmt::format("the rule '{}' is defined twice", rule_name));
    }
    const int32_t first_node = static_cast<int32_t>(out_.nodes.nodes.size());
    stack_.clear();
    stack_.emplace_back();
    for (skip_space(); !reader_.at_end() && !at_rule(); skip_space()) TRY(item());
    if (stack_.size() > 1) return error_at(stack_.back().offset, "this '(' is never closed");
    const int32_t body = finish_frame();
    EbnfSyntax::Rule& defined = out_.rules[static_cast<size_t>(number)];
    defined.body = body;
    defined.first_node = first_node;
    defined.offset = offset;
    return {};
  }

  int32_t add(RegexNode node) {
    out_.nodes.nodes.push_back(std::move(node));
    return static_cast<int32_t>(out_.nodes.nodes.size()) - 1;
  }
  void add_item(RegexNode node) {
    const int32_t number = add(std::move(node));
    stack_.back().items.push_back(number);
  }
  void add_char(char32_t c) {
    RegexNode node;
    node.kind = Kind::kChar;
    node.index = static_cast<int32_t>(c);
    add_item(std::move(node));
  }
  void add_set(CodePointSet set) {
    RegexNode node;
    node.kind = Kind::kSet;
    node.index = static_cast<int32_t>(out_.nodes.sets.size());
    out_.nodes.sets.push_back(std::move(set));
    add_item(std::move(node));
  }

  int32_t combine(Kind kind, std::vector<int32_t> children) {
    if (children.size() == 1) return children[0];
    RegexNode node;
    node.kind = children.empty() ? Kind::kEmpty : kind;
    node.children = std::move(children);
    return add(std::move(node));
  }
  int32_t finish_frame() {
    Frame& frame = stack_.back();
    const int32_t last = combine(Kind::kSequence, std::move(frame.items));
    if (frame.arms.empty()) return last;
    frame.arms.push_back(last);
    return combine(Kind::kChoice, std::move(frame.arms));
  }

  Status item() {
    const size_t at = reader_.pos;
    const char c = reader_.peek();
    if (c == '"' || c == '\'') return string_literal(at);
    if (is_name_start(c)) return reference(at);
    if (c == '!') return error_at(at, "'every token but this one' is not supported");
    if (c == '<') return token_reference(at);
    ++reader_.pos;
    switch (c) {
      case '(':
        if (reader_.peek() == '=') return error_at(at, "look-ahead in rules is not supported");
        if (stack_.size() > limits_.grammar_nesting) {
          return too_complex_at(at, fmt::format("parentheses nested more than {} deep", limits_.grammar_nesting));
        }
        stack_.emplace_back();
        stack_.back().offset = at;
        return {};
      case ')': {
        if (stack_.size() == 1) return error_at(at, "this ')' closes nothing");
        const int32_t body = finish_frame();
        stack_.pop_back();
        stack_.back().items.push_back(body);
        return {};
      }
      case '|': {
        const int32_t arm = combine(Kind::kSequence, std::move(stack_.back().items));
        stack_.back().items.clear();
        stack_.back().arms.push_back(arm);
        return {};
      }
      case '[':
        return character_class(at);
      case '.':
        add_set(CodePointSet{{0, CodePointSet::kMax}});
        return {};
      case '*':
        return quantify(at, 0, RegexNode::kUnbounded);
      case '+':
        return quantify(at, 1, RegexNode::kUnbounded);
      case '?':
        return quantify(at, 0, 1);
      case '{':
        return bounds(at);
      default:
        return error_at(at, "a literal, a class, a rule's name or a parenthesis is expected here");
    }
  }

  Status string_literal(size_t at) {
    const char quote = reader_.peek();
    ++reader_.pos;
    std::vector<int32_t> chars;
    for (;;) {
      if (reader_.at_end()) return error_at(at, "this string is never closed");
      if (reader_.take(quote)) break;
      TRY_ASSIGN(const char32_t c, character());
      RegexNode node;
      node.kind = Kind::kChar;
      node.index = static_cast<int32_t>(c);
      chars.push_back(add(std::move(node)));
    }
    // Together they are one item, for what repeats it.
    stack_.back().items.push_back(combine(Kind::kSequence, std::move(chars)));
    return {};
  }

  // One character of a string or class, an escape read.
  Result<char32_t> character() {
    const size_t at = reader_.pos;
    const char32_t c = reader_.next();
    if (c != '\\') return c;
    if (reader_.at_end()) return error_at(at, "nothing follows this backslash");
    const char kind = reader_.peek();
    ++reader_.pos;
    switch (kind) {
      case 'n':
        return U'\n';
      case 't':
        return U'\t';
      case 'r':
        return U'\r';
      case 'f':
        return U'\f';
      case 'v':
        return U'\v';
      case 'b':
        return U'\b';
      case 'a':
        return U'\a';
      case '0':
        return U'\0';
      case 'x':
        return code_point(at, 2);
      case 'u':
        return code_point(at, 4);
      case 'U':
        return code_point(at, 8);
      case '\\':
      case '"':
      case '\'':
      case '[':
      case ']':
      case '-':
      case '^':
      case '/':
      case '?':
        return static_cast<char32_t>(kind);
      default:
        return error_at(at, "this escape is not known");
    }
  }

  Result<char32_t> code_point(size_t at, size_t digits) {
    char32_t value = 0;
    for (size_t i = 0; i < digits; ++i) {
      const char c = reader_.peek();
      const bool letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
      if (!letter && !(c >= '0' && c <= '9')) return error_at(at, "this escape needs more hexadecimal digits");
      value = value * 16 + static_cast<char32_t>(letter ? (c | 0x20) - 'a' + 10 : c - '0');
      ++reader_.pos;
    }
    if (value > CodePointSet::kMax || (value >= 0xD800 && value <= 0xDFFF)) {
      return error_at(at, "this escape is no character");
    }
    return value;
  }

  Status character_class(size_t at) {
    const bool negated = reader_.take('^');
    CodePointSet set;
    for (;;) {
      if (reader_.at_end()) return error_at(at, "this '[' is never closed");
      if (reader_.take(']')) break;
      const size_t here = reader_.pos;
      TRY_ASSIGN(const char32_t low, character());
      char32_t high = low;
      const std::string_view ahead = reader_.text.substr(reader_.pos, 2);
      if (ahead.size() == 2 && ahead[0] == '-' && ahead[1] != ']') {
        ++reader_.pos;
        TRY_ASSIGN(high, character());
      }
      if (high < low) return error_at(here, "this range runs backwards");
      set.add(low, high);
    }
    add_set(negated ? set.complement() : std::move(set));
    return {};
  }

  Status bounds(size_t at) {
    // Blanks may stand inside: "{ 2, 3 }".
    const size_t end = reader_.text.find('}', reader_.pos);
    std::string inside(reader_.text.substr(at, end == std::string_view::npos ? 0 : end + 1 - at));
    std::erase_if(inside, [](char c) { return c == ' ' || c == '\t'; });
    RegexReader compact(inside);
    ++compact.pos;
    auto read = inside.empty() ? std::nullopt : [&]() -> std::optional<std::pair<int64_t, int64_t>> {
      const auto found = compact.braces(0);
      return found ? *found : std::nullopt;
    }();
    if (!read) return error_at(at, "a repetition is written {n}, {n,} or {n,m}");
    reader_.pos = end + 1;
    return quantify(at, read->first, read->second);
  }

  Status quantify(size_t at, int64_t min, int64_t max) {
    std::vector<int32_t>& items = stack_.back().items;
    if (items.empty()) return error_at(at, "there is nothing to repeat here");
    if (max != RegexNode::kUnbounded && max < min) {
      return error_at(at, "the upper bound of this repetition is below the lower one");
    }
    if (std::max(min, max) > limits_.regex_repeat) {
      return too_complex_at(at, fmt::format("a repetition of more than {} times", limits_.regex_repeat));
    }
    RegexNode node;
    node.kind = Kind::kRepeat;
    node.min = min;
    node.max = max;
    node.children = {items.back()};
    items.back() = add(std::move(node));
    return {};
  }

  Status reference(size_t at) {
    const std::string_view rule_name = name();
    if (reader_.peek() == '(') {
      if (rule_name == "Token") return token_call(at);
      if (rule_name == "ExcludeToken" || rule_name == "TagDispatch" || rule_name == "TokenTagDispatch") {
        return error_at(at, fmt::format("{} is not supported in grammars; use a structural tag", rule_name));
      }
    }
    RegexNode node;
    node.kind = Kind::kRule;
    TRY_ASSIGN(node.index, rule_number(rule_name, at));
    add_item(std::move(node));
    return {};
  }

  RegexNode token_node(int32_t id) {
    RegexNode node;
    node.kind = Kind::kToken;
    node.index = id;
    return node;
  }

  Result<int32_t> token_number(size_t at) {
    int64_t id = 0;
    size_t digits = 0;
    for (; reader_.peek() >= '0' && reader_.peek() <= '9'; ++digits) {
      id = std::min<int64_t>(id * 10 + (reader_.peek() - '0'), INT32_MAX);
      ++reader_.pos;
    }
    if (digits == 0) return error_at(at, "a token's number is expected here");
    return static_cast<int32_t>(id);
  }

  Result<int32_t> token_named(std::string_view spelling, size_t at) {
    const std::optional<int32_t> id = tokens_ ? tokens_(spelling) : std::nullopt;
    if (!id) return error_at(at, fmt::format("the vocabulary has no token '{}'", spelling));
    return *id;
  }

  // <[1000]> or <think>
  Status token_reference(size_t at) {
    ++reader_.pos;
    if (reader_.take('[')) {
      TRY_ASSIGN(const int32_t id, token_number(at));
      if (!take_word("]>")) return error_at(at, "a token is written <[number]> or <name>");
      add_item(token_node(id));
      return {};
    }
    const size_t end = reader_.text.find_first_of(">\n", reader_.pos);
    if (end == std::string_view::npos || reader_.text[end] != '>' || end == reader_.pos) {
      return error_at(at, "a token is written <[number]> or <name>");
    }
    reader_.pos = end + 1;
    TRY_ASSIGN(const int32_t id, token_named(reader_.text.substr(at, end + 1 - at), at));
    add_item(token_node(id));
    return {};
  }

  // Token(12, "<think>"): one of these.
  Status token_call(size_t at) {
    ++reader_.pos;
    std::vector<int32_t> arms;
    for (skip_space(); !reader_.take(')'); skip_space()) {
      if (reader_.at_end()) return error_at(at, "this '(' is never closed");
      if (!arms.empty() && !reader_.take(',')) return error_at(reader_.pos, "a comma is expected here");
      skip_space();
      int32_t id = 0;
      if (reader_.take('"')) {
        std::string spelling;
        while (!reader_.at_end() && reader_.peek() != '"') {
          TRY_ASSIGN(const char32_t c, character());
          append_utf8(spelling, c);
        }
        if (!reader_.take('"')) return error_at(at, "this string is never closed");
        TRY_ASSIGN(id, token_named(spelling, at));
      } else {
        TRY_ASSIGN(id, token_number(reader_.pos));
      }
      arms.push_back(add(token_node(id)));
    }
    if (arms.empty()) return error_at(at, "a token's number is expected here");
    stack_.back().items.push_back(combine(Kind::kChoice, std::move(arms)));
    return {};
  }

  RegexReader reader_;
  const TokenLookup& tokens_;
  const GrammarLimits& limits_;
  EbnfSyntax out_;
  std::unordered_map<std::string, int32_t> rule_numbers_;
  std::vector<Frame> stack_;
};

}  // namespace

std::string grammar_place(std::string_view text, size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const size_t line_begin = before.rfind('\n') + 1;  // 0 where there is none
  return fmt::format("line {}, column {}", 1 + std::count(before.begin(), before.end(), '\n'),
                     1 + before.size() - line_begin);
}

Result<EbnfSyntax> parse_ebnf(std::string_view text, const TokenLookup& tokens, const GrammarLimits& limits) {
  return Parser(text, tokens, limits).run();
}

}  // namespace weft
