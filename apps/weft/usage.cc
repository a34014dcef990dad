#include "apps/weft/usage.h"

#include <fmt/format.h>

#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <memory>
#include <string_view>

namespace weft {
namespace {

constexpr size_t kColumnWidth = 34;

// CLI11 joins the type and every check into "INT:INT in [0 - 256]"; readers need a word, or the choices.
std::string value_word(const CLI::Option& option) {
  std::string type = option.get_type_name();
  if (size_t choices = type.find('{'); choices != std::string::npos) return type.substr(choices);
  if (option.get_positional()) return "";
  std::string first = type.substr(0, type.find_first_of(":["));
  if (first == "INT" || first == "UINT") return type.find("SIZE") == std::string::npos ? "N" : "SIZE";
  return first == "FLOAT" ? "X" : first;
}

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    if (option->get_type_size() == 0) return "";
    std::string word = value_word(*option);
    std::string out = word.empty() ? "" : " " + word;
    bool is_list = option->get_expected_max() == CLI::detail::expected_max_vector_size;
    if (is_list && option->get_delimiter() != '\0') out += "," + word + "..";
    std::string standard = option->get_default_str();
    if (is_list && standard.size() > 2 && standard.front() == '[') standard = standard.substr(1, standard.size() - 2);
    if (!standard.empty()) out += " (default " + standard + ")";
    if (option->get_required() && !option->get_positional()) out += " (required)";
    return out;
  }

  // "--enable-x,--no-enable-x{false}" without the value that only the parser needs.
  std::string make_option_name(const CLI::Option* option, bool is_positional) const override {
    std::string name = CLI::Formatter::make_option_name(option, is_positional);
    if (size_t brace = name.find("{false}"); brace != std::string::npos) name.erase(brace, 7);
    return name;
  }
};

}  // namespace

void set_help_format(CLI::App& app) {
  auto formatter = std::make_shared<HelpFormatter>();
  formatter->column_width(kColumnWidth);
  app.formatter(formatter);
}

std::string explain_usage_error(const CLI::App& app, const CLI::Error& error) {
  std::string name = "weft";
  const CLI::App* command = &app;
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    name += " " + command->get_name();
  }
  std::string what = error.what();
  // An argument that nothing takes explains a missing one: "weft sevre" lacks no command.
  std::vector<std::string> unknown = app.remaining(true);
  if (!unknown.empty()) {
    bool wants_command = command->get_require_subcommand_min() > 0;
    what = fmt::format("There is no {} '{}'", wants_command ? "command" : "argument", unknown.front());
  } else if (what == "A subcommand is required") {
    what = "A command is missing";
  }
  return fmt::format("weft: {}. '{} --help' explains.\n", what, name);
}

}  // namespace weft
