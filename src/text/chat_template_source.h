// Where a model's chat templates stand: in tokenizer_config.json, chat_template.jinja, chat_template.json and
// additional_chat_templates/ of a Hugging Face directory, or in the metadata of a GGUF file.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/limits.h"
#include "base/status.h"
#include "model_files/metadata.h"
#include "model_files/model_files.h"
#include "text/tokenizer.h"

namespace weft {

// Texts of the model's special tokens; an absent one is an undefined variable in the template.
struct SpecialTokenTexts {
  std::optional<std::string> bos;  // bos_token
  std::optional<std::string> eos;  // eos_token
  JsonObject more;                 // e.g. {"pad_token": "<pad>"}; additional_special_tokens is a list
};

struct ChatTemplateSource {
  std::vector<std::pair<std::string, std::string>> templates;  // name, text; a model's only one is called "default"
  SpecialTokenTexts special;
  bool says_bos = false, says_eos = false;  // the files name the token, or say that there is none
};

// Reads a Hugging Face model's directory, whatever weights it has, or one file: .jinja (a template's text) or .json
// (tokenizer_config.json, chat_template.json; special_tokens_map.json beside it is read, too). As in transformers a
// chat_template.jinja goes before what tokenizer_config.json says. No template at all is no error.
Result<ChatTemplateSource> read_chat_template_source(const std::filesystem::path& path, const FileLimits& limits = {});

// The same from a GGUF file's metadata: tokenizer.chat_template, and tokenizer.chat_template.NAME of further ones.
Result<ChatTemplateSource> chat_template_source_of(const Metadata& gguf);

// Of a model, by its format.
Result<ChatTemplateSource> read_chat_template_source(const ModelFiles& files);

// The text of the template that a request with tools gets. `source` has templates.
std::string template_for_tools(const ChatTemplateSource& source);

// Fills in the beginning and end of a sequence where the files say nothing about them.
void set_missing_tokens(ChatTemplateSource& source, const Tokenizer& tokenizer);

}  // namespace weft
