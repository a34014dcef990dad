#include "text/chat_template_source.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/mapped_file.h"

namespace weft {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDefault = "default";
constexpr size_t kMaxTemplates = 32;
constexpr std::array<std::string_view, 7> kTokenNames = {"bos_token", "eos_token", "unk_token", "sep_token",
                                                         "pad_token", "cls_token", "mask_token"};

void set_template(ChatTemplateSource& out, std::string_view name, std::string text) {
  auto it = std::ranges::find(out.templates, name, &std::pair<std::string, std::string>::first);
  if (it == out.templates.end()) {
    out.templates.emplace_back(name, std::move(text));
  } else {
    it->second = std::move(text);
  }
}

// Nothing where there is no such file.
Result<std::optional<std::string>> read_if_there(const fs::path& path, const FileLimits& limits) {
  std::error_code ignored;
  if (!fs::is_regular_file(path, ignored)) return std::optional<std::string>();
  TRY_ASSIGN(std::string text, read_text_file(path, limits.max_side_file_bytes));
  return std::optional(std::move(text));
}

Result<JsonObject> read_object(const fs::path& path, std::string_view text, const FileLimits& limits) {
  auto parsed = parse_json(text, {limits.max_json_depth, limits.max_json_nodes});
  if (!parsed) return in_context(path.filename().string(), std::move(parsed).take_error());
  if (!parsed->is_object()) {
    return make_error(ErrorCode::kCorruptFile, "{} is not a JSON object", path.filename().string());
  }
  return std::move(parsed->get_object());
}

// "<s>" or {"content": "<s>", ...}.
const Json* token_text(const Json& value) {
  const Json* text = value.is_object() ? value.get_object().if_contains("content") : &value;
  return text && text->is_string() ? text : nullptr;
}

void set_token(SpecialTokenTexts& out, std::string_view name, const Json& value) {
  const Json* text = token_text(value);
  if (text == nullptr) return;
  if (name == "bos_token") {
    out.bos = std::string(text->get_string());
  } else if (name == "eos_token") {
    out.eos = std::string(text->get_string());
  } else {
    out.more[name] = *text;
  }
}

// From tokenizer_config.json or special_tokens_map.json, which call the tokens alike.
void add_tokens(SpecialTokenTexts& out, const JsonObject& config) {
  for (std::string_view name : kTokenNames) {
    if (const Json* value = config.if_contains(name)) set_token(out, name, *value);
  }
  if (const Json* list = config.if_contains("additional_special_tokens"); list && list->is_array()) {
    JsonArray texts;
    for (const Json& item : list->get_array()) {
      if (const Json* text = token_text(item)) texts.push_back(*text);
    }
    if (!texts.empty()) out.more["additional_special_tokens"] = std::move(texts);
  }
  if (const Json* named = config.if_contains("extra_special_tokens"); named && named->is_object()) {
    for (const auto& member : named->get_object()) set_token(out, member.key(), member.value());
  }
}

// A string, or a list of {"name", "template"}.
Status add_templates(ChatTemplateSource& out, const fs::path& path, const JsonObject& config) {
  const Json* value = config.if_contains("chat_template");
  if (!value || value->is_null()) return {};
  if (value->is_string()) {
    set_template(out, kDefault, std::string(value->get_string()));
    return {};
  }
  auto wrong = [&] {
    return make_error(ErrorCode::kCorruptFile,
                      "{}: chat_template must be a text or a list of at most {} objects with name and template",
                      path.filename().string(), kMaxTemplates);
  };
  if (!value->is_array() || value->get_array().size() > kMaxTemplates) return wrong();
  for (const Json& item : value->get_array()) {
    const Json* name = item.is_object() ? item.get_object().if_contains("name") : nullptr;
    const Json* text = item.is_object() ? item.get_object().if_contains("template") : nullptr;
    if (!name || !text || !name->is_string() || !text->is_string()) return wrong();
    set_template(out, std::string_view(name->get_string()), std::string(text->get_string()));
  }
  return {};
}

Status add_config_file(ChatTemplateSource& out, const fs::path& path, const FileLimits& limits) {
  TRY_ASSIGN(auto text, read_if_there(path, limits));
  if (!text) return {};
  TRY_ASSIGN(JsonObject config, read_object(path, *text, limits));
  out.says_bos = out.says_bos || config.contains("bos_token");
  out.says_eos = out.says_eos || config.contains("eos_token");
  add_tokens(out.special, config);
  return add_templates(out, path, config);
}

Status add_more_templates(ChatTemplateSource& out, const fs::path& folder, const FileLimits& limits) {
  std::error_code error;
  auto entry = fs::directory_iterator(folder, error);
  std::vector<fs::path> paths;
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (entry->path().extension() == ".jinja") paths.push_back(entry->path());
    if (paths.size() > kMaxTemplates) {
      return make_error(ErrorCode::kCorruptFile, "{} holds more than {} templates", folder.string(), kMaxTemplates);
    }
  }
  std::ranges::sort(paths);
  for (const fs::path& path : paths) {
    TRY_ASSIGN(std::string text, read_text_file(path, limits.max_side_file_bytes));
    set_template(out, path.stem().string(), std::move(text));
  }
  return {};
}

}  // namespace

