// weft grammar: what a grammar for structured output accepts (check), and what it allows (sample).
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>

#include "apps/weft/command.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "grammar/byte_tokenizer.h"
#include "grammar/compile.h"
#include "grammar/grammar_probe.h"
#include "grammar/python_json.h"
#include "text/tokenizer.h"

namespace weft {
namespace {

constexpr size_t kMaxFileBytes = size_t{64} << 20;

struct GrammarFlags {
  std::string schema_file, regex, grammar_file, structural_tag_file;
  bool json_object = false;
  bool no_strict = false;
  bool compact = false;
  std::string whitespace;
  bool no_additional_properties = false;
  std::string tokenizer;
  std::string end_token;
  bool jsonl = false;
  // check
  std::string instance_file;
  bool raw = false;
  // sample
  SampleOptions sample;
  int32_t count = 1;

  void add_to(CLI::App& command);
  Result<GrammarSpec> to_spec() const;
};

void GrammarFlags::add_to(CLI::App& command) {
  command.add_option("SCHEMA", schema_file, "File with a JSON schema");
  command.add_option("--regex", regex, "A regular expression instead of a schema");
  command.add_option("--grammar,--ebnf", grammar_file, "File with a grammar (EBNF or GBNF) instead of a schema");
  command.add_option("--structural-tag", structural_tag_file, "File with a structural tag (JSON) instead of a schema");
  command.add_flag("--json-object", json_object, "Any JSON object instead of a schema");
  command.add_flag("--no-strict", no_strict, "Keywords that can't be enforced are left out instead of refused");
  command.add_flag("--compact", compact, "No white space between the parts of JSON");
  command.add_option("--whitespace", whitespace, "Regular expression of the white space between the parts of JSON");
  command.add_flag("--no-additional-properties", no_additional_properties, "Objects are closed unless they say");
  command.add_option("--tokenizer", tokenizer,
                     "File or model whose tokens are used (tokenizer.json, tokenizer.model, .gguf); default: bytes");
  command.add_option("--end-token", end_token, "Text of the token that ends an answer; default: the tokenizer's");
  command.add_flag("--jsonl", jsonl, "Read one JSON object per line from stdin, write one per line to stdout");
}

Result<GrammarSpec> GrammarFlags::to_spec() const {
  GrammarSpec spec;
  spec.strict = !no_strict;
  spec.compact_whitespace = compact;
  spec.whitespace_pattern = whitespace;
  spec.no_additional_properties = no_additional_properties;
  int given = !schema_file.empty() + !regex.empty() + !grammar_file.empty() + !structural_tag_file.empty() +
              json_object + jsonl;
  if (given != 1) {
    return param_error("schema", "Give one of SCHEMA, --regex, --grammar, --structural-tag, --json-object, --jsonl.");
  }
  spec.text = regex;
  std::string file;
  if (!schema_file.empty() || jsonl) {
    spec.kind = GrammarSpec::Kind::kJsonSchema;
    file = schema_file;
  } else if (!regex.empty()) {
    spec.kind = GrammarSpec::Kind::kRegex;
  } else if (!grammar_file.empty()) {
    spec.kind = GrammarSpec::Kind::kGrammar;
    file = grammar_file;
  } else if (!structural_tag_file.empty()) {
    spec.kind = GrammarSpec::Kind::kStructuralTag;
    file = structural_tag_file;
  }
  if (!file.empty()) {
    TRY_ASSIGN(spec.text, read_text_file(file, kMaxFileBytes));
  }
  return spec;
}

// A tokenizer, its vocabulary for grammars, and the token that ends an answer.
struct Tokens {
  std::unique_ptr<const Tokenizer> tokenizer;
  std::shared_ptr<const GrammarVocabulary> vocabulary;
  TokenId end_token = 0;

