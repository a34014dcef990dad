// One sub-command of the program: its flags, and what it does.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <string>

#include "base/status.h"

namespace weft {

// Exit codes, as documented in `weft --help`.
enum ExitCode { kExitOk = 0, kExitFailure = 1, kExitUsage = 2, kExitEngineFailed = 3 };

// Adds a sub-command to `app`; its callback stores the exit code in `exit_code`.
void add_serve_command(CLI::App& app, int& exit_code);
void add_generate_command(CLI::App& app, int& exit_code);
void add_eval_command(CLI::App& app, int& exit_code);
void add_bench_command(CLI::App& app, int& exit_code);
void add_grammar_command(CLI::App& app, int& exit_code);
void add_render_command(CLI::App& app, int& exit_code);
void add_tokenize_command(CLI::App& app, int& exit_code);

// Prints "weft: <message>" to stderr and returns the code that the error ends the program with: kExitUsage when it
// blames a parameter.
int report_error(const Error& error);

// Flags that every command with a model has.
struct ComputeFlags {
  std::string model;
  int threads = 0;  // 0: all CPUs that this process may use
  std::string isa = "auto";
  std::string device = "auto";

  void add_to(CLI::App& command);
};

}  // namespace weft
