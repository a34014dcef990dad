// The "normalizer" of tokenizer.json.
#include "base/base64.h"
#include "text/tokenizer_json_steps.h"

namespace weft {
namespace {

Result<std::unique_ptr<NormalizerStep>> parse_replace(const JsonNode& step) {
  TRY_ASSIGN(auto pattern, parse_pattern(step));
  TRY_ASSIGN(auto content, step.text_at("content"));
  if (!pattern.regex) return replace_step(std::string(pattern.text), std::string(content));
  TRY_ASSIGN(auto compiled, compile_pattern(step, pattern));
  return replace_step(std::move(compiled), std::string(content));
}

Result<std::unique_ptr<NormalizerStep>> parse_bert(const JsonNode& step) {
  BertNormalization options;
  TRY_ASSIGN(options.clean_text, step.boolean_or("clean_text", true));
  TRY_ASSIGN(options.handle_chinese_chars, step.boolean_or("handle_chinese_chars", true));
  TRY_ASSIGN(options.lowercase, step.boolean_or("lowercase", true));
  TRY_ASSIGN(options.strip_accents, step.boolean_or("strip_accents", options.lowercase));
  return bert_step(options);
}

Result<std::unique_ptr<NormalizerStep>> parse_precompiled(const JsonNode& step) {
  TRY_ASSIGN(auto text, step.text_at("precompiled_charsmap"));
  auto blob = decode_base64(text);
  if (!blob) return step.wrong("readable: its precompiled_charsmap is not base64");
  if (blob->empty()) return replace_step("", "");  // no rules
  auto charsmap = Charsmap::parse(*blob);
  if (!charsmap) return in_context(step.place(), std::move(charsmap).take_error());
  return precompiled_step(std::move(*charsmap));
}

Result<std::unique_ptr<NormalizerStep>> parse_step(const JsonNode& step, std::string_view type) {
  if (type == "NFC") return normal_form_step(NormalForm::kNfc);
  if (type == "NFD") return normal_form_step(NormalForm::kNfd);
  if (type == "NFKC") return normal_form_step(NormalForm::kNfkc);
  if (type == "NFKD") return normal_form_step(NormalForm::kNfkd);
  if (type == "Lowercase") return lowercase_step();
  if (type == "StripAccents") return strip_accents_step();
  if (type == "Nmt") return nmt_step();
  if (type == "ByteLevel") return byte_alphabet_normal_step();
  if (type == "Replace") return parse_replace(step);
  if (type == "BertNormalizer") return parse_bert(step);
  if (type == "Precompiled") return parse_precompiled(step);
  if (type == "Prepend") {
    TRY_ASSIGN(auto prefix, step.text_at("prepend"));
    return prepend_step(std::string(prefix));
  }
  if (type == "Strip") {
    TRY_ASSIGN(bool left, step.boolean_or("strip_left", true));
    TRY_ASSIGN(bool right, step.boolean_or("strip_right", true));
    return strip_step(left, right);
  }
  return unsupported_type(step, type);
}

}  // namespace

Result<Normalizer> parse_normalizer(const JsonNode& root) {
  TRY_ASSIGN(auto steps, flat_steps(root, "normalizer", "normalizers"));
  Normalizer out;
  for (const JsonNode& step : steps) {
    TRY_ASSIGN(auto type, step.text_at("type"));
    TRY_ASSIGN(auto parsed, parse_step(step, type));
    out.push_back(std::move(parsed));
  }
  return out;
}

}  // namespace weft
