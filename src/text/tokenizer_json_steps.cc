#include "text/tokenizer_json_steps.h"

#include "base/utf8.h"

namespace weft {
namespace {

constexpr size_t kMaxSteps = 64;

Status add_special(const JsonNode& processor, std::string_view name, std::vector<int64_t>& ids) {
  TRY_ASSIGN(auto tokens, processor.at("special_tokens"));
  TRY_ASSIGN(auto token, tokens.at(name));
  TRY_ASSIGN(auto list, token.at("ids"));
  TRY_ASSIGN(auto elements, list.array());
  for (auto element : elements) {
    TRY_ASSIGN(auto id, list.element(element, 0).integer());
    ids.push_back(id);
  }
  return {};
}

// "TemplateProcessing": special tokens around the sequence A.
Status add_template(const JsonNode& processor, ParsedPostProcessor& out) {
  TRY_ASSIGN(auto single, processor.at("single"));
  TRY_ASSIGN(auto pieces, single.array());
  bool behind = false;
  size_t index = 0;
  for (auto element : pieces) {
    JsonNode piece = single.element(element, index++);
    if (piece.find("Sequence")) {
      if (behind) return piece.unsupported("a second sequence");
      behind = true;
      continue;
    }
    TRY_ASSIGN(auto special, piece.at("SpecialToken"));
    TRY_ASSIGN(auto name, special.text_at("id"));
    TRY(add_special(processor, name, behind ? out.suffix_ids : out.prefix_ids));
  }
  return {};
}

// ["</s>", 2]
Result<int64_t> token_pair_id(const JsonNode& processor, std::string_view key) {
  TRY_ASSIGN(auto pair, processor.at(key));
  TRY_ASSIGN(auto elements, pair.array());
  if (elements.size() != 2) return pair.wrong("a token and its id");
  return pair.element(elements.at(1).value_unsafe(), 1).integer();
}

}  // namespace

// Explicit stack: the nesting comes from the file.
Result<std::vector<JsonNode>> flat_steps(const JsonNode& root, std::string_view key, std::string_view inner) {
  std::vector<JsonNode> out, pending;
  if (auto first = root.find(key)) pending.push_back(*first);
  while (!pending.empty()) {
    JsonNode step = pending.back();
    pending.pop_back();
    TRY_ASSIGN(auto type, step.text_at("type"));
    if (type != "Sequence") {
      out.push_back(step);
      if (out.size() > kMaxSteps) return step.unsupported("a sequence of so many steps");
      continue;
    }
    TRY_ASSIGN(auto list, step.at(inner));
    TRY_ASSIGN(auto elements, list.array());
    std::vector<JsonNode> children;
    for (auto element : elements) children.push_back(list.element(element, children.size()));
    pending.insert(pending.end(), children.rbegin(), children.rend());
  }
  return out;
}

Error unsupported_type(const JsonNode& step, std::string_view type) {
  return step.unsupported(fmt::format("the type \"{}\"", replace_invalid_utf8(type.substr(0, 64))));
}

Result<ParsedPattern> parse_pattern(const JsonNode& step) {
  TRY_ASSIGN(auto pattern, step.at("pattern"));
  if (auto regex = pattern.find("Regex")) {
    TRY_ASSIGN(auto text, regex->text());
    return ParsedPattern{text, true};
  }
  TRY_ASSIGN(auto text, pattern.text_at("String"));
  return ParsedPattern{text, false};
}

Result<SplitPattern> compile_pattern(const JsonNode& step, const ParsedPattern& pattern) {
  auto compiled = pattern.regex ? SplitPattern::compile(pattern.text) : SplitPattern::literal(pattern.text);
  if (!compiled) return in_context(step.place(), std::move(compiled).take_error());
  return compiled;
}

Result<PrependScheme> parse_prepend_scheme(const JsonNode& step) {
  auto scheme = step.find("prepend_scheme");
  if (!scheme) {
    TRY_ASSIGN(bool prefix, step.boolean_or("add_prefix_space", true));
    return prefix ? PrependScheme::kAlways : PrependScheme::kNever;
  }
  TRY_ASSIGN(auto name, scheme->text());
  if (name == "always") return PrependScheme::kAlways;
  if (name == "first") return PrependScheme::kFirst;
  if (name == "never") return PrependScheme::kNever;
  return scheme->unsupported("the scheme");
}

Result<ParsedPostProcessor> parse_post_processor(const JsonNode& root) {
  TRY_ASSIGN(auto steps, flat_steps(root, "post_processor", "processors"));
  ParsedPostProcessor out;
  for (const JsonNode& step : steps) {
    TRY_ASSIGN(auto type, step.text_at("type"));
    if (type == "ByteLevel") continue;  // it only moves offsets
    ParsedPostProcessor one;
    if (type == "TemplateProcessing") {
      TRY(add_template(step, one));
    } else if (type == "RobertaProcessing" || type == "BertProcessing") {
      TRY_ASSIGN(auto cls, token_pair_id(step, "cls"));
      TRY_ASSIGN(auto sep, token_pair_id(step, "sep"));
      one.prefix_ids.push_back(cls);
      one.suffix_ids.push_back(sep);
    } else {
      return unsupported_type(step, type);
    }
    // A later one goes around what the earlier ones made.
    out.prefix_ids.insert(out.prefix_ids.begin(), one.prefix_ids.begin(), one.prefix_ids.end());
    out.suffix_ids.insert(out.suffix_ids.end(), one.suffix_ids.begin(), one.suffix_ids.end());
  }
  return out;
}

}  // namespace weft
