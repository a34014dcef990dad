// weft render: the prompt that a chat becomes, without the model's weights.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>

#include "apps/weft/command.h"
#include "base/mapped_file.h"
#include "frontend/chat_renderer.h"
#include "model_files/model_files.h"
#include "repository/model_source.h"
#include "server/openai/chat.h"
#include "text/chat_template.h"
#include "text/tokenizer.h"

namespace weft {
namespace {

constexpr size_t kMaxInputBytes = size_t{1} << 30;
constexpr JsonLimits kInputLimits = {.max_depth = 64, .max_nodes = 1'000'000};
constexpr size_t kMaxParsedTemplates = 64;  // of --jsonl, kept for lines to come

struct RenderFlags {
  std::string model;
  std::string messages;
  std::string now;
  bool jsonl = false;
};

Result<std::time_t> parse_now(const std::string& text) {
  if (text.empty()) return std::time(nullptr);
  std::tm fields{};
  const char* end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &fields);
  if (end != nullptr && *end == 'Z') ++end;
  if (end != nullptr && *end == '\0') return timegm(&fields);
  return param_error("now", "--now is '{}'; give a time like 2025-07-10T12:00:00.", text);
}

// Whether the word is a template's file, or a directory with one and without weights, and not a model.
bool is_template_path(const std::filesystem::path& path) {
  std::error_code ignored;
  auto extension = path.extension();
  if (extension == ".jinja" || extension == ".jinja2" || extension == ".json") return true;
  return std::filesystem::is_directory(path, ignored) && !std::filesystem::exists(path / "config.json", ignored);
}

Result<ChatTemplateSource> find_source(const std::string& word) {
  if (is_template_path(word)) return read_chat_template_source(word);
  TRY_ASSIGN(ModelSource model, resolve_model(word));
  TRY_ASSIGN(ModelFiles files, ModelFiles::open(model.path));
  TRY_ASSIGN(auto source, read_chat_template_source(files));
  bool complete = (source.special.bos || source.says_bos) && (source.special.eos || source.says_eos);
  if (complete || source.templates.empty()) return source;
  TRY_ASSIGN(auto tokenizer, Tokenizer::load(files));
  set_missing_tokens(source, *tokenizer);
  return source;
}

// A template, and how it is to be called.
struct Renderer {
  std::shared_ptr<const ChatTemplate> chat;
  NoContent no_content = NoContent::kEmptyText;
  std::time_t now = 0;
};

Result<Renderer> make_renderer(ChatTemplateSource source, std::time_t now) {
  std::string text = template_for_tools(source);
  TRY_ASSIGN(ChatTemplate chat, ChatTemplate::parse(std::move(source)));
  return Renderer{std::make_shared<const ChatTemplate>(std::move(chat)), detect_no_content(text), now};
}

Result<Renderer> load_renderer(const std::string& word, std::time_t now) {
  auto source = find_source(word);
  if (!source) return source.error().param.empty() ? in_context(word, std::move(source).take_error()) : source.error();
  if (source->templates.empty()) {
    return make_error(ErrorCode::kNotFound, "{} has no chat template, so chats can't be rendered with it.", word);
  }
  auto renderer = make_renderer(std::move(*source), now);
  if (!renderer) return in_context(word, std::move(renderer).take_error());
  return renderer;
}

// The prompt of POST /v1/chat/completions with these messages.
Result<std::string> render_request(const Renderer& renderer, const JsonArray& messages) {
  OpenAiContext context{.model_names = {"model"}};
  JsonObject body;
  body["messages"] = messages;
  TRY_ASSIGN(ChatPrompt prompt, read_chat_prompt(context, body));
  return make_chat_renderer(renderer.chat, renderer.no_content, renderer.now)(prompt);
}

Result<std::string> render_input(const Renderer& renderer, const Json& input) {
  if (input.is_array()) return render_request(renderer, input.get_array());
  if (input.is_object()) return renderer.chat->render_variables(input.get_object(), renderer.now);
  return make_error(ErrorCode::kInvalidValue,
                    "Give a JSON list of messages, or an object with every variable of the template.");
}

Result<std::string> read_all(const std::string& path) {
  if (path != "-") return read_text_file(path, kMaxInputBytes);
  return std::string(std::istreambuf_iterator<char>(std::cin), {});
}

Status render_file(const Renderer& renderer, const std::string& path) {
  TRY_ASSIGN(std::string text, read_all(path));
  auto input = parse_json(text, kInputLimits);
  if (!input) return in_context(path, std::move(input).take_error());
  TRY_ASSIGN(std::string prompt, render_input(renderer, *input));
  std::fwrite(prompt.data(), 1, prompt.size(), stdout);
  return {};
}

// Answers one line of --jsonl; templates given in lines are parsed once.
class LineRenderer {
 public:
  LineRenderer(const Renderer* given, std::time_t now) : given_(given), now_(now) {}

