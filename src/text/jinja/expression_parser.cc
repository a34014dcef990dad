#include "text/jinja/expression_parser.h"

#include <algorithm>

#include "text/jinja/filters.h"
#include "text/jinja/predicates.h"

namespace weft::jinja {

ExprPtr ExpressionParser::make(ExprKind kind) const {
  auto out = std::make_unique<Expr>();
  out->kind = kind;
  out->offset = tokens_.offset();
  return out;
}

ExprPtr ExpressionParser::expression() {
  if (!tokens_.enter()) return make(ExprKind::kConstant);
  ExprPtr first = conjunction(ExprKind::kOr);
  if (tokens_.at_name("if")) {
    auto out = make(ExprKind::kConditional);
    ++tokens_.conditionals;
    out->items.push_back(std::move(first));
    while (tokens_.skip_name("if")) {
      out->items.push_back(conjunction(ExprKind::kOr));
      if (!tokens_.skip_name("else")) break;
      out->items.push_back(conjunction(ExprKind::kOr));
    }
    // `a if b if c` is `(a if b) if c`
    int levels = 0;
    while (tokens_.at_name("if") && !tokens_.failed() && tokens_.enter()) {
      ++levels;
      auto outer = make(ExprKind::kConditional);
      tokens_.take();
      outer->items.push_back(std::move(out));
      outer->items.push_back(conjunction(ExprKind::kOr));
      if (tokens_.skip_name("else")) outer->items.push_back(expression());
      out = std::move(outer);
    }
    while (levels-- > 0) tokens_.leave();
    --tokens_.conditionals;
    first = std::move(out);
  }
  tokens_.leave();
  return first;
}

ExprPtr ExpressionParser::without_condition() {
  if (!tokens_.enter()) return make(ExprKind::kConstant);
  ExprPtr out = conjunction(ExprKind::kOr);
  tokens_.leave();
  return out;
}

bool ExpressionParser::tuple_ends() const {
  return tokens_.at(TokenKind::kPrintEnd) || tokens_.at(TokenKind::kBlockEnd) || tokens_.at(TokenKind::kEnd) ||
         tokens_.at_operator(")");
}

ExprPtr ExpressionParser::tuple(bool conditions) {
  uint32_t offset = tokens_.offset();
  if (tuple_ends()) {
    tokens_.fail_expected("an expression");
    return make(ExprKind::kConstant);
  }
  ExprPtr first = operand(conditions);
  return tokens_.at_operator(",") ? rest_of_tuple(offset, std::move(first), conditions) : std::move(first);
}

ExprPtr ExpressionParser::rest_of_tuple(uint32_t offset, ExprPtr first, bool conditions) {
  auto out = make(ExprKind::kTuple);
  out->offset = offset;
  out->items.push_back(std::move(first));
  while (tokens_.skip_operator(",")) {
    if (tuple_ends()) break;
    out->items.push_back(operand(conditions));
  }
  return out;
}

ExprPtr ExpressionParser::conjunction(ExprKind kind) {
  auto part = [&] { return kind == ExprKind::kOr ? conjunction(ExprKind::kAnd) : negation(); };
  std::string_view word = kind == ExprKind::kOr ? "or" : "and";
  ExprPtr first = part();
  if (!tokens_.at_name(word)) return first;
  auto out = make(kind);
  out->items.push_back(std::move(first));
  while (tokens_.skip_name(word)) out->items.push_back(part());
  return out;
}

ExprPtr ExpressionParser::negation() {
  if (!tokens_.at_name("not")) return comparison();
  auto out = make(ExprKind::kNot);
  tokens_.take();
  if (!tokens_.enter()) return out;
  out->items.push_back(negation());
  tokens_.leave();
  return out;
}

ExprPtr ExpressionParser::comparison() {
  static constexpr std::pair<std::string_view, Operator> kComparisons[] = {
      {"==", Operator::kEq}, {"!=", Operator::kNe}, {"<", Operator::kLt},
      {"<=", Operator::kLe}, {">", Operator::kGt},  {">=", Operator::kGe}};
  ExprPtr first = sum();
  ExprPtr out;
  while (!tokens_.failed()) {
    std::optional<Operator> found;
    uint32_t offset = tokens_.offset();
    for (auto [text, op] : kComparisons) {
      if (!found && tokens_.skip_operator(text)) found = op;
    }
    if (!found && tokens_.skip_name("in")) found = Operator::kIn;
    if (!found && tokens_.at_name("not") && tokens_.peek(1).kind == TokenKind::kName && tokens_.peek(1).text == "in") {
      tokens_.take();
      tokens_.take();
      found = Operator::kNotIn;
    }
    if (!found) break;
    if (!out) {
      out = make(ExprKind::kCompare);
      out->offset = offset;
      out->items.push_back(std::move(first));
    }
    out->operators.push_back(*found);
    out->items.push_back(sum());
  }
  return out ? std::move(out) : std::move(first);
}

template <class Parse>
ExprPtr ExpressionParser::chain(ExprKind kind, std::initializer_list<std::pair<std::string_view, Operator>> operators,
                                Parse parse) {
  ExprPtr first = parse();
  ExprPtr out;
  for (bool more = true; more && !tokens_.failed();) {
    more = false;
    for (auto [text, op] : operators) {
      uint32_t offset = tokens_.offset();
      if (!tokens_.skip_operator(text)) continue;
      if (!out) {
        out = make(kind);
        out->offset = offset;
        out->items.push_back(std::move(first));
      }
      out->operators.push_back(op);
      out->items.push_back(parse());
      more = true;
      break;
    }
  }
  return out ? std::move(out) : std::move(first);
}

ExprPtr ExpressionParser::sum() {
  return chain(ExprKind::kBinary, {{"+", Operator::kAdd}, {"-", Operator::kSub}}, [&] { return concatenation(); });
}

ExprPtr ExpressionParser::concatenation() {
  return chain(ExprKind::kConcat, {{"~", Operator::kAdd}}, [&] { return product(); });
}

ExprPtr ExpressionParser::product() {
  return chain(ExprKind::kBinary,
               {{"*", Operator::kMul}, {"/", Operator::kDiv}, {"//", Operator::kFloorDiv}, {"%", Operator::kMod}},
               [&] { return power(); });
}

ExprPtr ExpressionParser::power() {
  return chain(ExprKind::kBinary, {{"**", Operator::kPow}}, [&] { return unary(true); });
}

ExprPtr ExpressionParser::unary(bool with_filters) {
  bool minus = tokens_.at_operator("-");
  if (!minus && !tokens_.at_operator("+")) return suffixed(primary(), with_filters);
  auto out = make(minus ? ExprKind::kNegate : ExprKind::kPlus);
  tokens_.take();
  if (!tokens_.enter()) return out;
  out->items.push_back(unary(false));
  tokens_.leave();
  return suffixed(std::move(out), with_filters);
}

namespace {

bool is_constant(const Suffix& suffix);

// Whether nothing of it depends on a variable; the nesting of the source bounds the recursion.
bool is_constant(const Expr& expr) {
  if (expr.kind == ExprKind::kName) return false;
  return std::ranges::all_of(expr.items, [](const ExprPtr& item) { return is_constant(*item); }) &&
         std::ranges::all_of(expr.suffixes, [](const Suffix& suffix) { return is_constant(suffix); });
}

bool is_constant(const Suffix& suffix) {
  if (suffix.kind == Suffix::Kind::kCall) return false;
  for (const ExprPtr* part : {&suffix.first, &suffix.second, &suffix.third}) {
    if (*part && !is_constant(**part)) return false;
  }
  return std::ranges::all_of(suffix.arguments, [](const Argument& argument) { return is_constant(*argument.value); });
}

}  // namespace

void ExpressionParser::mark_constant(Expr& printed) {
  if (printed.kind != ExprKind::kSuffixed || !is_constant(printed)) return;
  for (Suffix& suffix : printed.suffixes) suffix.constant = true;
}

ExprPtr ExpressionParser::suffixed(ExprPtr base, bool with_filters) {
  std::vector<Suffix> suffixes;
  uint32_t offset = tokens_.offset();
  while (!tokens_.failed() && suffix(suffixes)) {
  }
  while (with_filters && !tokens_.failed() && filter_suffix(suffixes)) {
  }
  if (suffixes.empty()) return base;
  auto out = make(ExprKind::kSuffixed);
  out->offset = offset;
  out->items.push_back(std::move(base));
  out->suffixes = std::move(suffixes);
  return out;
}

bool ExpressionParser::suffix(std::vector<Suffix>& out) {
  if (tokens_.at_operator(".")) {
    out.push_back(attribute());
  } else if (tokens_.at_operator("[")) {
    out.push_back(item());
  } else if (tokens_.at_operator("(")) {
    Suffix call{Suffix::Kind::kCall, tokens_.offset()};
    call.arguments = arguments();
    out.push_back(std::move(call));
  } else {
    return false;
  }
  return true;
}

bool ExpressionParser::filter_suffix(std::vector<Suffix>& out) {
  if (tokens_.skip_operator("|")) {
    out.push_back(filter());
  } else if (tokens_.at_name("is")) {
    out.push_back(test());
  } else if (tokens_.at_operator("(")) {
    return suffix(out);
  } else {
    return false;
  }
  return true;
}

Suffix ExpressionParser::attribute() {
  Suffix out{Suffix::Kind::kAttribute, tokens_.offset()};
  tokens_.take();
  if (tokens_.at(TokenKind::kName)) {
    out.name = tokens_.take().text;
    out.key = out.name;
  } else if (tokens_.at(TokenKind::kInteger)) {
    out.kind = Suffix::Kind::kItem;
    out.key = tokens_.take().number;
  } else {
    tokens_.fail_expected("name or number");
  }
  return out;
}

ExprPtr ExpressionParser::slice_part() {
  bool absent = tokens_.at_operator(":") || tokens_.at_operator("]") || tokens_.at_operator(",");
  return absent ? nullptr : expression();
}

Suffix ExpressionParser::item() {
  Suffix out{Suffix::Kind::kItem, tokens_.offset()};
  tokens_.take();
  uint32_t offset = tokens_.offset();
  if (tokens_.skip_operator("]")) {
    out.first = make(ExprKind::kTuple);  // a[] is a[()]
    return out;
  }
  out.first = slice_part();
  if (tokens_.skip_operator(":")) {
    out.kind = Suffix::Kind::kSlice;
    out.second = slice_part();
    if (tokens_.skip_operator(":")) out.third = slice_part();
  } else if (tokens_.at_operator(",") && out.first) {
    auto key = make(ExprKind::kTuple);
    key->offset = offset;
    key->items.push_back(std::move(out.first));
    while (tokens_.skip_operator(",")) key->items.push_back(expression());
    out.first = std::move(key);
  }
  tokens_.expect_operator("]");
  if (out.kind == Suffix::Kind::kItem && !out.first) tokens_.fail(offset, "expected an expression inside the brackets");
  return out;
}

std::string ExpressionParser::dotted_name() {
  if (!tokens_.at(TokenKind::kName)) {
    tokens_.fail_expected("a name");
    return {};
  }
  std::string out = tokens_.take().text;
  while (tokens_.at_operator(".") && tokens_.peek(1).kind == TokenKind::kName) {
    tokens_.take();
    out += "." + tokens_.take().text;
  }
  return out;
}

Suffix ExpressionParser::filter() {
  Suffix out{Suffix::Kind::kFilter, tokens_.offset()};
  out.name = dotted_name();
  out.filter = find_filter(out.name);
  if (!out.filter && tokens_.conditionals == 0) {
    tokens_.fail(out.offset, fmt::format("no filter named '{}'", out.name));
  }
  if (tokens_.at_operator("(")) out.arguments = arguments();
  return out;
}

std::vector<Suffix> ExpressionParser::filter_chain() {
  std::vector<Suffix> out;
  out.push_back(filter());
  while (!tokens_.failed() && filter_suffix(out)) {
  }
  return out;
}

Suffix ExpressionParser::test() {
  Suffix out{Suffix::Kind::kTest, tokens_.offset()};
  tokens_.take();
  out.negated = tokens_.skip_name("not");
  out.name = dotted_name();
  out.test = find_test(out.name);
  if (!out.test && tokens_.conditionals == 0) tokens_.fail(out.offset, fmt::format("no test named '{}'", out.name));
  out.arguments = test_arguments();
  return out;
}

std::vector<Argument> ExpressionParser::test_arguments() {
  if (tokens_.at_operator("(")) return arguments();
  bool starts_operand = tokens_.at(TokenKind::kName) || tokens_.at(TokenKind::kString) ||
                        tokens_.at(TokenKind::kInteger) || tokens_.at(TokenKind::kFloat) || tokens_.at_operator("[") ||
                        tokens_.at_operator("{");
  if (!starts_operand || tokens_.at_name("else") || tokens_.at_name("or") || tokens_.at_name("and")) return {};
  if (tokens_.at_name("is")) {
    tokens_.fail(tokens_.offset(), "tests can't be chained with 'is'");
    return {};
  }
  std::vector<Argument> out(1);
  out[0].value = suffixed(primary(), false);
  return out;
}

std::vector<Argument> ExpressionParser::arguments() {
  std::vector<Argument> out;
  tokens_.expect_operator("(");
  bool named = false;
  while (!tokens_.failed() && !tokens_.at_operator(")")) {
    if (!out.empty()) {
      tokens_.expect_operator(",");
      if (tokens_.at_operator(")")) break;
    }
    Argument argument;
    uint32_t offset = tokens_.offset();
    if (tokens_.skip_operator("**")) {
      argument.kind = Argument::Kind::kSpreadNamed;
    } else if (tokens_.skip_operator("*")) {
      argument.kind = Argument::Kind::kSpread;
    } else if (tokens_.at(TokenKind::kName) && tokens_.peek(1).kind == TokenKind::kOperator &&
               tokens_.peek(1).text == "=") {
      argument.kind = Argument::Kind::kNamed;
      argument.name = tokens_.take().text;
      tokens_.take();
    } else if (named) {
      tokens_.fail(offset, "a positional argument can't follow a named one");
    }
    named = named || argument.kind == Argument::Kind::kNamed || argument.kind == Argument::Kind::kSpreadNamed;
    argument.value = expression();
    out.push_back(std::move(argument));
  }
  tokens_.expect_operator(")");
  return out;
}

ExprPtr ExpressionParser::primary() {
  switch (tokens_.peek().kind) {
    case TokenKind::kName:
      return name();
    case TokenKind::kString:
      return strings();
    case TokenKind::kInteger:
    case TokenKind::kFloat: {
      auto out = make(ExprKind::kConstant);
      out->constant = tokens_.take().number;
      return out;
    }
    default:
      break;
  }
  if (tokens_.at_operator("(")) return parenthesised();
  if (tokens_.at_operator("[")) return list();
  if (tokens_.at_operator("{")) return dict();
  tokens_.fail(tokens_.offset(), "unexpected " + tokens_.describe());
  return make(ExprKind::kConstant);
}

ExprPtr ExpressionParser::name() {
  auto out = make(ExprKind::kConstant);
  std::string text = tokens_.take().text;
  if (text == "true" || text == "True") {
    out->constant = true;
  } else if (text == "false" || text == "False") {
    out->constant = false;
  } else if (text == "none" || text == "None") {
    out->constant = Value::none();
  } else {
    out->kind = ExprKind::kName;
    out->name = tokens_.intern(text);
    for (MacroDefinition* macro : tokens_.open_macros) {
      if (text == "caller") macro->uses_caller = true;
      if (text == "varargs") macro->uses_varargs = true;
      if (text == "kwargs") macro->uses_kwargs = true;
    }
  }
  return out;
}

ExprPtr ExpressionParser::strings() {
  auto out = make(ExprKind::kConstant);
  std::string text = tokens_.take().text;
  while (tokens_.at(TokenKind::kString)) text += tokens_.take().text;
  out->constant = std::move(text);
  return out;
}

ExprPtr ExpressionParser::parenthesised() {
  uint32_t offset = tokens_.offset();
  tokens_.take();
  if (tokens_.skip_operator(")")) {
    auto empty = make(ExprKind::kTuple);
    empty->offset = offset;
    return empty;
  }
  ExprPtr first = expression();
  if (tokens_.at_operator(",")) first = rest_of_tuple(offset, std::move(first), true);
  tokens_.expect_operator(")");
  return first;
}

ExprPtr ExpressionParser::list() {
  auto out = make(ExprKind::kList);
  tokens_.take();
  while (!tokens_.failed() && !tokens_.at_operator("]")) {
    if (!out->items.empty()) {
      tokens_.expect_operator(",");
      if (tokens_.at_operator("]")) break;
    }
    out->items.push_back(expression());
  }
  tokens_.expect_operator("]");
  return out;
}

ExprPtr ExpressionParser::dict() {
  auto out = make(ExprKind::kDict);
  tokens_.take();
  while (!tokens_.failed() && !tokens_.at_operator("}")) {
    if (!out->items.empty()) {
      tokens_.expect_operator(",");
      if (tokens_.at_operator("}")) break;
    }
    out->items.push_back(expression());
    tokens_.expect_operator(":");
    out->items.push_back(expression());
  }
  tokens_.expect_operator("}");
  return out;
}

}  // namespace weft::jinja
