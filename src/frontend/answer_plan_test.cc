// From a request's tools and structures to what its answer must be, and from tokens to the parts of an answer.
#include "frontend/answer_plan.h"

#include <gtest/gtest.h>

#include "frontend/chat_renderer.h"
#include "frontend/piece_tokenizer.h"
#include "frontend/prepare.h"
#include "frontend/text_stream.h"

namespace weft {
namespace {

enum Piece : TokenId { kOther, kHm, kSpace, kCall, kThink, kEndThink, kTag, kEndTag, kSecret, kEos };

// Allows one token again and again.
class OneToken final : public TokenConstraint {
 public:
  explicit OneToken(TokenId token) : token_(token) {}
  std::unique_ptr<ConstraintState> start() const override { return std::make_unique<State>(token_); }

 private:
  struct State final : ConstraintState {
    explicit State(TokenId only) : token(only) {}
    std::unique_ptr<ConstraintState> clone() const override { return std::make_unique<State>(token); }
    Status fill_mask(std::span<uint32_t> mask) override {
      mask[0] |= 1u << token;
      return {};
    }
    Status accept(TokenId id) override {
      return id == token ? Status() : Status(make_error(ErrorCode::kInternalError, "Not legal."));
    }
    TokenId token;
  };
  TokenId token_;
};

struct Fixture {
  std::vector<GrammarSpec> compiled;
  TextModel model;

  Fixture() {
    model.tokenizer = std::make_shared<PieceTokenizer>(
        std::vector<std::string>{"?", "Hm", " ", R"({"name":"now","arguments":{}})", "<think>", "</think>",
                                 "<tool_call>", "</tool_call>", "<secret>", "<eos>"},
        /*num_special=*/6);
    model.limits = {.vocab_size = 10, .max_model_len = 200, .eos_token_ids = {kEos}};
    model.presents_tools = true;
    model.tool_calls = find_tool_call_format("hermes");
    model.reasoning = find_reasoning_style("think");
    model.grammars = std::make_shared<GrammarCache>([this](const GrammarSpec& spec) -> Result<CompiledGrammar> {
      if (spec.text == "bad") return param_error("", "bad");
      compiled.push_back(spec);
      return CompiledGrammar{.constraint = std::make_shared<OneToken>(kHm), .memory_bytes = 100};
    });
  }

  TextRequest chat(ToolChoice choice) const {
    TextRequest request;
    ChatPrompt prompt;
    prompt.tools = parse_json(R"([
      {"type":"function","function":{"name":"now"}},
      {"type":"function","function":{"name":"f","strict":false,"parameters":{"properties":{"a":{"type":"null"}}}}}])")
                       .value()
                       .get_array();
    request.prompt = prompt;
    request.tool_choice = choice;
    return request;
  }
};

TEST(AnswerPlan, NamedCallsAreBoundToTheirTool) {
  Fixture fixture;
  TextRequest request = fixture.chat(ToolChoice::kNamed);
  request.tool_name = "now";
  ASSERT_TRUE(plan_answer(fixture.model, request, "", 1));
  ASSERT_EQ(fixture.compiled.size(), 1u);
  EXPECT_EQ(fixture.compiled[0].kind, GrammarSpec::Kind::kStructuralTag);
  EXPECT_TRUE(fixture.compiled[0].strict);
  EXPECT_EQ(
      fixture.compiled[0].text,
      R"({"type":"structural_tag","format":{"type":"tags_with_separator","tags":[{"type":"tag",)"
      R"("begin":"<tool_call>\n{\"name\": \"now\", \"arguments\": ","content":{"type":"json_schema","json_schema":)"
      R"({"type":"object","properties":{},"additionalProperties":false}},"end":"}\n</tool_call>"}],"separator":"\n",)"
      R"("at_least_one":true,"stop_after_first":true}})");
}

TEST(AnswerPlan, RequiredCallsMayBeOfAnyTool) {
  Fixture fixture;
  ASSERT_TRUE(plan_answer(fixture.model, fixture.chat(ToolChoice::kRequired), "", 1));
  const Json tag = parse_json(fixture.compiled.at(0).text).value();
  EXPECT_EQ(tag.at("format").at("tags").as_array().size(), 2u);
  EXPECT_FALSE(tag.at("format").at("stop_after_first").as_bool());
  EXPECT_FALSE(fixture.compiled[0].strict);
  EXPECT_EQ(write_json(tag.at("format").at("tags").at(1).at("content").at("json_schema")),
            R"({"properties":{"a":{"type":"null"}},"type":"object"})");
  // A format that is not JSON is forced in the form of hermes, and read so.
  fixture.model.tool_calls = find_tool_call_format("qwen3_coder");
  auto plan = plan_answer(fixture.model, fixture.chat(ToolChoice::kRequired), "", 1);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->format->name, "hermes");
  EXPECT_EQ(fixture.compiled.size(), 1u) << "the same grammar is compiled once";
}

