#include "text/tokenizer_config.h"

#include <charconv>

#include "base/utf8.h"

namespace weft {

std::optional<int32_t> configured_token(const Metadata& metadata, std::string_view name, const Vocabulary& vocabulary) {
  for (std::string_view suffix : {"", ".content"}) {
    auto text = metadata.text({fmt::format("tokenizer_config.{}_token{}", name, suffix)});
    if (!text) continue;
    if (int32_t id = vocabulary.find(*text); id >= 0) return id;
  }
  std::string key = fmt::format("{}_token_id", name);
  std::optional<int64_t> id;
  if (auto single = metadata.integer({key})) id = *single;
  const MetadataValue* value = metadata.find(key);
  auto* several = value == nullptr ? nullptr : std::get_if<std::vector<int64_t>>(value);
  if (several != nullptr && !several->empty()) id = several->front();
  if (!id || *id < 0 || *id >= vocabulary.size()) return std::nullopt;
  return static_cast<int32_t>(*id);
}

Result<std::vector<AddedToken>> configured_added_tokens(const Metadata& metadata) {
  constexpr std::string_view kPrefix = "tokenizer_config.added_tokens_decoder.";
  constexpr std::string_view kContent = ".content";
  std::vector<AddedToken> out;
  const auto& all = metadata.all();
  for (auto at = all.lower_bound(kPrefix); at != all.end() && at->first.starts_with(kPrefix); ++at) {
    std::string_view key = at->first;
    if (!key.ends_with(kContent) || key.size() <= kPrefix.size() + kContent.size()) continue;
    std::string_view digits = key.substr(kPrefix.size(), key.size() - kPrefix.size() - kContent.size());
    int64_t id = -1;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
    if (error != std::errc() || end != digits.data() + digits.size() || id < 0 || id >= kMaxTokens) {
      return make_error(ErrorCode::kCorruptFile, "{}: the id is not a number below {}", key, kMaxTokens);
    }
    AddedToken token;
    token.id = static_cast<int32_t>(id);
    TRY_ASSIGN(token.text, metadata.text({key}));
    auto flag = [&](std::string_view name, bool fallback) {
      return metadata.boolean_or({fmt::format("{}{}.{}", kPrefix, digits, name)}, fallback);
    };
    TRY_ASSIGN(token.special, flag("special", false));
    TRY_ASSIGN(token.normalized, flag("normalized", !token.special));
    TRY_ASSIGN(token.lstrip, flag("lstrip", false));
    TRY_ASSIGN(token.rstrip, flag("rstrip", false));
    TRY_ASSIGN(token.single_word, flag("single_word", false));
    out.push_back(std::move(token));
  }
  return out;
}

Status add_forms(const std::vector<AddedToken>& tokens, std::vector<std::string>& forms) {
  for (const AddedToken& token : tokens) {
    auto index = static_cast<size_t>(token.id);
    if (index >= forms.size()) forms.resize(index + 1);
    if (!forms[index].empty() && forms[index] != token.text) {
      return make_error(ErrorCode::kCorruptFile, "the id {} belongs to \"{}\" and \"{}\"", token.id,
                        replace_invalid_utf8(forms[index]), replace_invalid_utf8(token.text));
    }
    forms[index] = token.text;
  }
  return {};
}

Status check_token_lengths(const Vocabulary& vocabulary) {
  constexpr size_t kLongest = 4096;
  if (vocabulary.longest() <= kLongest) return {};
  return make_error(ErrorCode::kUnsupported, "a token has {} bytes; at most {} are supported", vocabulary.longest(),
                    kLongest);
}

}  // namespace weft