Result<ChatTemplateSource> read_chat_template_source(const fs::path& path, const FileLimits& limits) {
  ChatTemplateSource out;
  std::error_code ignored;
  bool is_directory = fs::is_directory(path, ignored);
  fs::path folder = is_directory ? path : path.parent_path();
  if (!is_directory && path.extension() != ".json") {
    TRY_ASSIGN(std::string text, read_text_file(path, limits.max_side_file_bytes));
    set_template(out, kDefault, std::move(text));
    return out;
  }
  // Of tokens the later file goes before the earlier.
  TRY(add_config_file(out, folder / "special_tokens_map.json", limits));
  if (!is_directory) {
    TRY(add_config_file(out, path, limits));
    return out;
  }
  TRY(add_config_file(out, path / "chat_template.json", limits));
  TRY(add_config_file(out, path / "tokenizer_config.json", limits));
  TRY_ASSIGN(auto file, read_if_there(path / "chat_template.jinja", limits));
  if (file) out.templates = {{std::string(kDefault), std::move(*file)}};
  TRY(add_more_templates(out, path / "additional_chat_templates", limits));
  return out;
}

Result<ChatTemplateSource> chat_template_source_of(const Metadata& gguf) {
  constexpr std::string_view kKey = "tokenizer.chat_template";
  ChatTemplateSource out;
  TRY_ASSIGN(std::string text, gguf.text_or({kKey}, ""));
  if (!text.empty()) set_template(out, kDefault, std::move(text));
  for (const auto& [key, value] : gguf.all()) {
    const auto* more = std::get_if<std::string>(&value);
    if (more == nullptr || !key.starts_with(kKey) || key.size() <= kKey.size() + 1 || key[kKey.size()] != '.') continue;
    if (out.templates.size() < kMaxTemplates) set_template(out, key.substr(kKey.size() + 1), *more);
  }
  const auto* tokens = gguf.find("tokenizer.ggml.tokens");
  const auto* texts = tokens ? std::get_if<std::vector<std::string>>(tokens) : nullptr;
  if (texts == nullptr) return out;
  constexpr std::pair<std::string_view, std::string_view> kIds[] = {
      {"bos_token", "bos"},     {"eos_token", "eos"}, {"unk_token", "unknown"}, {"sep_token", "seperator"},
      {"pad_token", "padding"}, {"cls_token", "cls"}, {"mask_token", "mask"}};
  for (auto [name, key] : kIds) {
    auto id = gguf.integer({fmt::format("tokenizer.ggml.{}_token_id", key)});
    if (!id || *id < 0 || *id >= static_cast<int64_t>(texts->size())) continue;
    set_token(out.special, name, Json((*texts)[static_cast<size_t>(*id)]));
  }
  return out;
}

Result<ChatTemplateSource> read_chat_template_source(const ModelFiles& files) {
  return files.format() == ModelFormat::kGguf ? chat_template_source_of(files.metadata())
                                              : read_chat_template_source(files.path());
}

std::string template_for_tools(const ChatTemplateSource& source) {
  for (std::string_view wanted : {"tool_use", "default"}) {
    for (const auto& [name, text] : source.templates) {
      if (name == wanted) return text;
    }
  }
  return source.templates.front().second;
}

void set_missing_tokens(ChatTemplateSource& source, const Tokenizer& tokenizer) {
  auto text = [&](std::optional<int32_t> id) {
    return id ? std::optional(std::string(tokenizer.token_bytes(*id))) : std::nullopt;
  };
  if (!source.special.bos && !source.says_bos) source.special.bos = text(tokenizer.bos_id());
  if (!source.special.eos && !source.says_eos) source.special.eos = text(tokenizer.eos_id());
}

}  // namespace weft
