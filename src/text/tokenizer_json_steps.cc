#include "text/tokenizer_json_steps.h"

#include "base/utf8.h"

namespace weft {
namespace {

constexpr std::string_view kMetaspaceMark = "\xE2\x96\x81";
constexpr size_t kMaxSteps = 64;

// The steps of root[key], sequences laid flat in order; `inner` is the name of a sequence's list. Explicit stack: the
// nesting comes from the file.
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

struct ParsedPattern {
  std::string_view text;
  bool regex;
};

Result<ParsedPattern> parse_pattern(const JsonNode& step) {
  TRY_ASSIGN(auto pattern, step.at("pattern"));
  if (auto regex = pattern.find("Regex")) {
    TRY_ASSIGN(auto text, regex->text());
    return ParsedPattern{text, true};
  }
  TRY_ASSIGN(auto text, pattern.text_at("String"));
  return ParsedPattern{text, false};
}

Result<SplitBehavior> parse_behavior(const JsonNode& step) {
  TRY_ASSIGN(auto name, step.text_at("behavior"));
  if (name == "Removed") return SplitBehavior::kRemoved;
  if (name == "Isolated") return SplitBehavior::kIsolated;
  if (name == "MergedWithPrevious") return SplitBehavior::kMergedWithPrevious;
  if (name == "MergedWithNext") return SplitBehavior::kMergedWithNext;
  if (name == "Contiguous") return SplitBehavior::kContiguous;
  return step.unsupported("the behavior");
}

Status add_split(PreTokenizer& steps, std::string_view pattern, SplitBehavior behavior, bool invert = false) {
  TRY_ASSIGN(auto compiled, SplitPattern::compile(pattern));
  steps.push_back(split_step(std::move(compiled), behavior, invert));
  return {};
}

Status add_split_step(const JsonNode& step, PreTokenizer& steps) {
  TRY_ASSIGN(auto pattern, parse_pattern(step));
  TRY_ASSIGN(auto behavior, parse_behavior(step));
  TRY_ASSIGN(bool invert, step.boolean_or("invert", false));
  auto compiled = pattern.regex ? SplitPattern::compile(pattern.text) : SplitPattern::literal(pattern.text);
  if (!compiled) return in_context(step.place(), std::move(compiled).take_error());
  steps.push_back(split_step(std::move(*compiled), behavior, invert));
  return {};
}

// `add_prefix_space` is the older form of `prepend_scheme`.
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

Status add_metaspace(const JsonNode& step, PreTokenizer& steps) {
  TRY_ASSIGN(auto replacement, step.text_at("replacement"));
  if (replacement.empty()) return step.wrong("complete: its replacement is empty");
  TRY_ASSIGN(auto prepend, parse_prepend_scheme(step));
  TRY_ASSIGN(bool split, step.boolean_or("split", true));
  steps.push_back(metaspace_step(std::string(replacement), prepend, split));
  return {};
}

Status add_byte_level(const JsonNode& step, PreTokenizer& steps) {
  TRY_ASSIGN(bool prefix, step.boolean_or("add_prefix_space", true));
  TRY_ASSIGN(bool regex, step.boolean_or("use_regex", true));
  if (prefix) steps.push_back(prefix_space_step());
  if (regex) TRY(add_split(steps, gpt2_pattern(), SplitBehavior::kIsolated));
  return {};
}

Status add_pre_tokenizer(const JsonNode& step, std::string_view type, PreTokenizer& steps) {
  if (type == "Split") return add_split_step(step, steps);
  if (type == "Metaspace") return add_metaspace(step, steps);
  if (type == "WhitespaceSplit") return add_split(steps, R"(\s+)", SplitBehavior::kRemoved);
  if (type == "Whitespace") return add_split(steps, R"(\w+|[^\w\s]+)", SplitBehavior::kRemoved, true);
  if (type == "Digits") {
    TRY_ASSIGN(bool individual, step.boolean_or("individual_digits", false));
    return add_split(steps, R"(\p{N})", individual ? SplitBehavior::kIsolated : SplitBehavior::kContiguous);
  }
  if (type == "Punctuation") {
    auto behavior = SplitBehavior::kIsolated;
    if (step.find("behavior")) {
      TRY_ASSIGN(behavior, parse_behavior(step));
    }
    return add_split(steps, R"([\p{P}$+<=>^`|~])", behavior);
  }
  return unsupported_type(step, type);
}

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

Status add_normalizer(const JsonNode& step, std::string_view type, Normalizer& steps) {
  if (type == "NFC")
    steps.push_back(normal_form_step(NormalForm::kNfc));
  else if (type == "NFD")
    steps.push_back(normal_form_step(NormalForm::kNfd));
  else if (type == "NFKC")
    steps.push_back(normal_form_step(NormalForm::kNfkc));
  else if (type == "NFKD")
    steps.push_back(normal_form_step(NormalForm::kNfkd));
  else if (type == "Lowercase")
    steps.push_back(lowercase_step());
  else if (type == "Prepend") {
    TRY_ASSIGN(auto prefix, step.text_at("prepend"));
    steps.push_back(prepend_step(std::string(prefix)));
  } else if (type == "Replace") {
    TRY_ASSIGN(auto pattern, parse_pattern(step));
    if (pattern.regex) return step.unsupported("replacing a regular expression");
    TRY_ASSIGN(auto content, step.text_at("content"));
    steps.push_back(replace_step(std::string(pattern.text), std::string(content)));
  } else {
    return unsupported_type(step, type);
  }
  return {};
}

Status add_decoder(const JsonNode& step, std::string_view type, ParsedDecoder& out) {
  if (type == "ByteLevel") {
    out.form = TokenForm::kByteLevel;
  } else if (type == "Metaspace") {
    TRY_ASSIGN(auto replacement, step.text_at("replacement"));
    if (replacement != kMetaspaceMark) return step.unsupported("the replacement");
    TRY_ASSIGN(auto prepend, parse_prepend_scheme(step));
    out.form = TokenForm::kMetaspace;
    out.strips_leading_space = prepend != PrependScheme::kNever;
  } else if (type == "Replace") {
    TRY_ASSIGN(auto pattern, parse_pattern(step));
    TRY_ASSIGN(auto content, step.text_at("content"));
    if (pattern.regex || pattern.text != kMetaspaceMark || content != " ") return step.unsupported("the replacement");
    out.form = TokenForm::kMetaspace;
  } else if (type == "Strip") {
    TRY_ASSIGN(auto content, step.text_at("content"));
    TRY_ASSIGN(auto start_node, step.at("start"));
    TRY_ASSIGN(auto start, start_node.integer());
    TRY_ASSIGN(auto stop_node, step.at("stop"));
    TRY_ASSIGN(auto stop, stop_node.integer());
    if (content != " " || start < 0 || start > 1 || stop != 0) return step.unsupported("this way of stripping");
    out.strips_leading_space = start == 1;
  } else if (type != "ByteFallback" && type != "Fuse") {
    return unsupported_type(step, type);
  }
  return {};
}

}  // namespace

Result<Normalizer> parse_normalizer(const JsonNode& root) {
  TRY_ASSIGN(auto steps, flat_steps(root, "normalizer", "normalizers"));
  Normalizer out;
  for (const JsonNode& step : steps) {
    TRY_ASSIGN(auto type, step.text_at("type"));
    TRY(add_normalizer(step, type, out));
  }
  return out;
}

Result<ParsedPreTokenizer> parse_pre_tokenizer(const JsonNode& root) {
  TRY_ASSIGN(auto steps, flat_steps(root, "pre_tokenizer", "pretokenizers"));
  ParsedPreTokenizer out;
  for (const JsonNode& step : steps) {
    TRY_ASSIGN(auto type, step.text_at("type"));
    // The alphabet is the model's affair when nothing follows; a later step sees its characters.
    if (std::exchange(out.byte_level, false)) out.steps.push_back(byte_alphabet_step());
    if (type != "ByteLevel") {
      TRY(add_pre_tokenizer(step, type, out.steps));
      continue;
    }
    TRY(add_byte_level(step, out.steps));
    out.byte_level = true;
  }
  return out;
}

Result<ParsedPostProcessor> parse_post_processor(const JsonNode& root) {
  TRY_ASSIGN(auto steps, flat_steps(root, "post_processor", "processors"));
  ParsedPostProcessor out;
  for (const JsonNode& step : steps) {
    TRY_ASSIGN(auto type, step.text_at("type"));
    if (type == "ByteLevel") continue;  // it only moves offsets
    if (type == "TemplateProcessing") {
      TRY(add_template(step, out));
    } else if (type == "RobertaProcessing" || type == "BertProcessing") {
      TRY_ASSIGN(auto cls, token_pair_id(step, "cls"));
      TRY_ASSIGN(auto sep, token_pair_id(step, "sep"));
      out.prefix_ids.push_back(cls);
      out.suffix_ids.push_back(sep);
    } else {
      return unsupported_type(step, type);
    }
  }
  return out;
}

Result<ParsedDecoder> parse_decoder(const JsonNode& root) {
  TRY_ASSIGN(auto steps, flat_steps(root, "decoder", "decoders"));
  ParsedDecoder out;
  for (const JsonNode& step : steps) {
    TRY_ASSIGN(auto type, step.text_at("type"));
    TRY(add_decoder(step, type, out));
  }
  if (out.form == TokenForm::kPlain) {
    return make_error(ErrorCode::kUnsupported,
                      "decoder: a tokenizer whose decoder is neither ByteLevel nor Metaspace "
                      "(or the steps that make it up) is not supported");
  }
  return out;
}

}  // namespace weft
