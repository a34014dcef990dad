#include "text/jinja/parser.h"

#include <array>
#include <initializer_list>

#include "base/utf8.h"
#include "text/jinja/expression_parser.h"
#include "text/jinja/scoping.h"

namespace weft::jinja {

std::string TokenStream::describe() const {
  switch (peek().kind) {
    case TokenKind::kText:
      return "text outside of tags";
    case TokenKind::kPrintBegin:
      return "'{{'";
    case TokenKind::kPrintEnd:
      return "'}}'";
    case TokenKind::kBlockBegin:
      return "'{%'";
    case TokenKind::kBlockEnd:
      return "'%}'";
    case TokenKind::kString:
      return "a string";
    case TokenKind::kInteger:
    case TokenKind::kFloat:
      return "a number";
    case TokenKind::kEnd:
      return "the end of the template";
    default:
      return "'" + peek().text + "'";
  }
}

namespace {

using Words = std::initializer_list<std::string_view>;

class StatementParser {
 public:
  explicit StatementParser(TokenStream& tokens) : tokens_(tokens), expressions_(tokens) {}

  // Statements up to the tag that one of `ends` opens, whose name is the next token; to the end if there are none.
  Block block(Words ends) {
    Block out;
    while (!tokens_.failed() && !tokens_.at(TokenKind::kEnd)) {
      if (tokens_.at(TokenKind::kText)) {
        Statement text{StatementKind::kText, tokens_.offset()};
        text.text = tokens_.take().text;
        out.push_back(std::move(text));
      } else if (tokens_.at(TokenKind::kPrintBegin)) {
        Statement print{StatementKind::kPrint, tokens_.offset()};
        tokens_.take();
        print.exprs.push_back(expressions_.tuple());
        ExpressionParser::mark_constant(*print.exprs[0]);
        tokens_.expect(TokenKind::kPrintEnd, "'}}'");
        out.push_back(std::move(print));
      } else {
        tokens_.expect(TokenKind::kBlockBegin, "a tag");
        for (std::string_view end : ends) {
          if (tokens_.at_name(end)) return out;
        }
        statement(out);
      }
    }
    if (ends.size() > 0) {
      tokens_.fail(tokens_.offset(), fmt::format("the template ends before the tag '{}'", *(ends.end() - 1)));
    }
    return out;
  }

 private:
  Statement make(StatementKind kind) const { return Statement{kind, tokens_.offset()}; }

  void end_tag() { tokens_.expect(TokenKind::kBlockEnd, "'%}'"); }

  // The body of the statement at hand, whose closing tag is `end`.
  Block body(std::string_view end) {
    end_tag();
    Block out = nested({end});
    tokens_.take();
    return out;
  }

  Block nested(Words ends) {
    if (!tokens_.enter()) return {};
    Block out = block(ends);
    tokens_.leave();
    return out;
  }

  // Parses what has a scope of its own: there an unknown filter is an error at once again.
  template <class Parse>
  auto in_scope(Parse parse) {
    int conditionals = std::exchange(tokens_.conditionals, 0);
    ++tokens_.scopes;
    auto out = parse();
    --tokens_.scopes;
    tokens_.conditionals = conditionals;
    return out;
  }

  // The same for what Jinja compiles to a function: no break or continue leads out of it.
  template <class Parse>
  auto in_function(Parse parse) {
    int loops = std::exchange(loops_, 0);
    auto out = in_scope(parse);
    loops_ = loops;
    return out;
  }

  // body() in a scope of its own.
  Block scoped_body(std::string_view end) {
    return in_scope([&] { return body(end); });
  }