  static Result<Tokens> load(const GrammarFlags& flags);
  GrammarProbe probe() const { return {*tokenizer, *vocabulary, end_token}; }
};

Result<TokenId> find_end_token(const Tokenizer& tokenizer, const std::string& wanted) {
  if (!wanted.empty()) {
    if (auto id = tokenizer.find_token(wanted)) return *id;
    return param_error("end-token", "The tokenizer has no token '{}'.", wanted);
  }
  if (auto id = tokenizer.eos_id()) return *id;
  // A bare vocabulary does not say which token ends an answer: the names of the usual ones.
  for (std::string_view name : {"<|im_end|>", "<|eot_id|>", "<|end_of_text|>", "<|endoftext|>", "</s>", "<eos>"}) {
    auto id = tokenizer.find_token(name);
    if (id && tokenizer.is_special(*id)) return *id;
  }
  return param_error("end-token", "The tokenizer does not say which token ends an answer; name it: --end-token TEXT.");
}

Result<Tokens> Tokens::load(const GrammarFlags& flags) {
  Tokens tokens;
  if (flags.tokenizer.empty()) {
    tokens.tokenizer = std::make_unique<ByteTokenizer>();
  } else {
    TRY_ASSIGN(tokens.tokenizer, Tokenizer::load_file(flags.tokenizer));
  }
  TRY_ASSIGN(tokens.end_token, find_end_token(*tokens.tokenizer, flags.end_token));
  tokens.vocabulary = GrammarVocabulary::build(*tokens.tokenizer, {tokens.end_token});
  return tokens;
}

std::string describe(const UnenforcedKeyword& keyword) {
  return fmt::format("{}: {}", keyword.path.empty() ? "/" : keyword.path, keyword.keyword);
}

// Compiles without strictness, so that every keyword that is not enforced is listed, not only the first.
Result<CompiledGrammar> compile_leniently(GrammarSpec spec, const Tokens& tokens) {
  spec.strict = false;
  return compile_grammar(spec, tokens.vocabulary);
}

JsonArray numbers(const std::vector<double>& values) {
  JsonArray array;
  for (double value : values) array.emplace_back(std::round(value * 1000) / 1000);
  return array;
}

// One line of --jsonl: members of the request's object.
struct LineRequest {
  GrammarSpec spec;
  std::vector<std::string> instances;

  static Result<LineRequest> parse(std::string_view line, const GrammarSpec& defaults);

