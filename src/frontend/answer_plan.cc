#include "frontend/answer_plan.h"

#include <algorithm>

#include "base/json.h"
#include "base/rng.h"
#include "frontend/reasoning_constraint.h"

namespace weft {
namespace {

bool is_forced(const TextRequest& request) {
  return request.tool_choice == ToolChoice::kRequired || request.tool_choice == ToolChoice::kNamed;
}

Error unsupported(std::string_view param, std::string_view what) {
  Error error = make_error(ErrorCode::kUnsupported, "{}", what);
  error.param = param;
  return error;
}

const JsonObject* function_of(const Json& tool) {
  const Json* function = tool.is_object() ? tool.get_object().if_contains("function") : nullptr;
  return function != nullptr && function->is_object() ? &function->get_object() : nullptr;
}

std::string_view name_of(const JsonObject& function) {
  const Json* name = function.if_contains("name");
  if (name == nullptr || !name->is_string()) return {};
  return {name->get_string().data(), name->get_string().size()};
}

// The schema of a tool's arguments, which are an object whatever it says.
Json arguments_schema(const JsonObject& function) {
  const Json* parameters = function.if_contains("parameters");
  if (parameters == nullptr || !parameters->is_object()) {
    return JsonObject{{"type", "object"}, {"properties", JsonObject()}, {"additionalProperties", false}};
  }
  JsonObject schema = parameters->get_object();
  if (!schema.contains("type")) schema["type"] = "object";
  return schema;
}

std::string with_name(std::string_view text, std::string_view name) {
  constexpr std::string_view kName = "NAME";
  std::string out(text);
  if (size_t at = out.find(kName); at != std::string::npos) out.replace(at, kName.size(), name);
  return out;
}

JsonObject call_tag(const ForcedCall& forced, const JsonObject& function) {
  std::string_view name = name_of(function);
  return {{"type", "tag"},
          {"begin", with_name(forced.begin, name)},
          {"content", JsonObject{{"type", "json_schema"}, {"json_schema", arguments_schema(function)}}},
          {"end", forced.end}};
}

// The part of a structural tag that is calls of the tools that may be called. `spec`: strict unless a tool is not.
JsonObject calls_part(const ForcedCall& forced, const JsonArray& tools, const TextRequest& request, GrammarSpec& spec) {
  JsonArray tags;
  for (const Json& tool : tools) {
    const JsonObject* function = function_of(tool);
    if (function == nullptr) continue;
    if (request.tool_choice == ToolChoice::kNamed && name_of(*function) != request.tool_name) continue;
    const Json* strict = function->if_contains("strict");
    if (strict != nullptr && strict->is_bool() && !strict->get_bool()) spec.strict = false;
    tags.push_back(call_tag(forced, *function));
  }
  bool is_single =
      request.tool_choice == ToolChoice::kNamed || !request.parallel_tool_calls || forced.separator.empty();
  return {{"type", "tags_with_separator"},
          {"tags", std::move(tags)},
          {"separator", forced.separator},
          {"at_least_one", true},
          {"stop_after_first", is_single}};
}

GrammarSpec tag_of(GrammarSpec spec, JsonObject format) {
  spec.kind = GrammarSpec::Kind::kStructuralTag;
  spec.text = write_json(JsonObject{{"type", "structural_tag"}, {"format", std::move(format)}});
  spec.choices.clear();
  return spec;
}

// An answer that is calls and nothing else.
GrammarSpec forced_calls(const ForcedCall& forced, const JsonArray& tools, const TextRequest& request) {
  GrammarSpec spec;
  JsonObject calls = calls_part(forced, tools, request, spec);
  return tag_of(spec, std::move(calls));
}

// A structure as part of a structural tag.
Result<JsonObject> structure_part(const GrammarSpec& structure) {
  switch (structure.kind) {
    case GrammarSpec::Kind::kJsonObject:
      return JsonObject{{"type", "json_schema"}, {"json_schema", JsonObject{{"type", "object"}}}};
    case GrammarSpec::Kind::kJsonSchema: {
      TRY_ASSIGN(Json schema, parse_json(structure.text, {.max_depth = GrammarLimits().schema_depth}));
      return JsonObject{{"type", "json_schema"}, {"json_schema", std::move(schema)}};
    }
    case GrammarSpec::Kind::kRegex:
      return JsonObject{{"type", "regex"}, {"pattern", structure.text}};
    case GrammarSpec::Kind::kGrammar:
      return JsonObject{{"type", "grammar"}, {"grammar", structure.text}};
    case GrammarSpec::Kind::kChoice: {
      JsonArray texts;
      for (const std::string& choice : structure.choices) {
        texts.push_back(JsonObject{{"type", "const_string"}, {"value", choice}});
      }
      return JsonObject{{"type", "or"}, {"elements", std::move(texts)}};
    }
    case GrammarSpec::Kind::kStructuralTag:
      break;
  }
  return unsupported("", "A structural tag says itself which calls there may be; send it without tools.");
}

// With "auto" the answer has the structure, or it is calls.
Result<GrammarSpec> structure_or_calls(const GrammarSpec& structure, const ForcedCall& forced, const JsonArray& tools,
                                       const TextRequest& request) {
  GrammarSpec spec = structure;
  TRY_ASSIGN(JsonObject part, structure_part(structure));
  JsonObject calls = calls_part(forced, tools, request, spec);
  return tag_of(std::move(spec), {{"type", "or"}, {"elements", JsonArray{std::move(part), std::move(calls)}}});
}

Status check_tools(const TextModel& model, const TextRequest& request) {
  if (request.tool_choice != ToolChoice::kAuto) return {};
  if (!model.presents_tools) {
    return unsupported(
        "tools",
        "This model's chat template shows the model no tools, so it would not know them. Leave them out, "
        "or force a call by tool_choice.");
  }
  if (model.tool_calls == nullptr && !model.leaves_calls_as_text) {
    return unsupported("tools",
                       "How this model writes its calls is not known, so they would not be found in its answer. Start "
                       "the server with --tool-call-parser NAME, or none to get them as text.");
  }
  return {};
}

void plan_reading(const TextModel& model, const TextRequest& request, const ChatPrompt& chat, std::string_view prompt,
                  AnswerPlan& plan) {
  plan.reasoning = model.reasoning;
  // What a grammar writes is JSON, and has no channels.
  bool is_bound = request.structure || is_forced(request);
  if (request.tool_choice != ToolChoice::kNone) {
    plan.format = is_bound ? &forced_format(model.tool_calls) : model.tool_calls;
  }
  if (is_bound && plan.reasoning != nullptr && plan.reasoning->is_in_format) plan.reasoning = nullptr;
  plan.reasoning_is_open = plan.reasoning != nullptr && opens_reasoning(*plan.reasoning, prompt);
  plan.tools = std::make_shared<const ToolTable>(chat.tools ? *chat.tools : JsonArray());
}

// Markers that this tokenizer holds as special tokens would be skipped before the parser sees them.
void keep_markers(const TextModel& model, AnswerPlan& plan) {
  std::vector<std::string_view> markers;
  if (plan.format != nullptr) markers = plan.format->markers;
  if (plan.reasoning != nullptr) {
    const ToolCallFormat* carrier =
        plan.reasoning->is_in_format ? find_tool_call_format(plan.reasoning->name) : nullptr;
    if (carrier != nullptr) markers.insert(markers.end(), carrier->markers.begin(), carrier->markers.end());
    markers.insert(markers.end(), {plan.reasoning->begin, plan.reasoning->end});
    markers.insert(markers.end(), plan.reasoning->frames.begin(), plan.reasoning->frames.end());
  }
  for (std::string_view marker : markers) {
    std::optional<TokenId> id = marker.empty() ? std::nullopt : model.tokenizer->find_token(marker);
    if (id && model.tokenizer->is_special(*id)) plan.kept_tokens.push_back(*id);
  }
}

Status plan_constraint(const TextModel& model, const GrammarSpec& spec, const std::string& field,
                       std::string_view prompt, AnswerPlan& plan) {
  if (model.grammars == nullptr) return unsupported(field, "This server was started without structured output.");
  Result<std::shared_ptr<const CompiledGrammar>> grammar = model.grammars->get(spec);
  if (!grammar) {
    Error error = grammar.error();
    error.param = error.param.empty() ? field : fmt::format("{}.{}", field, error.param);
    return error;
  }
  plan.unenforced = (*grammar)->unenforced;
  plan.constraint = std::shared_ptr<const TokenConstraint>(*grammar, (*grammar)->constraint.get());
  if (plan.reasoning == nullptr || closes_reasoning(*plan.reasoning, prompt)) return {};
  std::optional<TokenId> begin = model.tokenizer->find_token(plan.reasoning->begin);
  std::optional<TokenId> end = model.tokenizer->find_token(plan.reasoning->end);
  if (!end || (!begin && !plan.reasoning_is_open)) {
    // The reasoning's end could not be told from its text, so there is none: the grammar holds from the start.
    plan.reasoning = nullptr;
    plan.reasoning_is_open = false;
    return {};
  }
  ReasoningTokens tokens{.end = *end, .end_of_sequence = model.limits.eos_token_ids};
  if (!plan.reasoning_is_open) tokens.begin = begin;
  tokens.vocab_size = model.limits.vocab_size;
  plan.constraint = make_reasoning_constraint(plan.constraint, std::move(tokens));
  return {};
}

}  // namespace

Result<AnswerPlan> plan_answer(const TextModel& model, const TextRequest& request, std::string_view prompt,
                               uint64_t salt) {
  AnswerPlan plan;
  const auto* chat = std::get_if<ChatPrompt>(&request.prompt);
  if (chat != nullptr) {
    TRY(check_tools(model, request));
    plan_reading(model, request, *chat, prompt, plan);
  }
  const JsonArray* tools = plan.format != nullptr && chat->tools ? &*chat->tools : nullptr;
  if (tools != nullptr && is_forced(request)) {
    TRY(plan_constraint(model, forced_calls(plan.format->forced, *tools, request), "tools", prompt, plan));
  } else if (request.structure) {
    const auto& [spec, field] = *request.structure;
    Result<GrammarSpec> bound =
        tools != nullptr ? structure_or_calls(spec, plan.format->forced, *tools, request) : Result<GrammarSpec>(spec);
    if (!bound) {
      Error error = bound.error();
      error.param = field;
      return error;
    }
    TRY(plan_constraint(model, *bound, field, prompt, plan));
  }
  keep_markers(model, plan);
  plan.reads_parts = plan.format != nullptr || plan.reasoning != nullptr;
  CallIdStyle style = model.tool_calls != nullptr ? model.tool_calls->id_style : CallIdStyle::kOpenAi;
  plan.calls = {.id_style = style, .salt = salt, .max_calls = request.parallel_tool_calls ? 0 : 1};
  return plan;
}

AnswerParserOptions AnswerPlan::parser_options(const TextModel& model, int32_t choice) const {
  AnswerParserOptions options{.format = format, .reasoning = reasoning, .reasoning_is_open = reasoning_is_open};
  options.context.tools = tools;
  options.context.calls = calls;
  options.context.calls.salt = mix64(calls.salt + static_cast<uint64_t>(choice));
  for (TokenId id : kept_tokens) options.context.hidden_markers.emplace_back(model.tokenizer->token_bytes(id));
  return options;
}

}  // namespace weft