  void statement(Block& out) {
    struct Tag {
      std::string_view name;
      Statement (StatementParser::*parse)();
    };
    static constexpr std::array<Tag, 17> kTags = {{{"for", &StatementParser::for_loop},
                                                   {"if", &StatementParser::if_chain},
                                                   {"set", &StatementParser::set},
                                                   {"macro", &StatementParser::macro},
                                                   {"call", &StatementParser::call_block},
                                                   {"filter", &StatementParser::filter_block},
                                                   {"with", &StatementParser::with},
                                                   {"print", &StatementParser::print},
                                                   {"block", &StatementParser::named_block},
                                                   {"autoescape", &StatementParser::autoescape},
                                                   {"generation", &StatementParser::generation},
                                                   {"break", &StatementParser::loop_control},
                                                   {"continue", &StatementParser::loop_control},
                                                   {"extends", &StatementParser::extends},
                                                   {"include", &StatementParser::include},
                                                   {"import", &StatementParser::import},
                                                   {"from", &StatementParser::from_import}}};
    for (const Tag& tag : kTags) {
      if (!tokens_.at_name(tag.name)) continue;
      out.push_back((this->*tag.parse)());
      end_tag();
      return;
    }
    if (tokens_.at(TokenKind::kName)) {
      tokens_.fail(tokens_.offset(), fmt::format("unknown tag {}", tokens_.describe()));
    } else {
      tokens_.fail_expected("the name of a tag");
    }
  }

  Statement for_loop() {
    Statement out = make(StatementKind::kFor);
    tokens_.take();
    out.targets.push_back(target_list());
    if (!tokens_.skip_name("in")) tokens_.fail_expected("'in'");
    out.exprs.push_back(expressions_.tuple(false));
    if (tokens_.skip_name("if")) {
      out.exprs.push_back(in_scope([&] { return expressions_.expression(); }));
    }
    out.recursive = tokens_.skip_name("recursive");
    end_tag();
    int loops = std::exchange(loops_, out.recursive ? 1 : loops_ + 1);
    out.blocks.push_back(in_scope([&] { return nested({"else", "endfor"}); }));
    loops_ = out.recursive ? 0 : loops;  // a break in the else leaves the loop outside of this one
    if (tokens_.skip_name("else")) {
      out.blocks.push_back(scoped_body("endfor"));
    } else {
      tokens_.take();
    }
    loops_ = loops;
    return out;
  }

  Statement if_chain() {
    Statement out = make(StatementKind::kIf);
    ++tokens_.conditionals;
    do {
      tokens_.take();
      out.exprs.push_back(expressions_.tuple(false));
      end_tag();
      out.blocks.push_back(nested({"elif", "else", "endif"}));
    } while (tokens_.at_name("elif") && !tokens_.failed());
    if (tokens_.skip_name("else")) {
      out.blocks.push_back(body("endif"));
    } else {
      tokens_.take();
    }
    --tokens_.conditionals;
    return out;
  }

  Statement set() {
    Statement out = make(StatementKind::kSet);
    tokens_.take();
    out.targets.push_back(target_list());
    if (tokens_.skip_operator("=")) {
      out.exprs.push_back(expressions_.tuple());
      return out;
    }
    out.kind = StatementKind::kSetBlock;
    if (tokens_.skip_operator("|")) out.exprs.push_back(filters());
    out.blocks.push_back(scoped_body("endset"));
    return out;
  }

  ExprPtr filters() {
    auto out = std::make_unique<Expr>();
    out->kind = ExprKind::kSuffixed;
    out->offset = tokens_.offset();
    out->suffixes = expressions_.filter_chain();
    return out;
  }

  Target target_list() {
    Target first = target();
    if (!tokens_.at_operator(",")) return first;
    Target out{Target::Kind::kTuple, first.offset};
    out.parts.push_back(std::move(first));
    while (tokens_.skip_operator(",")) {
      if (tokens_.at_name("in") || tokens_.at_operator("=") || tokens_.at_operator(")")) break;
      out.parts.push_back(target());
    }
    return out;
  }