TEST(AnswerPlan, WithAutoAStructureLeavesRoomForCalls) {
  Fixture fixture;
  TextRequest request = fixture.chat(ToolChoice::kAuto);
  auto format_for = [&](GrammarSpec spec) {
    request.structure = RequiredStructure{std::move(spec), "response_format"};
    auto plan = plan_answer(fixture.model, request, "", 1);
    EXPECT_TRUE(plan);
    const Json tag = parse_json(fixture.compiled.back().text).value();
    EXPECT_EQ(tag.at("format").at("type").as_string(), "or");
    EXPECT_EQ(tag.at("format").at("elements").at(1).at("type").as_string(), "tags_with_separator");
    return write_json(tag.at("format").at("elements").at(0));
  };
  using Kind = GrammarSpec::Kind;
  EXPECT_EQ(format_for({.kind = Kind::kJsonSchema, .text = R"({"type":"null"})"}),
            R"({"type":"json_schema","json_schema":{"type":"null"}})");
  EXPECT_EQ(format_for({.kind = Kind::kJsonObject}), R"({"type":"json_schema","json_schema":{"type":"object"}})");
  EXPECT_EQ(format_for({.kind = Kind::kRegex, .text = "a+"}), R"({"type":"regex","pattern":"a+"})");
  EXPECT_EQ(format_for({.kind = Kind::kChoice, .choices = {"a"}}),
            R"({"type":"or","elements":[{"type":"const_string","value":"a"}]})");
  request.structure = RequiredStructure{{.kind = Kind::kStructuralTag, .text = "{}"}, "response_format"};
  EXPECT_EQ(plan_answer(fixture.model, request, "", 1).error().param, "response_format");
}

TEST(AnswerPlan, ToolsThatWouldBeLostAreRefused) {
  Fixture fixture;
  TextRequest request = fixture.chat(ToolChoice::kAuto);
  EXPECT_TRUE(plan_answer(fixture.model, request, "", 1));
  fixture.model.tool_calls = nullptr;
  EXPECT_EQ(plan_answer(fixture.model, request, "", 1).error().param, "tools");
  fixture.model.leaves_calls_as_text = true;
  EXPECT_TRUE(plan_answer(fixture.model, request, "", 1));
  fixture.model.presents_tools = false;
  EXPECT_EQ(plan_answer(fixture.model, request, "", 1).error().param, "tools");
  EXPECT_TRUE(plan_answer(fixture.model, fixture.chat(ToolChoice::kRequired), "", 1));
}

TEST(AnswerPlan, ErrorsOfAStructureNameItsField) {
  Fixture fixture;
  TextRequest request = fixture.chat(ToolChoice::kNone);
  request.structure = RequiredStructure{{.kind = GrammarSpec::Kind::kRegex, .text = "bad"}, "guided_regex"};
  EXPECT_EQ(plan_answer(fixture.model, request, "", 1).error().param, "guided_regex");
  fixture.model.grammars = nullptr;
  EXPECT_EQ(plan_answer(fixture.model, request, "", 1).error().code, ErrorCode::kUnsupported);
}

uint32_t mask_of(ConstraintState& state) {
  std::vector<uint32_t> mask(1);
  EXPECT_TRUE(state.fill_mask(mask).ok());
  return mask[0];
}

TEST(AnswerPlan, AStructureBeginsBehindTheReasoning) {
  Fixture fixture;
  TextRequest request = fixture.chat(ToolChoice::kNone);
  request.structure = RequiredStructure{{.kind = GrammarSpec::Kind::kRegex, .text = "x"}, "guided_regex"};
  // The model may reason or not; while it does it may not end.
  auto plan = plan_answer(fixture.model, request, "<user>", 1);
  ASSERT_TRUE(plan);
  auto state = plan->constraint->start();
  EXPECT_EQ(mask_of(*state), 1u << kHm | 1u << kThink);
  ASSERT_TRUE(state->accept(kThink).ok());
  EXPECT_EQ(mask_of(*state), (1u << 10) - 1 - (1u << kEos));
  ASSERT_TRUE(state->accept(kOther).ok());
  auto copy = state->clone();
  ASSERT_TRUE(state->accept(kEndThink).ok());
  EXPECT_EQ(mask_of(*state), 1u << kHm);
  EXPECT_FALSE(state->accept(kOther).ok());
  EXPECT_EQ(mask_of(*copy), (1u << 10) - 1 - (1u << kEos));
  // The prompt opened the reasoning, or closed it.
  plan = plan_answer(fixture.model, request, "<user><think>\n", 1);
  EXPECT_TRUE(plan->reasoning_is_open);
  EXPECT_EQ(mask_of(*plan->constraint->start()), (1u << 10) - 1 - (1u << kEos));
  plan = plan_answer(fixture.model, request, "<user><think>\n\n</think>\n\n", 1);
  EXPECT_EQ(mask_of(*plan->constraint->start()), 1u << kHm);
}

struct Answer {
  std::string text, reasoning;
  std::vector<ToolCallDelta> calls;
  TextDelta last;
  Usage usage;
  size_t num_tokens = 0;
};

