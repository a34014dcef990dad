// The tokens of a template as its parsers walk them, with the state that all parts of the parser share: the first error
// (after which the stream stands at its end), the nesting depth, and the names of variables.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "text/jinja/ast.h"
#include "text/jinja/lexer.h"

namespace weft::jinja {

class TokenStream {
 public:
  TokenStream(std::string_view source, std::vector<Token> tokens, size_t max_nesting)
      : source_(source), tokens_(std::move(tokens)), max_nesting_(max_nesting) {}

  const Token& peek(size_t ahead = 0) const { return tokens_[std::min(pos_ + ahead, tokens_.size() - 1)]; }
  uint32_t offset() const { return peek().offset; }
  Token take() {
    Token out = std::move(tokens_[pos_]);
    if (pos_ + 1 < tokens_.size()) {
      ++pos_;
    } else {
      tokens_[pos_] = {TokenKind::kEnd, out.offset, {}, {}};
    }
    return out;
  }

  bool at(TokenKind kind) const { return peek().kind == kind; }
  bool at_name(std::string_view name) const { return at(TokenKind::kName) && peek().text == name; }
  bool at_operator(std::string_view op) const { return at(TokenKind::kOperator) && peek().text == op; }
  bool skip_name(std::string_view name) { return at_name(name) && (take(), true); }
  bool skip_operator(std::string_view op) { return at_operator(op) && (take(), true); }
  void expect_operator(std::string_view op) {
    if (!skip_operator(op)) fail_expected("'" + std::string(op) + "'");
  }
  void expect(TokenKind kind, std::string_view what) {
    if (at(kind)) {
      take();
    } else {
      fail_expected(what);
    }
  }

  void fail(uint32_t offset, std::string_view message) {
    if (error_) return;
    error_ = error_at(source_, offset, message);
    pos_ = tokens_.size() - 1;
  }
  void fail_expected(std::string_view what) { fail(offset(), "expected " + std::string(what) + ", got " + describe()); }
  std::string describe() const;
  bool failed() const { return error_.has_value(); }
  Error take_error() { return std::move(*error_); }

  // Brackets and blocks; each enter() that returns true needs its leave().
  bool enter() {
    if (nesting_ < max_nesting_) return ++nesting_, true;
    fail(offset(), fmt::format("the template nests deeper than {} levels", max_nesting_));
    return false;
  }
  void leave() { --nesting_; }

  NameId intern(const std::string& name) {
    auto [it, added] = ids_.emplace(name, static_cast<NameId>(names_.size()));
    if (added) names_.push_back(name);
    return it->second;
  }
  std::vector<std::string> take_names() { return std::move(names_); }

  // Macros whose bodies are being parsed; whether directly inside an `if`, where an unknown filter only fails when
  // reached; and how many scopes (loops, macros, ...) are open.
  std::vector<MacroDefinition*> open_macros;
  int conditionals = 0;
  int scopes = 0;
  std::set<std::string, std::less<>> block_names;

 private:
  std::string_view source_;
  std::vector<Token> tokens_;
  size_t pos_ = 0;
  size_t nesting_ = 0;
  size_t max_nesting_;
  std::optional<Error> error_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, NameId> ids_;
};

}  // namespace weft::jinja