 private:
  Result<bool> take_grammar(const JsonMember& member);
};

// Whether the member says what the grammar is.
Result<bool> LineRequest::take_grammar(const JsonMember& member) {
  using Kind = GrammarSpec::Kind;
  static constexpr std::pair<std::string_view, Kind> kKinds[] = {{"schema", Kind::kJsonSchema},
                                                                 {"structural_tag", Kind::kStructuralTag},
                                                                 {"regex", Kind::kRegex},
                                                                 {"grammar", Kind::kGrammar},
                                                                 {"choice", Kind::kChoice}};
  for (const auto& [name, kind] : kKinds) {
    if (member.key != name) continue;
    spec.kind = kind;
    spec.text = member.value;
    if (kind == Kind::kJsonSchema || kind == Kind::kStructuralTag) return true;
    TRY_ASSIGN(Json value, parse_json(member.value));
    if (kind == Kind::kChoice ? !value.is_array() : !value.is_string()) {
      return param_error(name, "\"{}\" has to be {}.", name, kind == Kind::kChoice ? "an array of texts" : "a text");
    }
    if (kind != Kind::kChoice) {
      spec.text = value.get_string();
      return true;
    }
    spec.text.clear();
    for (const Json& choice : value.get_array()) {
      if (!choice.is_string()) return param_error(name, "\"choice\" has to be an array of texts.");
      spec.choices.emplace_back(choice.get_string());
    }
    return true;
  }
  return false;
}

Result<LineRequest> LineRequest::parse(std::string_view line, const GrammarSpec& defaults) {
  LineRequest request{defaults, {}};
  TRY_ASSIGN(std::vector<JsonMember> members, json_members(line));
  int grammars = 0;
  std::string_view instances = "[]";
  for (const JsonMember& member : members) {
    TRY_ASSIGN(bool is_grammar, request.take_grammar(member));
    grammars += is_grammar;
    if (member.key == "instances") instances = member.value;
  }
  if (grammars != 1) {
    return param_error("schema", "The line needs \"schema\", or one of regex, grammar, structural_tag, choice.");
  }
  TRY_ASSIGN(std::vector<std::string_view> elements, json_elements(instances));
  for (std::string_view element : elements) {
    TRY_ASSIGN(std::string text, python_json(element));
    if (request.spec.kind != GrammarSpec::Kind::kJsonSchema) {
      // Other grammars accept texts, not values.
      TRY_ASSIGN(Json value, parse_json(element));
      if (!value.is_string()) return param_error("instances", "Instances of such a grammar have to be texts.");
      text = value.get_string();
    }
    request.instances.push_back(std::move(text));
  }
  return request;
}

JsonObject error_line(const Error& error) {
  return {{"supported", false},     {"unsupported", JsonArray()}, {"accepted", JsonArray()}, {"compile_us", 0.0},
          {"mask_us", JsonArray()}, {"masks", JsonArray()},       {"error", error.message}};
}

JsonObject check_line(const GrammarSpec& defaults, const Tokens& tokens, std::string_view line) {
  auto request = LineRequest::parse(line, defaults);
  if (!request) return error_line(request.error());
  double start = thread_cpu_us();
  auto compiled = compile_leniently(request->spec, tokens);
  double compile_us = thread_cpu_us() - start;
  if (!compiled) {
    JsonObject answer = error_line(compiled.error());
    answer["compile_us"] = compile_us;
    return answer;
  }
  JsonArray unsupported, accepted, masks, reasons;
  for (const UnenforcedKeyword& keyword : compiled->unenforced) unsupported.emplace_back(describe(keyword));
  bool supported = compiled->unenforced.empty();
  std::vector<double> mask_us;
  for (size_t i = 0; i < request->instances.size() && (supported || !defaults.strict); ++i) {
    TextVerdict verdict = check_text(tokens.probe(), *compiled->constraint, request->instances[i]);
    accepted.emplace_back(verdict.accepted);
    masks.emplace_back(verdict.mask_us.size());
    reasons.emplace_back(verdict.reason);
    mask_us.insert(mask_us.end(), verdict.mask_us.begin(), verdict.mask_us.end());
  }
  return {{"supported", supported},      {"unsupported", unsupported},
          {"accepted", accepted},        {"compile_us", compile_us},
          {"mask_us", numbers(mask_us)}, {"masks", masks},
          {"reasons", reasons},          {"memory_bytes", compiled->memory_bytes}};
}

JsonObject sample_line(const GrammarFlags& flags, const GrammarSpec& defaults, const Tokens& tokens,
                       std::string_view line) {
  auto request = LineRequest::parse(line, defaults);
  if (!request) return {{"supported", false}, {"error", request.error().message}};
  double start = thread_cpu_us();
  auto compiled = compile_leniently(request->spec, tokens);
  double compile_us = thread_cpu_us() - start;
  if (!compiled) return {{"supported", false}, {"error", compiled.error().message}, {"compile_us", compile_us}};
  if (defaults.strict && !compiled->unenforced.empty()) {
    return {{"supported", false},
            {"error", describe(compiled->unenforced.front()) + " is not enforced"},
            {"compile_us", compile_us}};
  }
  JsonArray texts, cut, dead_ends;
  SampleOptions options = flags.sample;
  options.hints = schema_hints(request->spec.text);
  for (int32_t i = 0; i < flags.count; ++i, ++options.seed) {
    auto sample = sample_text(tokens.probe(), *compiled->constraint, options);
    if (!sample) {
      dead_ends.emplace_back(sample.error().message);
    } else {
      (sample->finished ? texts : cut).emplace_back(sample->text);
    }
  }
  return {{"supported", true},      {"texts", texts},           {"cut", cut},
          {"dead_ends", dead_ends}, {"compile_us", compile_us}, {"memory_bytes", compiled->memory_bytes}};
}

// `answer`: from a line to the object that answers it.
template <class Answer>
void answer_lines(Answer answer) {
  for (std::string line; std::getline(std::cin, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    std::cout << write_json(answer(line)) << std::endl;
  }
}

Status run_check(const GrammarFlags& flags, int& exit_code) {
  TRY_ASSIGN(GrammarSpec spec, flags.to_spec());
  TRY_ASSIGN(Tokens tokens, Tokens::load(flags));
  if (flags.jsonl) {
    answer_lines([&](std::string_view line) { return check_line(spec, tokens, line); });
    return {};
  }
  TRY_ASSIGN(CompiledGrammar compiled, compile_leniently(spec, tokens));
  for (const UnenforcedKeyword& keyword : compiled.unenforced) {
    fmt::print("not enforced: {} ({})\n", describe(keyword), keyword.reason);
  }
  bool supported = compiled.unenforced.empty();
  fmt::print("{}\n", supported ? "supported: every keyword is enforced" : "not supported: a strict request is refused");
  if (!supported && spec.strict) exit_code = kExitFailure;
  if (flags.instance_file.empty()) return {};
  TRY_ASSIGN(std::string instance, read_text_file(flags.instance_file, kMaxFileBytes));
  bool is_json = spec.kind == GrammarSpec::Kind::kJsonSchema || spec.kind == GrammarSpec::Kind::kJsonObject;
  if (is_json && !flags.raw) {
    TRY_ASSIGN(instance, python_json(instance));
  }
  TextVerdict verdict = check_text(tokens.probe(), *compiled.constraint, instance);
  if (verdict.accepted) {
    fmt::print("accepted: {}\n", flags.instance_file);
  } else {
    fmt::print("rejected: {}: {}\n", flags.instance_file, verdict.reason);
    exit_code = kExitFailure;
  }
  return {};
}

Status run_sample(const GrammarFlags& flags, int& exit_code) {
  TRY_ASSIGN(GrammarSpec spec, flags.to_spec());
  TRY_ASSIGN(Tokens tokens, Tokens::load(flags));
  if (flags.jsonl) {
    answer_lines([&](std::string_view line) { return sample_line(flags, spec, tokens, line); });
    return {};
  }
  TRY_ASSIGN(CompiledGrammar compiled, compile_grammar(spec, tokens.vocabulary));
  SampleOptions options = flags.sample;
  options.hints = schema_hints(spec.text);
  for (int32_t i = 0; i < flags.count; ++i, ++options.seed) {
    TRY_ASSIGN(SampledText sample, sample_text(tokens.probe(), *compiled.constraint, options));
    if (!sample.finished) {
      fmt::print(stderr, "weft: seed {}: cut off after {} tokens\n", options.seed, sample.tokens);
      exit_code = kExitFailure;
    }
    fmt::print("{}\n", sample.text);
  }
  return {};
}

using Run = Status (*)(const GrammarFlags& flags, int& exit_code);

void set_callback(CLI::App* command, std::shared_ptr<GrammarFlags> flags, Run run, int& exit_code) {
  command->callback([flags, run, &exit_code] {
    if (Status status = run(*flags, exit_code); !status) exit_code = report_error(status.error());
  });
}

}  // namespace

void add_grammar_command(CLI::App& app, int& exit_code) {
  CLI::App* grammar = app.add_subcommand("grammar", "What a schema or grammar for structured output accepts");
  grammar->require_subcommand(1);

  auto check_flags = std::make_shared<GrammarFlags>();
  CLI::App* check = grammar->add_subcommand("check", "Which keywords are not enforced; is an instance accepted");
  check_flags->add_to(*check);
  check->add_option("--instance", check_flags->instance_file,
                    "File with an instance; JSON is first written as Python's json.dumps writes it");
  check->add_flag("--raw", check_flags->raw, "Take the instance's bytes as they are");
  check->footer(
      "With --jsonl, a line {\"schema\":..,\"instances\":[..]} is answered by {\"supported\",\"unsupported\":\n"
      "[\"path: keyword\"],\"accepted\":[bool],\"compile_us\",\"mask_us\":[..]}. mask_us has one figure per mask, over "
      "all\n"
      "instances in turn (as many of each as \"masks\" says): the mask before each token, and after the last one the "
      "mask\n"
      "that allows the end; a rejected instance stops at the mask that lacks its token. Times are CPU time of the one\n"
      "thread that works. \"reasons\" says why an instance is rejected; \"error\" what is wrong with the line or "
      "schema.\n"
      "A schema that is not supported is not tried on its instances, except with --no-strict. Instead of \"schema\" a "
      "line\n"
      "may have \"regex\", \"grammar\", \"structural_tag\" or \"choice\"; its instances are then texts.");
  set_callback(check, check_flags, run_check, exit_code);

  auto sample_flags = std::make_shared<GrammarFlags>();
  CLI::App* sample = grammar->add_subcommand("sample", "Random texts that a schema or grammar allows");
  sample_flags->add_to(*sample);
  sample->add_option("--seed", sample_flags->sample.seed, "Seed of the first text; the next has the next")
      ->capture_default_str();
  sample->add_option("--count", sample_flags->count, "How many texts")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  sample
      ->add_option("--free-tokens", sample_flags->sample.free_tokens,
                   "Tokens drawn freely; after them, those that end things are preferred")
      ->check(CLI::Range(0, 1 << 20))
      ->capture_default_str();
  sample->add_option("--max-tokens", sample_flags->sample.max_tokens, "Where a text is cut off")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  sample->footer(
      "With --jsonl, a line {\"schema\":..} is answered by "
      "{\"supported\",\"texts\":[..],\"cut\":[..],\"dead_ends\":[..]}.");
  set_callback(sample, sample_flags, run_sample, exit_code);
}

}  // namespace weft
