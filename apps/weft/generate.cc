// weft generate: one prompt, its continuation streamed to the terminal.
#include <charconv>
#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>

#include "apps/weft/command.h"
#include "apps/weft/model_flags.h"
#include "repository/served_model.h"

namespace weft {
namespace {

struct GenerateFlags {
  ComputeFlags compute;
  EngineFlags engine{.max_num_seqs = 1};
  std::string prompt;
  bool chat = false;
  std::string system;
  int64_t max_tokens = 256;
  std::optional<double> temperature, top_p, min_p;
  std::optional<int64_t> top_k, seed;
};

// Prints deltas as they come; wait() returns the error of the request, if it had one.
class Printer {
 public:
  void on_events(const std::vector<TextEvent>& events) {
    for (const TextEvent& event : events) {
      if (const auto* delta = std::get_if<TextDelta>(&event)) {
        std::fwrite(delta->text.data(), 1, delta->text.size(), stdout);
        std::fflush(stdout);
      } else if (const auto* error = std::get_if<Error>(&event)) {
        finish(*error);
      } else if (std::holds_alternative<TextEnd>(event)) {
        finish({});
      }
    }
  }
  Status wait() {
    std::unique_lock lock(mutex_);
    finished_.wait(lock, [&] { return done_; });
    return status_;
  }

 private:
  void finish(Status status) {
    std::lock_guard lock(mutex_);
    status_ = std::move(status);
    done_ = true;
    finished_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable finished_;
  bool done_ = false;
  Status status_;
};

TextRequest make_request(const GenerateFlags& flags) {
  TextRequest request;
  if (flags.chat) {
    ChatPrompt chat;
    if (!flags.system.empty()) chat.messages.push_back(JsonObject{{"role", "system"}, {"content", flags.system}});
    chat.messages.push_back(JsonObject{{"role", "user"}, {"content", flags.prompt}});
    request.prompt = std::move(chat);
  } else {
    request.prompt = TextPrompt{.text = flags.prompt};
  }
  if (flags.max_tokens > 0) request.max_tokens = flags.max_tokens;
  request.temperature = flags.temperature;
  request.top_p = flags.top_p;
  request.min_p = flags.min_p;
  request.top_k = flags.top_k;
  request.seed = flags.seed;
  return request;
}

Status run_generate(const GenerateFlags& flags) {
  SteadyClock clock;
  TRY_ASSIGN(ServedModel model, ServedModel::load(flags.engine.to_config(flags.compute), clock));
  if (flags.chat && !model.runtime.model->chat_template) {
    return param_error(
        "chat", "{} has no chat template, so there is no --chat with it. Leave --chat out to continue the prompt.",
        model.runtime.source.name);
  }
  Printer printer;
  TRY_ASSIGN(
      [[maybe_unused]] RequestId id,
      model.service->submit(make_request(flags), [&](std::vector<TextEvent> events) { printer.on_events(events); }));
  Status status = printer.wait();
  model.service->wait_until_empty();
  if (status) std::printf("\n");
  return status;
}

// The parser itself would replace a number beyond 64 bits by the nearest that fits.
std::string whole_number_fault(const std::string& text) {
  int64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool fits = error == std::errc() && end == text.data() + text.size();
  return fits ? "" : text + " is not a whole number of at most 63 bits";
}

}  // namespace

void add_generate_command(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<GenerateFlags>();
  CLI::App* command = app.add_subcommand("generate", "Continue a prompt, streamed to the terminal");
  flags->compute.add_to(*command);
  flags->engine.add_to(*command);
  command->add_option("-p,--prompt", flags->prompt, "Text to continue")->required();
  auto* chat =
      command->add_flag("--chat", flags->chat, "Put the prompt into the model's chat template as a user's message");
  command->add_option("--system", flags->system, "System message, with --chat")->needs(chat);
  command->add_option("-n,--max-tokens", flags->max_tokens, "Tokens to generate; 0: all the room in the context")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();
  command->add_option("--temperature", flags->temperature, "0: greedy; default: the model's, else 1");
  command->add_option("--top-p", flags->top_p, "Share of probability that is kept, (0, 1]");
  command->add_option("--top-k", flags->top_k, "Number of likeliest tokens that are kept; 0: all");
  command->add_option("--min-p", flags->min_p, "Drop tokens below this share of the likeliest one's probability");
  command->add_option("--seed", flags->seed, "Same seed, same text; default: random")
      ->check(CLI::Validator(whole_number_fault, ""));
  command->callback([flags, &exit_code] {
    if (Status status = run_generate(*flags); !status) exit_code = report_error(status.error());
  });
}

}  // namespace weft