  Target target() {
    Target out{Target::Kind::kName, tokens_.offset()};
    if (tokens_.at_operator("(") || tokens_.at_operator("[")) {
      std::string_view close = tokens_.at_operator("(") ? ")" : "]";
      if (!tokens_.enter()) return out;
      tokens_.take();
      out = target_list();
      tokens_.expect_operator(close);
      tokens_.leave();
      return out;
    }
    if (!tokens_.at(TokenKind::kName)) {
      tokens_.fail_expected("a name to assign to");
      return out;
    }
    std::string name = tokens_.take().text;
    for (std::string_view constant : {"true", "True", "false", "False", "none", "None"}) {
      if (name == constant) tokens_.fail(out.offset, fmt::format("can't assign to '{}'", name));
    }
    out.name = tokens_.intern(name);
    if (tokens_.skip_operator(".")) {
      out.kind = Target::Kind::kAttribute;
      out.attribute = tokens_.peek().text;
      tokens_.expect(TokenKind::kName, "the name of an attribute");
    }
    return out;
  }

  // (a, b=1) behind `macro name` and `call`.
  void parameters(MacroDefinition& macro) {
    tokens_.expect_operator("(");
    while (!tokens_.failed() && !tokens_.at_operator(")")) {
      if (!macro.parameters.empty()) tokens_.expect_operator(",");
      std::string name = tokens_.peek().text;
      tokens_.expect(TokenKind::kName, "the name of a parameter");
      MacroDefinition::Parameter parameter{tokens_.intern(name), nullptr};
      if (tokens_.skip_operator("=")) {
        parameter.initial = expressions_.expression();
      } else if (!macro.parameters.empty() && macro.parameters.back().initial) {
        tokens_.fail(tokens_.offset(), "a parameter without a default can't follow one that has it");
      }
      macro.parameters.push_back(std::move(parameter));
    }
    tokens_.expect_operator(")");
  }

  Statement macro() {
    Statement out = make(StatementKind::kMacro);
    tokens_.take();
    Target name{Target::Kind::kName, tokens_.offset()};
    out.macro = std::make_unique<MacroDefinition>();
    out.macro->name = tokens_.peek().text;
    tokens_.expect(TokenKind::kName, "the name of the macro");
    name.name = tokens_.intern(out.macro->name);
    out.targets.push_back(std::move(name));
    macro_body(*out.macro, "endmacro", true);
    return out;
  }

  void macro_body(MacroDefinition& macro, std::string_view end, bool has_parameters) {
    tokens_.open_macros.push_back(&macro);
    macro.body = in_function([&] {
      if (has_parameters) parameters(macro);
      return body(end);
    });
    tokens_.open_macros.pop_back();
  }

  Statement call_block() {
    Statement out = make(StatementKind::kCallBlock);
    tokens_.take();
    out.macro = std::make_unique<MacroDefinition>();
    out.macro->name = "caller";
    out.macro->is_caller = true;
    tokens_.open_macros.push_back(out.macro.get());
    if (tokens_.at_operator("(")) parameters(*out.macro);
    tokens_.open_macros.pop_back();
    uint32_t offset = tokens_.offset();
    out.exprs.push_back(expressions_.expression());
    const Expr& call = *out.exprs[0];
    if (call.kind != ExprKind::kSuffixed || call.suffixes.empty() || call.suffixes.back().kind != Suffix::Kind::kCall) {
      tokens_.fail(offset, "expected a call");
    }
    macro_body(*out.macro, "endcall", false);
    return out;
  }

  Statement filter_block() {
    Statement out = make(StatementKind::kFilterBlock);
    tokens_.take();
    out.exprs.push_back(filters());
    out.blocks.push_back(scoped_body("endfilter"));
    return out;
  }

  Statement with() {
    Statement out = make(StatementKind::kWith);
    tokens_.take();
    while (!tokens_.failed() && !tokens_.at(TokenKind::kBlockEnd)) {
      if (!out.targets.empty()) tokens_.expect_operator(",");
      out.targets.push_back(target());
      tokens_.expect_operator("=");
      out.exprs.push_back(expressions_.expression());
    }
    out.blocks.push_back(scoped_body("endwith"));
    return out;
  }

  Statement print() {
    Statement out = make(StatementKind::kPrint);
    tokens_.take();
    out.exprs.push_back(expressions_.tuple());
    return out;
  }

