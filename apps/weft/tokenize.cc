// weft tokenize: text on stdin to token ids on stdout, or back. No weights are loaded.
#include <cstdio>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>

#include "apps/weft/command.h"
#include "base/json.h"
#include "repository/model_source.h"
#include "text/tokenizer.h"

namespace weft {
namespace {

constexpr size_t kMaxInputBytes = size_t{1} << 30;
constexpr JsonLimits kLineLimits{.max_depth = 4, .max_nodes = size_t{1} << 28};

struct TokenizeFlags {
  std::string model;
  bool decode = false;
  bool no_special = false;
  bool special_as_text = false;
  bool jsonl = false;
};

// One direction: reads an input, appends what it stands for to `out`.
struct Conversion {
  const Tokenizer& tokenizer;
  const TokenizeFlags& flags;

  std::vector<int32_t> encode(std::string_view text) const {
    return tokenizer.encode(text,
                            {.add_special_tokens = !flags.no_special, .parse_special_tokens = !flags.special_as_text});
  }

  Result<int32_t> check_id(int64_t id) const {
    if (id >= 0 && id < tokenizer.vocab_size()) return static_cast<int32_t>(id);
    return make_error(ErrorCode::kInvalidValue, "there is no token {}; the ids go from 0 to {}.", id,
                      tokenizer.vocab_size() - 1);
  }

  // A JSON string to a JSON array of ids.
  Status encode_line(std::string_view line, std::string& out) const {
    TRY_ASSIGN(Json value, parse_json(line, kLineLimits));
    if (!value.is_string()) return make_error(ErrorCode::kInvalidJson, "a JSON string is expected.");
    out += '[';
    for (int32_t id : encode(value.as_string())) {
      if (out.back() != '[') out += ',';
      fmt::format_to(std::back_inserter(out), "{}", id);
    }
    out += ']';
    return {};
  }

  // A JSON array of ids to a JSON string.
  Status decode_line(std::string_view line, std::string& out) const {
    TRY_ASSIGN(Json value, parse_json(line, kLineLimits));
    if (!value.is_array()) return make_error(ErrorCode::kInvalidJson, "a JSON array of token ids is expected.");
    std::vector<int32_t> ids;
    for (const Json& element : value.as_array()) {
      if (!element.is_int64()) return make_error(ErrorCode::kInvalidJson, "the array may hold only token ids.");
      TRY_ASSIGN(int32_t id, check_id(element.as_int64()));
      ids.push_back(id);
    }
    append_json_string(out, tokenizer.decode(ids, flags.no_special));
    return {};
  }

  // Numbers between white space or commas to the text, without a newline of its own.
  Status decode_numbers(std::string_view text, std::string& out) const {
    std::vector<int32_t> ids;
    constexpr std::string_view kBetween = " \t\r\n,[]";
    for (size_t begin = text.find_first_not_of(kBetween); begin != std::string_view::npos;) {
      size_t end = std::min(text.find_first_of(kBetween, begin), text.size());
      std::string_view number = text.substr(begin, end - begin);
      if (number.size() > 10 || number.find_first_not_of("0123456789") != std::string_view::npos) {
        return make_error(ErrorCode::kInvalidValue, "\"{}\" is not a token id.", number.substr(0, 32));
      }
      TRY_ASSIGN(int32_t id, check_id(std::stoll(std::string(number))));
      ids.push_back(id);
      begin = text.find_first_not_of(kBetween, end);
    }
    out = tokenizer.decode(ids, flags.no_special);
    return {};
  }
};

Status write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) return {};
  return make_error(ErrorCode::kResourceExhausted, "stdout takes no more.");
}

// Every line is answered before the next one is read.
Status convert_lines(const Conversion& conversion) {
  std::string out;
  int64_t number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    if (line.find_first_not_of(" \t") == std::string::npos) continue;
    out.clear();
    Status status = conversion.flags.decode ? conversion.decode_line(line, out) : conversion.encode_line(line, out);
    if (!status) return in_context(fmt::format("stdin, line {}", number), status.error());
    out += '\n';
    TRY(write(out));
  }
  return {};
}

Status convert_whole(const Conversion& conversion) {
  std::string text, out;
  char block[1 << 16];
  while (size_t n = std::fread(block, 1, sizeof block, stdin)) {
    if (text.size() + n > kMaxInputBytes) {
      return make_error(ErrorCode::kResourceExhausted, "stdin holds more than 1 GiB.");
    }
    text.append(block, n);
  }
  if (conversion.flags.decode) {
    TRY(conversion.decode_numbers(text, out));
  } else {
    out = fmt::format("{}\n", fmt::join(conversion.encode(text), " "));
  }
  return write(out);
}

Status run_tokenize(const TokenizeFlags& flags) {
  TRY_ASSIGN(ModelSource source, resolve_model(flags.model));
  TRY_ASSIGN(auto tokenizer, Tokenizer::load_file(source.path));
  Conversion conversion{*tokenizer, flags};
  if (!flags.jsonl) return convert_whole(conversion);
  std::ios::sync_with_stdio(false);
  return convert_lines(conversion);
}

}  // namespace

void add_tokenize_command(CLI::App& app, int& exit_code) {
  auto flags = std::make_shared<TokenizeFlags>();
  CLI::App* command = app.add_subcommand(
      "tokenize",
      "Text on stdin to token ids, or back. Without --jsonl all of stdin is one text (its last newline too), and its "
      "ids are printed on one line, separated by spaces.");
  command
      ->add_option("MODEL", flags->model,
                   "What 'weft serve' takes, or a tokenizer file: tokenizer.json, tokenizer.model, tiktoken ranks, "
                   "vocab.txt, .gguf without weights")
      ->required();
  command->add_flag("--decode", flags->decode,
                    "Ids to text: numbers between spaces or commas; the text is printed without a newline behind it");
  command->add_flag("--no-special", flags->no_special,
                    "Add no special tokens such as BOS; with --decode, leave out those among the ids");
  command->add_flag("--special-as-text", flags->special_as_text,
                    "\"<|im_end|>\" in the text is its letters, not the token");
  command->add_flag("--jsonl", flags->jsonl,
                    "A JSON string per line in, a JSON array of ids per line out, each line at once; with --decode the "
                    "other way round. Empty lines are skipped");
  command->callback([flags, &exit_code] {
    if (Status status = run_tokenize(*flags); !status) exit_code = report_error(status.error());
  });
}

}  // namespace weft
