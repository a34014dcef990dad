// Expressions: everything inside a tag.
#pragma once

#include <vector>

#include "text/jinja/token_stream.h"

namespace weft::jinja {

class ExpressionParser {
 public:
  explicit ExpressionParser(TokenStream& tokens) : tokens_(tokens) {}

  ExprPtr expression();         // a if b else c
  ExprPtr without_condition();  // no inline if: what `for x in ... if` walks
  // One expression, or several with commas between them as a tuple; conditions: inline ifs allowed.
  ExprPtr tuple(bool conditions = true);
  // Notes what Jinja would evaluate when it compiles the print tag of this expression.
  static void mark_constant(Expr& printed);
  // f, f(args), f|g|h: the suffixes of a filter block, on no operand.
  std::vector<Suffix> filter_chain();

 private:
  ExprPtr make(ExprKind kind) const;
  ExprPtr conjunction(ExprKind kind);
  ExprPtr negation();
  ExprPtr comparison();
  ExprPtr sum();
  ExprPtr concatenation();
  ExprPtr product();
  ExprPtr power();
  ExprPtr unary(bool with_filters);
  ExprPtr suffixed(ExprPtr base, bool with_filters);
  ExprPtr primary();
  ExprPtr name();
  ExprPtr strings();
  ExprPtr parenthesised();
  ExprPtr list();
  ExprPtr dict();
  ExprPtr rest_of_tuple(uint32_t offset, ExprPtr first, bool conditions);
  bool tuple_ends() const;
  ExprPtr operand(bool conditions) { return conditions ? expression() : without_condition(); }

  bool suffix(std::vector<Suffix>& out);
  bool filter_suffix(std::vector<Suffix>& out);
  Suffix attribute();
  Suffix item();
  Suffix filter();
  Suffix test();
  std::string dotted_name();
  ExprPtr slice_part();
  std::vector<Argument> arguments();
  std::vector<Argument> test_arguments();

  template <class Parse>
  ExprPtr chain(ExprKind kind, std::initializer_list<std::pair<std::string_view, Operator>> operators, Parse parse);

  TokenStream& tokens_;
};

}  // namespace weft::jinja
