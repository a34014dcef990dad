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
#include "text/chat_template_source.h"
#include "text/jinja/template.h"

namespace weft {

struct ChatTemplateInput {
  JsonArray messages;
  std::optional<JsonArray> tools;      // none in the template when absent
  std::optional<JsonArray> documents;  // likewise
  bool add_generation_prompt = true;
  bool continue_final_message = false;       // the text ends with the last message, which the model goes on with
  JsonObject extra;                          // more variables (chat_template_kwargs); the names above are refused
  std::optional<std::string> chat_template;  // a name of the model's templates, or a template's text (of a trusted
                                             // client); absent: "tool_use" if there are tools and it is there,
                                             // else "default"
};

// One or more named templates of a model. Immutable; any thread.
class ChatTemplate {
 public:
  // Parses all at once; the error names line and column, and the template if there are several.
  static Result<ChatTemplate> parse(ChatTemplateSource source, const TemplateLimits& limits = {});
  static Result<ChatTemplate> parse(std::string source, SpecialTokenTexts special, const TemplateLimits& limits = {});

  // `now_utc` is what strftime_now sees. Errors: kInvalidValue, among them the template's own raise_exception.
  Result<std::string> render(const ChatTemplateInput& input, std::time_t now_utc) const;

  // With these variables and no others, except that the model's special tokens are there unless `variables` has them.
  // A true `continue_final_message` among them cuts the text as it does in a request.
  Result<std::string> render_variables(JsonObject variables, std::time_t now_utc) const;

  // Whether one of the templates looks at this variable; e.g. without "tools" none can present any.
  bool mentions(std::string_view variable) const;

 private:
  ChatTemplate(SpecialTokenTexts special, const TemplateLimits& limits)
      : special_(std::move(special)), limits_(limits) {}

  const jinja::Template* find(std::string_view name) const;
  Result<jinja::Template> choose(const std::optional<std::string>& asked, bool has_tools) const;
  Result<std::string> render_with(const jinja::Template& chosen, JsonObject variables, bool continue_final_message,
                                  std::time_t now_utc) const;

  std::vector<std::pair<std::string, jinja::Template>> templates_;
  SpecialTokenTexts special_;
  TemplateLimits limits_;
};

}  // namespace weft