Answer run(const TextModel& model, const TextRequest& request, const std::vector<TokenId>& tokens,
           FinishReason finish) {
  auto plan = plan_answer(model, request, "", 1);
  EXPECT_TRUE(plan);
  auto validated = make_validated(model, request, {kHm}, 7, 0);
  EXPECT_TRUE(validated);
  TextStream stream(std::make_shared<const TextModel>(model), request, *validated, *plan);
  Answer answer;
  for (size_t i = 0; i < tokens.size(); ++i) {
    TokenEvent event{.token = SampledToken{.token = tokens[i]}};
    if (i + 1 == tokens.size()) event.finish = finish;
    std::vector<TextEvent> out;
    stream.feed(event, out);
    for (TextEvent& part : out) {
      if (auto* end = std::get_if<TextEnd>(&part)) answer.usage = end->usage;
      auto* delta = std::get_if<TextDelta>(&part);
      if (delta == nullptr) continue;
      answer.text += delta->text;
      answer.reasoning += delta->reasoning;
      answer.calls.insert(answer.calls.end(), delta->calls.begin(), delta->calls.end());
      answer.num_tokens += delta->tokens.size();
      answer.last = *delta;
    }
  }
  return answer;
}

TEST(AnswerPlan, SpecialTokensReachTheParserAndNotTheContent) {
  Fixture fixture;
  Answer answer = run(fixture.model, fixture.chat(ToolChoice::kAuto),
                      {kThink, kHm, kOther, kEndThink, kHm, kSecret, kTag, kCall, kEndTag, kEos}, FinishReason::kStop);
  EXPECT_EQ(answer.text, "Hm");
  EXPECT_EQ(answer.reasoning, "Hm?");
  ASSERT_EQ(answer.calls.size(), 1u);
  EXPECT_EQ(answer.calls[0].name, "now");
  EXPECT_EQ(answer.calls[0].arguments, "{}");
  EXPECT_TRUE(answer.last.ends_with_calls);
  EXPECT_EQ(answer.usage.completion_tokens, 10);
  EXPECT_EQ(answer.usage.reasoning_tokens, 3);
  EXPECT_EQ(answer.num_tokens, 10u);
}

TEST(AnswerPlan, CallsAreContentWhereThereAreNoTools) {
  Fixture fixture;
  TextRequest request = fixture.chat(ToolChoice::kNone);
  request.include_reasoning = false;
  Answer answer =
      run(fixture.model, request, {kThink, kHm, kEndThink, kTag, kCall, kEndTag, kEos}, FinishReason::kStop);
  EXPECT_EQ(answer.text, R"({"name":"now","arguments":{}})");
  EXPECT_EQ(answer.reasoning, "");
  EXPECT_EQ(answer.usage.reasoning_tokens, 2);
  EXPECT_FALSE(answer.last.ends_with_calls);
}

TEST(AnswerPlan, LengthIsNoEndWithCalls) {
  Fixture fixture;
  Answer answer = run(fixture.model, fixture.chat(ToolChoice::kAuto), {kTag, kCall, kHm}, FinishReason::kLength);
  EXPECT_EQ(answer.calls.size(), 1u);
  EXPECT_EQ(answer.last.finish, FinishReason::kLength);
  EXPECT_FALSE(answer.last.ends_with_calls);
}

TEST(GrammarCache, KeepsWhatWasUsedLast) {
  int num_compiled = 0;
  GrammarCache cache(
      [&](const GrammarSpec&) -> Result<CompiledGrammar> {
        ++num_compiled;
        return CompiledGrammar{.constraint = std::make_shared<OneToken>(0), .memory_bytes = 1000};
      },
      3500);
  auto get = [&](std::string text) { return cache.get({.kind = GrammarSpec::Kind::kRegex, .text = std::move(text)}); };
  for (std::string_view text : {"a", "b", "a", "c", "a"}) ASSERT_TRUE(get(std::string(text)));
  EXPECT_EQ(num_compiled, 3);
  ASSERT_TRUE(get("d"));  // drops b
  EXPECT_LE(cache.memory_bytes(), 3500u);
  ASSERT_TRUE(get("a"));
  EXPECT_EQ(num_compiled, 4);
  ASSERT_TRUE(get("b"));
  EXPECT_EQ(num_compiled, 5);
  // Fields don't run together.
  ASSERT_TRUE(cache.get({.kind = GrammarSpec::Kind::kChoice, .choices = {"a", "b"}}));
  ASSERT_TRUE(cache.get({.kind = GrammarSpec::Kind::kChoice, .choices = {"ab"}}));
  EXPECT_EQ(num_compiled, 7);
}

TEST(ChatRenderer, MessagesWithoutWordsAreWhatTheTemplateKnows) {
  auto render = [](std::string source) {
    auto parsed = ChatTemplate::parse(source, {});
    EXPECT_TRUE(parsed);
    ChatRenderer renderer =
        make_chat_renderer(std::make_shared<const ChatTemplate>(*std::move(parsed)), detect_no_content(source));
    return renderer({.messages = {JsonObject{{"role", "assistant"}, {"content", nullptr}}}}).value();
  };
  EXPECT_EQ(render("[{{ messages[0].content }}]"), "[]");
  EXPECT_EQ(render("{% if messages[0]['content'] is none %}none{% endif %}"), "none");
}

}  // namespace
}  // namespace weft