  std::string answer(const std::string& line) {
    auto prompt = render(line);
    JsonObject out;
    if (prompt) {
      out["output"] = *prompt;
    } else {
      out["error"] = prompt.error().message;
    }
    return write_json(out);
  }

 private:
  Result<std::string> render(const std::string& line) {
    TRY_ASSIGN(Json parsed, parse_json(line, kInputLimits));
    const JsonObject* object = parsed.if_object();
    const Json* context = object ? object->if_contains("context") : nullptr;
    if (!context) return make_error(ErrorCode::kInvalidValue, "A line is {{\"template\": .., \"context\": ..}}.");
    const Json* source = object->if_contains("template");
    if (source && source->is_string()) {
      TRY_ASSIGN(const Renderer* renderer, parse(std::string(source->get_string())));
      return render_input(*renderer, *context);
    }
    if (given_) return render_input(*given_, *context);
    return make_error(ErrorCode::kInvalidValue, "The line has no template, and the command line names none.");
  }

  Result<const Renderer*> parse(const std::string& source) {
    auto it = parsed_.find(source);
    if (it != parsed_.end()) return &it->second;
    ChatTemplateSource only;
    only.templates.emplace_back("default", source);
    TRY_ASSIGN(Renderer renderer, make_renderer(std::move(only), now_));
    if (parsed_.size() >= kMaxParsedTemplates) parsed_.clear();
    return &parsed_.emplace(source, std::move(renderer)).first->second;
  }

  const Renderer* given_;
  std::time_t now_;
  std::map<std::string, Renderer> parsed_;
};

void render_lines(const Renderer* given, std::time_t now) {
  LineRenderer lines(given, now);
  for (std::string line; std::getline(std::cin, line);) {
    if (line.empty()) continue;
    std::string answer = lines.answer(line) + "\n";
    std::fwrite(answer.data(), 1, answer.size(), stdout);
    std::fflush(stdout);
  }
}

Status run_render(const RenderFlags& flags) {
  TRY_ASSIGN(std::time_t now, parse_now(flags.now));
  if (!flags.jsonl && flags.model.empty()) return param_error("model", "MODEL is required; '--help' explains.");
  if (!flags.jsonl && flags.messages.empty()) return param_error("messages", "--messages is required without --jsonl.");
  std::optional<Renderer> renderer;
  if (!flags.model.empty()) {
    TRY_ASSIGN(renderer, load_renderer(flags.model, now));
  }
  if (flags.jsonl) {
    render_lines(renderer ? &*renderer : nullptr, now);
    return {};
  }
  Status rendered = render_file(*renderer, flags.messages);
  if (rendered) return {};
  Error error = rendered.error();
  error.param.clear();  // a place in the file, not a flag
  return error;
}

}  // namespace

void add_render_command(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<RenderFlags>();
  CLI::App* command = app.add_subcommand("render", "Print the prompt that a chat becomes");
  command->add_option("MODEL", flags->model,
                      "As for serve (weights are not read), or a template: .jinja, tokenizer_config.json, "
                      "chat_template.json or a directory with them");
  auto* messages =
      command->add_option("--messages", flags->messages,
                          "JSON file ('-': stdin): a list of messages, rendered as a chat request with them; or an "
                          "object with every variable of the template (messages, tools, add_generation_prompt, ...)");
  command->add_option("--now", flags->now, "Time that strftime_now tells, like 2025-07-10T12:00:00 (default: now)");
  command
      ->add_flag("--jsonl", flags->jsonl,
                 "Lines of stdin {\"template\": .., \"context\": ..}, the template optional behind a MODEL, to lines "
                 "{\"output\": ..} or {\"error\": ..}")
      ->excludes(messages);
  command->callback([flags, &exit_code] {
    if (Status status = run_render(*flags); !status) exit_code = report_error(status.error());
  });
}

}  // namespace weft
