// How the program explains itself: the layout of --help, and what it says about wrong flags.
#pragma once

#include <CLI/App.hpp>
#include <string>

namespace weft {

// Lays --help out: "--threads N (default 0)", choices as {a,b}. Commands that are added to `app` later inherit it.
void set_help_format(CLI::App& app);

// One sentence about a command line that could not be parsed, and where help is.
std::string explain_usage_error(const CLI::App& app, const CLI::Error& error);

}  // namespace weft
