// weft: an inference engine and server for language models. This file only knows the sub-commands.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>

#include "apps/weft/command.h"
#include "apps/weft/usage.h"
#include "base/log.h"

namespace weft {
namespace {

constexpr const char* kDescription =
    "Weft serves language models from published files (GGUF, safetensors).\n"
    "\n"
    "  weft serve smollm2                   OpenAI API and chat page on http://127.0.0.1:8000\n"
    "  weft generate model.gguf -p \"Once\"   text to the terminal\n"
    "  weft eval model.gguf text.txt        perplexity\n"
    "  weft bench model model.gguf          speed of prefill and decode\n"
    "  weft render model.gguf --messages f  the prompt that a chat becomes\n"
    "  weft tokenize model.gguf < file.txt  token ids";

constexpr const char* kFooter =
    "MODEL is a .gguf file, a directory with config.json and safetensors, or 'smollm2' (the demo model).\n"
    "\n"
    "Exit codes: 0 success; 1 something failed, told on stderr; 2 wrong flags; 3 the engine failed while serving.\n"
    "Each command has its own --help.";

}  // namespace
}  // namespace weft

int main(int argc, char** argv) {
  CLI::App app(weft::kDescription, "weft");
  weft::set_help_format(app);
  app.failure_message(
      [](const CLI::App* failed, const CLI::Error& error) { return weft::explain_usage_error(*failed, error); });
  app.footer(weft::kFooter);
  app.set_version_flag("--version", WEFT_VERSION);
  app.require_subcommand(1);
  std::string log_level = "info";
  app.add_option("--log-level", log_level, "Least grave lines of the log on stderr to show")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}))
      ->capture_default_str();
  app.parse_complete_callback([&] { weft::init_log(log_level.c_str()); });
  int exit_code = weft::kExitOk;
  weft::add_serve_command(app, exit_code);
  weft::add_generate_command(app, exit_code);
  weft::add_eval_command(app, exit_code);
  weft::add_bench_command(app, exit_code);
  weft::add_render_command(app, exit_code);
  weft::add_tokenize_command(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? weft::kExitOk : weft::kExitUsage;
  }
  return exit_code;
}
