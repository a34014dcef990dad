// A model's chat template: messages -> prompt text, as apply_chat_template of Hugging Face's transformers does it.
#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/limits.h"
#include "base/status.h"
#include "text/jinja/template.h"

namespace weft {

// Texts of the model's special tokens; an absent one is an undefined variable in the template.
struct SpecialTokenTexts {
  std::optional<std::string> bos;                         // bos_token
  std::optional<std::string> eos;                         // eos_token
  std::vector<std::pair<std::string, std::string>> more;  // e.g. {"pad_token", "<pad>"}
};

struct ChatTemplateInput {
  JsonArray messages;
  std::optional<JsonArray> tools;      // none in the template when absent
  std::optional<JsonArray> documents;  // likewise
  bool add_generation_prompt = true;
  bool continue_final_message = false;  // the text ends with the last message, which the model goes on with
  JsonObject extra;                     // more variables (chat_template_kwargs); the names above are refused
};

class ChatTemplate {
 public:
  // Parses once; the error names line and column.
  static Result<ChatTemplate> parse(std::string source, SpecialTokenTexts special, const TemplateLimits& limits = {});

  // `now_utc` is what strftime_now sees. Errors: kInvalidValue, among them the template's own raise_exception. Any
  // thread.
  Result<std::string> render(const ChatTemplateInput& input, std::time_t now_utc) const;

  // Whether the template looks at this variable; e.g. without "tools" it can't present any.
  bool mentions(std::string_view variable) const { return template_.mentions(variable); }

 private:
  ChatTemplate(jinja::Template parsed, SpecialTokenTexts special)
      : template_(std::move(parsed)), special_(std::move(special)) {}

  jinja::Template template_;
  SpecialTokenTexts special_;
};

}  // namespace weft
