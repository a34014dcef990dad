// Evidence of each format is named with it; "templates/" is llama.cpp's collection of published chat templates
// (models/templates), which holds the form that a model's own past calls are shown to it in.
#include "frontend/tool_calls/formats.h"

#include <algorithm>
#include <optional>

#include "frontend/tool_calls/harmony.h"
#include "frontend/tool_calls/json_calls.h"
#include "frontend/tool_calls/pythonic.h"
#include "frontend/tool_calls/tag_calls.h"

namespace weft {
namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string_view before(std::string_view text, std::string_view mark) { return text.substr(0, text.find(mark)); }

std::optional<CallHeader> named(std::string_view name, std::string_view id = {}) {
  name = trim(name);
  if (name.empty() || name.find_first_of(" \t\r\n<>") != std::string_view::npos) return std::nullopt;
  return CallHeader{std::string(name), std::string(id)};
}

// NAME<｜tool▁sep｜>
std::optional<CallHeader> deepseek_v31_header(std::string_view text) { return named(before(text, "<｜tool▁sep｜>")); }

// function<｜tool▁sep｜>NAME, a line break, ```json
std::optional<CallHeader> deepseek_v3_header(std::string_view text) {
  constexpr std::string_view kSeparator = "<｜tool▁sep｜>";
  size_t at = text.find(kSeparator);
  if (at == std::string_view::npos) return std::nullopt;
  return named(before(trim(text.substr(at + kSeparator.size())), "\n"));
}

// functions.NAME:3<|tool_call_argument_begin|>; all before the marker is the call's id
std::optional<CallHeader> kimi_header(std::string_view text) {
  std::string_view id = trim(before(text, "<|tool_call_argument_begin|>"));
  std::string_view name = id.substr(0, id.rfind(':'));
  constexpr std::string_view kPrefix = "functions.";
  if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
  return named(name, id);
}

// NAME[ARGS] or NAME[CALL_ID]ID[ARGS]
std::optional<CallHeader> mistral_header(std::string_view text) {
  std::string_view id;
  constexpr std::string_view kId = "[CALL_ID]";
  if (size_t at = text.find(kId); at != std::string_view::npos)
    id = trim(before(text.substr(at + kId.size()), "[ARGS]"));
  return named(before(before(text, "[ARGS]"), kId), id);
}

// NAME> behind <function=
std::optional<CallHeader> functionary_header(std::string_view text) {
  return text.ends_with('>') ? named(before(text, ">")) : std::nullopt;
}

// templates/Qwen-Qwen2.5-7B-Instruct, Qwen-Qwen3-0.6B, NousResearch-Hermes-2-Pro-Llama-3-8B-tool_use
const JsonCallFormat kHermes{.begin = {"<tool_call>"}, .end = "</tool_call>"};
// templates/meta-llama-Llama-3.1-8B-Instruct, -3.2-3B-, -3.3-70B-; vLLM's documentation of llama3_json (several calls
// are separated by semicolons; <|python_tag|> may stand in front)
const JsonCallFormat kLlama3Json{.begin = {"<|python_tag|>"}, .bare = true};
// templates/mistralai-Mistral-Nemo-Instruct-2407 (a list), Mistral-Small-3.2-24B-Instruct-2506 (with [CALL_ID]),
// unsloth-mistral-Devstral-Small-2507; mistral-common's v3, v7, v15
const JsonCallFormat kMistral{.begin = {"[TOOL_CALLS]"}, .separators = {"[TOOL_CALLS]"}, .read_header = mistral_header};
// templates/llama-cpp-deepseek-r1, deepseek-ai-DeepSeek-R1-Distill-Qwen-32B
const JsonCallFormat kDeepSeekV3{
    .begin = {"<｜tool▁calls▁begin｜>"},
    .end = "<｜tool▁calls▁end｜>",
    .separators = {"<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>", "```"},
    .read_header = deepseek_v3_header,
};
// templates/deepseek-ai-DeepSeek-V3.1
const JsonCallFormat kDeepSeekV31{
    .begin = {"<｜tool▁calls▁begin｜>"},
    .end = "<｜tool▁calls▁end｜>",
    .separators = {"<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>"},
    .read_header = deepseek_v31_header,
};
// templates/moonshotai-Kimi-K2, Kimi-K2-Instruct
const JsonCallFormat kKimiK2{
    .begin = {"<|tool_calls_section_begin|>"},
    .end = "<|tool_calls_section_end|>",
    .separators = {"<|tool_call_begin|>", "<|tool_call_end|>"},
    .read_header = kimi_header,
};
// templates/ibm-granite-granite-3.3-2B-Instruct ("respond only with <|tool_call|> followed by a JSON list"); vLLM's
// documentation of its granite parser (Granite 3.1 writes <tool_call>)
const JsonCallFormat kGranite{.begin = {"<|tool_call|>", "<tool_call>"}};
// vLLM's tool_chat_template_phi4_mini and its phi4_mini_json (functools[..]); templates/
// fireworks-ai-llama-3-firefunction-v2; llama.cpp pull request 12288 (<|tool_call|>..<|/tool_call|>)
const JsonCallFormat kPhi4Mini{.begin = {"functools", "<|tool_call|>"}, .separators = {"<|/tool_call|>"}};
// templates/NVIDIA-Nemotron-Nano-v2
const JsonCallFormat kNemotron{.begin = {"<TOOLCALL>"}, .end = "</TOOLCALL>"};
// templates/Apriel-1.6-15b-Thinker-fixed
const JsonCallFormat kApriel{.begin = {"<tool_calls>"}, .end = "</tool_calls>"};
// The template of CohereLabs/c4ai-command-a-03-2025 (huggingface.js's test data)
const JsonCallFormat kCommandA{.begin = {"<|START_ACTION|>"}, .end = "<|END_ACTION|>"};
// templates/meetkai-functionary-medium-v3.1
const JsonCallFormat kFunctionary{.begin = {"<function="}, .end = "</function>", .read_header = functionary_header};

// templates/Qwen3-Coder, StepFun3.5-Flash; the template of Qwen/Qwen3.5-4B (huggingface.js's test data)
const TagCallFormat kQwen3Coder{.begin = "<tool_call>",
                                .end = "</tool_call>",
                                .call_begin = "<function=",
                                .name_end = ">",
                                .call_end = "</function>",
                                .parameter_begin = "<parameter=",
                                .parameter_name_end = ">",
                                .value_end = "</parameter>",
                                .trims_line_breaks = true};
// templates/ByteDance-Seed-OSS
const TagCallFormat kSeedOss{.begin = "<seed:tool_call>",
                             .end = "</seed:tool_call>",
                             .call_begin = "<function=",
                             .name_end = ">",
                             .call_end = "</function>",
                             .parameter_begin = "<parameter=",
                             .parameter_name_end = ">",
                             .value_end = "</parameter>"};
// templates/MiniMax-M2
const TagCallFormat kMiniMaxM2{.begin = "<minimax:tool_call>",
                               .end = "</minimax:tool_call>",
                               .call_begin = "<invoke name=\"",
                               .name_end = "\">",
                               .call_end = "</invoke>",
                               .parameter_begin = "<parameter name=\"",
                               .parameter_name_end = ">",
                               .value_end = "</parameter>"};
// templates/deepseek-ai-DeepSeek-V3.2 (the names have a "｜DSML｜" in front)
const TagCallFormat kDeepSeekV32{.begin = "<｜DSML｜function_calls>",
                                 .end = "</｜DSML｜function_calls>",
                                 .call_begin = "<｜DSML｜invoke name=\"",
                                 .name_end = "\">",
                                 .call_end = "</｜DSML｜invoke>",
                                 .parameter_begin = "<｜DSML｜parameter name=\"",
                                 .parameter_name_end = ">",
                                 .value_end = "</｜DSML｜parameter>",
                                 .text_attribute = "string=\"true\""};
// templates/GLM-4.6, GLM-4.7-Flash
const TagCallFormat kGlm45{.begin = "<tool_call>",
                           .end = "</tool_call>",
                           .parameter_begin = "<arg_key>",
                           .parameter_name_end = "</arg_key>",
                           .value_begin = "<arg_value>",
                           .value_end = "</arg_value>"};

const PythonicFormat kPythonic{.begin = "<|python_start|>", .end = "<|python_end|>", .bare = true};
const PythonicFormat kLfm2{.begin = "<|tool_call_start|>", .end = "<|tool_call_end|>"};

template <const JsonCallFormat& kFormat>
std::unique_ptr<ToolCallParser> make_json(ToolCallContext context) {
  return std::make_unique<JsonCallParser>(kFormat, std::move(context));
}
template <const TagCallFormat& kFormat>
std::unique_ptr<ToolCallParser> make_tags(ToolCallContext context) {
  return std::make_unique<TagCallParser>(kFormat, std::move(context));
}
template <const PythonicFormat& kFormat>
std::unique_ptr<ToolCallParser> make_pythonic(ToolCallContext context) {
  return std::make_unique<PythonicParser>(kFormat, std::move(context));
}
std::unique_ptr<ToolCallParser> make_harmony(ToolCallContext context) {
  return std::make_unique<HarmonyParser>(true, std::move(context));
}

const ToolCallFormat kFormats[] = {
    {.name = "hermes",
     .aliases = {"qwen", "qwen25", "qwen2d5", "qwen3"},
     .markers = {"<tool_call>", "</tool_call>"},
     .forced = {"<tool_call>\n{\"name\": \"NAME\", \"arguments\": ", "}\n</tool_call>", "\n"},
     .make = make_json<kHermes>},
    {.name = "llama3_json",
     .aliases = {"llama3", "llama4_json"},
     .markers = {"<|python_tag|>"},
     .forced = {"{\"name\": \"NAME\", \"parameters\": ", "}", "; "},
     .make = make_json<kLlama3Json>},
    {.name = "pythonic",
     .aliases = {"llama4_pythonic"},
     .markers = {"<|python_start|>", "<|python_end|>"},
     .make = make_pythonic<kPythonic>},
    {.name = "mistral",
     .markers = {"[TOOL_CALLS]", "[ARGS]", "[CALL_ID]"},
     .id_style = CallIdStyle::kNine,
     .make = make_json<kMistral>},
    {.name = "qwen3_coder",
     .aliases = {"qwen3coder", "qwen3_xml", "step3p5"},
     .markers = {"<tool_call>", "</tool_call>"},
     .make = make_tags<kQwen3Coder>},
    {.name = "deepseek_v3",
     .aliases = {"deepseekv3", "deepseek_r1"},
     .markers = {"<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>", "<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>",
                 "<｜tool▁sep｜>"},
     .make = make_json<kDeepSeekV3>},
    {.name = "deepseek_v31",
     .aliases = {"deepseekv31"},
     .markers = {"<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>", "<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>",
                 "<｜tool▁sep｜>"},
     .make = make_json<kDeepSeekV31>},
    {.name = "deepseek_v32", .aliases = {"deepseekv32"}, .markers = {"｜DSML｜"}, .make = make_tags<kDeepSeekV32>},
    {.name = "granite", .markers = {"<|tool_call|>", "<tool_call>"}, .make = make_json<kGranite>},
    {.name = "phi4_mini_json",
     .aliases = {"functools", "firefunction_v2"},
     .markers = {"<|tool_call|>", "<|/tool_call|>"},
     .forced = {"functools[{\"name\": \"NAME\", \"arguments\": ", "}]"},
     .make = make_json<kPhi4Mini>},
    {.name = "harmony",
     .aliases = {"openai", "gpt-oss", "gpt_oss"},
     .markers = {"<|channel|>", "<|message|>", "<|start|>", "<|end|>", "<|constrain|>", "<|call|>", "<|return|>"},
     .make = make_harmony},
    {.name = "glm45",
     .aliases = {"glm46", "glm47"},
     .markers = {"<tool_call>", "</tool_call>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"},
     .make = make_tags<kGlm45>},
    {.name = "kimi_k2",
     .markers = {"<|tool_calls_section_begin|>", "<|tool_calls_section_end|>", "<|tool_call_begin|>",
                 "<|tool_call_end|>", "<|tool_call_argument_begin|>"},
     .make = make_json<kKimiK2>},
    {.name = "seed_oss", .markers = {"<seed:tool_call>", "</seed:tool_call>"}, .make = make_tags<kSeedOss>},
    {.name = "minimax_m2", .markers = {"<minimax:tool_call>", "</minimax:tool_call>"}, .make = make_tags<kMiniMaxM2>},
    {.name = "nemotron_json",
     .markers = {"<TOOLCALL>", "</TOOLCALL>"},
     .forced = {"<TOOLCALL>[{\"name\": \"NAME\", \"arguments\": ", "}]</TOOLCALL>"},
     .make = make_json<kNemotron>},
    {.name = "apriel",
     .markers = {"<tool_calls>", "</tool_calls>"},
     .forced = {"<tool_calls>[{\"name\": \"NAME\", \"arguments\": ", "}]</tool_calls>"},
     .make = make_json<kApriel>},
    {.name = "command_a",
     .aliases = {"cohere_command"},
     .markers = {"<|START_ACTION|>", "<|END_ACTION|>"},
     .make = make_json<kCommandA>},
    {.name = "functionary_v31",
     .markers = {"<|python_tag|>"},
     .forced = {"<function=NAME>", "</function>", "\n"},
     .make = make_json<kFunctionary>},
    {.name = "lfm2", .markers = {"<|tool_call_start|>", "<|tool_call_end|>"}, .make = make_pythonic<kLfm2>},
};

// What a template must hold, all of it; the first that fits counts, so what is more particular stands first.
struct DetectionRule {
  std::string_view format;  // empty: a format that is known not to be done
  std::vector<std::string_view> texts;
};
const DetectionRule kRules[] = {
    {"deepseek_v32", {"｜DSML｜"}},
    {"minimax_m2", {"<minimax:tool_call>"}},
    {"seed_oss", {"<seed:tool_call>"}},
    {"kimi_k2", {"<|tool_calls_section_begin|>"}},
    {"deepseek_v3", {"<｜tool▁calls▁begin｜>", "```json"}},
    {"deepseek_v31", {"<｜tool▁calls▁begin｜>"}},
    {"harmony", {"<|channel|>", "<|message|>"}},
    {"command_a", {"<|START_ACTION|>"}},
    {"nemotron_json", {"<TOOLCALL>"}},
    {"apriel", {"<tool_calls>["}},
    {"mistral", {"[TOOL_CALLS]"}},
    {"", {"<|tool_call>call:"}},  // Gemma 4
    {"glm45", {"<arg_key>", "<tool_call>"}},
    {"qwen3_coder", {"<tool_call>", "<function=", "<parameter="}},
    {"phi4_mini_json", {"functools["}},
    {"functionary_v31", {"<function=", "</function>"}},
    {"granite", {"<|start_of_role|>", "available_tools"}},
    {"hermes", {"<tool_call>"}},
    {"lfm2", {"<|tool_list_start|>"}},
    {"llama3_json", {"<|python_tag|>"}},
    {"llama3_json", {"<|start_header_id|>", "\"parameters\""}},
    {"phi4_mini_json", {"<|tool|>"}},
};

}  // namespace

std::span<const ToolCallFormat> tool_call_formats() { return kFormats; }

const ToolCallFormat* find_tool_call_format(std::string_view name) {
  for (const ToolCallFormat& format : kFormats) {
    if (format.name == name) return &format;
    if (std::find(format.aliases.begin(), format.aliases.end(), name) != format.aliases.end()) return &format;
  }
  return nullptr;
}

const ToolCallFormat* detect_tool_call_format(std::string_view chat_template) {
  for (const DetectionRule& rule : kRules) {
    auto holds = [&](std::string_view text) { return chat_template.find(text) != std::string_view::npos; };
    if (std::all_of(rule.texts.begin(), rule.texts.end(), holds)) return find_tool_call_format(rule.format);
  }
  return nullptr;
}

const ToolCallFormat& forced_format(const ToolCallFormat* own) {
  if (own != nullptr && !own->forced.begin.empty()) return *own;
  return kFormats[0];
}

}  // namespace weft