  // Nothing can extend this template, so a block is where it stands, and what self.name() repeats.
  Statement named_block() {
    Statement out = make(StatementKind::kNamedBlock);
    tokens_.take();
    out.text = tokens_.peek().text;
    uint32_t offset = tokens_.offset();
    tokens_.expect(TokenKind::kName, "the name of the block");
    if (!tokens_.failed() && !tokens_.block_names.insert(out.text).second) {
      tokens_.fail(offset, fmt::format("block '{}' defined twice", out.text));
    }
    out.scoped = tokens_.skip_name("scoped");
    bool required = tokens_.skip_name("required");
    end_tag();
    out.blocks.push_back(in_function([&] { return nested({"endblock"}); }));
    tokens_.take();
    tokens_.skip_name(out.text);
    if (required) out.kind = StatementKind::kRefuse;
    return out;
  }

  Statement autoescape() {
    tokens_.take();
    expressions_.expression();  // text is never escaped: prompts are not HTML
    Statement out = make(StatementKind::kScope);
    out.blocks.push_back(scoped_body("endautoescape"));
    return out;
  }

  Statement generation() {
    Statement out = make(StatementKind::kCallBlock);
    tokens_.take();
    out.macro = std::make_unique<MacroDefinition>();
    out.macro->name = "caller";
    out.macro->is_caller = true;
    macro_body(*out.macro, "endgeneration", false);
    return out;
  }

  Statement loop_control() {
    Statement out = make(tokens_.at_name("break") ? StatementKind::kBreak : StatementKind::kContinue);
    if (loops_ == 0) tokens_.fail(out.offset, fmt::format("{} outside of a loop", tokens_.describe()));
    tokens_.take();
    return out;
  }

  // A tag that names another template, by an expression.
  Statement refused() {
    Statement out = make(StatementKind::kRefuse);
    out.text = tokens_.take().text;
    expressions_.expression();
    return out;
  }

  Statement extends() {
    if (tokens_.scopes > 0) tokens_.fail(tokens_.offset(), "cannot use extend from a non top-level scope");
    return refused();
  }

  void skip_context() {
    bool with = tokens_.at_name("with") || tokens_.at_name("without");
    if (!with || tokens_.peek(1).kind != TokenKind::kName || tokens_.peek(1).text != "context") return;
    tokens_.take();
    tokens_.take();
  }

  Statement include() {
    Statement out = refused();
    if (tokens_.skip_name("ignore") && !tokens_.skip_name("missing")) tokens_.fail_expected("'missing'");
    skip_context();
    return out;
  }

  Statement import() {
    Statement out = refused();
    if (!tokens_.skip_name("as")) tokens_.fail_expected("'as'");
    target();
    skip_context();
    return out;
  }

  Statement from_import() {
    Statement out = refused();
    if (!tokens_.skip_name("import")) tokens_.fail_expected("'import'");
    do {
      skip_context();
      if (tokens_.at(TokenKind::kBlockEnd)) break;
      target();
      if (tokens_.skip_name("as")) target();
      skip_context();
    } while (tokens_.skip_operator(","));
    return out;
  }

  TokenStream& tokens_;
  ExpressionParser expressions_;
  int loops_ = 0;
};

}  // namespace

Result<Tree> parse(std::string_view source, const TemplateLimits& limits) {
  if (source.size() > limits.source_bytes) {
    return make_error(ErrorCode::kInvalidValue, "the template has {} bytes; at most {} are allowed", source.size(),
                      limits.source_bytes);
  }
  if (!is_valid_utf8(source)) return make_error(ErrorCode::kInvalidValue, "the template is not valid UTF-8");
  Tree out;
  out.source = normalize_newlines(source);
  TRY_ASSIGN(auto tokens, tokenize(out.source));
  TokenStream stream(out.source, std::move(tokens), limits.nesting);
  out.body = StatementParser(stream).block({});
  if (stream.failed()) return stream.take_error();
  out.names = stream.take_names();
  find_unset_names(out);
  return out;
}

}  // namespace weft::jinja
