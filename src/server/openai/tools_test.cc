// Tools, structures and reasoning at the OpenAI routes: fields, refusals, answers.
#include <gtest/gtest.h>

#include "server/server_fixture.h"

namespace weft {
namespace {

constexpr std::string_view kTool =
    R"({"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}}}}})";

class ToolsTest : public ServerFixture {
 protected:
  void SetUp() override { start(); }

  std::string tools(std::string_view more = "") { return fmt::format(R"("tools":[{}]{})", kTool, more); }
  std::string tool_with_schema(std::string_view schema) {
    return fmt::format(R"("tools":[{{"type":"function","function":{{"name":"f","parameters":{}}}}}])", schema);
  }
  void expect_refused(std::string_view fields, std::string_view param) {
    RawAnswer answer = chat(fields);
    EXPECT_EQ(answer.status, 400) << fields << answer.body;
    EXPECT_EQ(answer.param(), param) << fields << answer.body;
    EXPECT_EQ(service_->num_requests(), 0u);
  }
  TextRequest accepted(std::string_view fields) {
    RawAnswer answer = chat(fields);
    EXPECT_EQ(answer.status, 200) << fields << answer.body;
    return service_->last_request();
  }
  GrammarSpec spec(std::string_view fields) { return accepted(fields).structure.value().spec; }
};

TEST_F(ToolsTest, ToolFieldsArrive) {
  TextRequest request = accepted(tools());
  EXPECT_EQ(request.tool_choice, ToolChoice::kAuto);
  EXPECT_TRUE(request.parallel_tool_calls);
  EXPECT_EQ(write_json((*std::get<ChatPrompt>(request.prompt).tools)[0]), kTool);
  request = accepted(tools(R"(,"tool_choice":"required","parallel_tool_calls":false,"include_reasoning":false)"));
  EXPECT_EQ(request.tool_choice, ToolChoice::kRequired);
  EXPECT_FALSE(request.parallel_tool_calls);
  EXPECT_FALSE(request.include_reasoning);
  request = accepted(tools(R"(,"tool_choice":{"type":"function","function":{"name":"get_weather"}})"));
  EXPECT_EQ(request.tool_choice, ToolChoice::kNamed);
  EXPECT_EQ(request.tool_name, "get_weather");
  request = accepted(tools(R"(,"tool_choice":"none")"));
  EXPECT_EQ(request.tool_choice, ToolChoice::kNone);
  EXPECT_FALSE(std::get<ChatPrompt>(request.prompt).tools.has_value());
}

TEST_F(ToolsTest, WrongToolFieldsAreNamed) {
  expect_refused(R"("tools":{})", "tools");
  expect_refused(R"("tools":[1])", "tools[0]");
  expect_refused(R"("tools":[{"type":"web_search"}])", "tools[0].type");
  expect_refused(R"("tools":[{"type":"function"}])", "tools[0].function");
  expect_refused(R"("tools":[{"type":"function","function":{}}])", "tools[0].function.name");
  for (std::string name : {std::string("a b"), std::string(), std::string(65, 'a'), std::string("ä")}) {
    expect_refused(fmt::format(R"("tools":[{{"type":"function","function":{{"name":"{}"}}}}])", name),
                   "tools[0].function.name");
  }
  expect_refused(fmt::format(R"("tools":[{},{}])", kTool, kTool), "tools[1].function.name");
  std::string many = "\"tools\":[";
  for (int i = 0; i < 129; ++i)
    many += fmt::format(R"({}{{"type":"function","function":{{"name":"f{}"}}}})", i ? "," : "", i);
  expect_refused(many + "]", "tools");
  expect_refused(R"("tool_choice":"required")", "tool_choice");
  expect_refused(tools(R"(,"tool_choice":"sometimes")"), "tool_choice");
  expect_refused(tools(R"(,"tool_choice":{"type":"function"})"), "tool_choice.function");
  expect_refused(tools(R"(,"tool_choice":{"type":"function","function":{"name":"x"}})"), "tool_choice.function.name");
}

TEST_F(ToolsTest, ForeignTypesAreRefusedByPath) {
  std::string at = "tools[0].function.parameters";
  expect_refused(tool_with_schema(R"({"type":"dict"})"), at + ".type");
  expect_refused(tool_with_schema(R"({"type":"object","properties":{"a":{"type":"float"}}})"),
                 at + ".properties.a.type");
  expect_refused(tool_with_schema(R"({"type":"object","properties":{"a":{"type":"array","items":{"type":"tuple"}}}})"),
                 at + ".properties.a.items.type");
  expect_refused(tool_with_schema(R"({"anyOf":[{"type":"object"},{"type":["string","any"]}]})"), at + ".anyOf[1].type");
  accepted(tool_with_schema(
      R"({"type":"object","properties":{"type":{"type":"string","enum":["dict"],"default":"dict"}}})"));
  accepted(tool_with_schema(R"({"type":"object","properties":{"a":{"const":{"type":"dict"}}}})"));
}

TEST_F(ToolsTest, CallsInMessagesBecomeObjects) {
  RawAnswer answer = post("/v1/chat/completions", R"({"messages":[{"role":"user","content":"hi"},
      {"role":"assistant","content":null,"reasoning":"hm","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\": [1]}"}},
        {"id":"c2","type":"function","function":{"name":"g","arguments":""}}]},
      {"role":"tool","tool_call_id":"c1","content":"5"}]})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const TextRequest request = service_->last_request();
  const JsonArray& messages = std::get<ChatPrompt>(request.prompt).messages;
  EXPECT_EQ(write_json(messages[1].at("tool_calls").at(0).at("function")), R"({"name":"f","arguments":{"a":[1]}})");
  EXPECT_EQ(write_json(messages[1].at("tool_calls").at(1).at("function")), R"({"name":"g","arguments":{}})");
  EXPECT_TRUE(messages[1].at("content").is_null());
  EXPECT_EQ(messages[1].at("reasoning_content").as_string(), "hm");
  for (std::string_view arguments : {R"("[1]")", R"("{")", "5"}) {
    answer = post(
        "/v1/chat/completions",
        fmt::format(
            R"({{"messages":[{{"role":"assistant","tool_calls":[{{"function":{{"name":"f","arguments":{}}}}}]}}]}})",
            arguments));
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.param(), "messages[0].tool_calls[0].function.arguments");
  }
}

TEST_F(ToolsTest, StructureFieldsArrive) {
  using Kind = GrammarSpec::Kind;
  EXPECT_EQ(spec(R"("response_format":{"type":"json_object"})").kind, Kind::kJsonObject);
  GrammarSpec schema = spec(
      R"("response_format":{"type":"json_schema","json_schema":{"name":"x","schema":{"type":"object","b":1,"a":2},"strict":false}})");
  EXPECT_EQ(schema.kind, Kind::kJsonSchema);
  EXPECT_EQ(schema.text, R"({"type":"object","b":1,"a":2})");
  EXPECT_FALSE(schema.strict);
  EXPECT_TRUE(spec(R"("response_format":{"type":"json_schema","json_schema":{"name":"x","schema":true}})").strict);
  EXPECT_EQ(spec(R"("structured_outputs":{"json":"{\"type\":\"null\"}"})").text, R"({"type":"null"})");
  EXPECT_EQ(spec(R"("structured_outputs":{"regex":"a+"})").kind, Kind::kRegex);
  EXPECT_EQ(spec(R"("structured_outputs":{"choice":["a","b"]})").choices, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(spec(R"("structured_outputs":{"choices":["a"]})").kind, Kind::kChoice);
  EXPECT_EQ(spec(R"("structured_outputs":{"grammar":"root ::= \"a\""})").kind, Kind::kGrammar);
  EXPECT_EQ(spec(R"("structured_outputs":{"json_object":true})").kind, Kind::kJsonObject);
  EXPECT_EQ(spec(R"("structured_outputs":{"structural_tag":{"type":"structural_tag"}})").kind, Kind::kStructuralTag);
  GrammarSpec options = spec(
      R"("guided_json":{},"guided_whitespace_pattern":" ?","structured_outputs":{"disable_any_whitespace":true,"disable_additional_properties":true})");
  EXPECT_EQ(options.whitespace_pattern, " ?");
  EXPECT_TRUE(options.compact_whitespace);
  EXPECT_TRUE(options.no_additional_properties);
  EXPECT_EQ(spec(R"("guided_regex":"a")").text, "a");
  EXPECT_EQ(spec(R"("guided_choice":["a"],"guided_decoding_backend":"xgrammar")").kind, Kind::kChoice);
  EXPECT_EQ(spec(R"("guided_grammar":"root ::= \"a\"")").kind, Kind::kGrammar);
  EXPECT_EQ(complete(R"("guided_regex":"a")").status, 200);
  EXPECT_EQ(service_->last_request().structure->field, "guided_regex");
}

TEST_F(ToolsTest, WrongStructureFieldsAreNamed) {
  expect_refused(R"("response_format":{})", "response_format.type");
  expect_refused(R"("response_format":{"type":"xml"})", "response_format.type");
  expect_refused(R"("response_format":{"type":"json_schema"})", "response_format.json_schema");
  expect_refused(R"("response_format":{"type":"json_schema","json_schema":{}})", "response_format.json_schema.schema");
  expect_refused(R"("response_format":{"type":"json_schema","json_schema":{"schema":5}})",
                 "response_format.json_schema.schema");
  expect_refused(R"("response_format":{"type":"json_schema","json_schema":{"schema":{},"strikt":true}})",
                 "response_format.json_schema.strikt");
  expect_refused(R"("structured_outputs":{"jason":{}})", "structured_outputs.jason");
  expect_refused(R"("structured_outputs":{"choice":[]})", "structured_outputs.choice");
  expect_refused(R"("structured_outputs":{"choice":[1]})", "structured_outputs.choice[0]");
  expect_refused(R"("structured_outputs":{"regex":""})", "structured_outputs.regex");
  expect_refused(R"("structured_outputs":{"regex":"a","grammar":"b"})", "structured_outputs.grammar");
  expect_refused(R"("guided_json":{},"response_format":{"type":"json_object"})", "response_format");
  expect_refused(R"("structured_outputs":{"disable_any_whitespace":true})",
                 "structured_outputs.disable_any_whitespace");
}

TEST_F(ToolsTest, SchemasMayBeDeeperThanTheRest) {
  auto nested = [](size_t depth) {
    std::string text;
    for (size_t i = 0; i < depth; ++i) text += R"({"not":)";
    text += "{}";
    return text + std::string(depth, '}');
  };
  accepted(fmt::format(R"("guided_json":{})", nested(60)));
  accepted(fmt::format(R"("chat_template_kwargs":{})", nested(28)));
  RawAnswer answer = chat(fmt::format(R"("chat_template_kwargs":{})", nested(40)));
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.error_code(), "invalid_json");
}

std::vector<TextDelta> call_deltas() {
  std::vector<TextDelta> deltas(4);
  deltas[0].reasoning = "Hm";
  deltas[1].calls = {{.index = 0, .id = "call_1", .name = "get_weather", .arguments = "{\"city\""}};
  deltas[2].calls = {{.index = 0, .arguments = ": \"Oslo\"}"},
                     {.index = 1, .id = "call_2", .name = "now", .arguments = "{}"}};
  deltas[3].finish = FinishReason::kStop;
  deltas[3].ends_with_calls = true;
  return deltas;
}

TEST_F(ToolsTest, AnswersHoldCallsAndReasoning) {
  service_->set_script({.deltas = call_deltas()});
  Json body = chat(tools()).json();
  EXPECT_EQ(
      write_json(body.at("choices").at(0)),
      R"({"index":0,"message":{"role":"assistant","content":null,"refusal":null,"reasoning":"Hm","reasoning_content":"Hm",)"
      R"("tool_calls":[{"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{\"city\": \"Oslo\"}"}},)"
      R"({"id":"call_2","type":"function","function":{"name":"now","arguments":"{}"}}]},"logprobs":null,)"
      R"("finish_reason":"tool_calls","stop_reason":null})");
  EXPECT_EQ(write_json(body.at("usage").at("completion_tokens_details")), R"({"reasoning_tokens":1})");
  body = chat(tools(R"(,"tool_choice":{"type":"function","function":{"name":"get_weather"}})")).json();
  EXPECT_EQ(body.at("choices").at(0).at("finish_reason").as_string(), "stop");
}

TEST_F(ToolsTest, StreamsHoldCallsAndReasoning) {
  service_->set_script({.deltas = call_deltas()});
  std::string body = chat(tools(R"(,"stream":true)")).body;
  for (
      std::string_view part :
      {R"("delta":{"reasoning":"Hm","reasoning_content":"Hm"})",
       R"("delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{\"city\""}}]})",
       R"("delta":{"tool_calls":[{"index":0,"function":{"arguments":": \"Oslo\"}"}},{"index":1,"id":"call_2","type":"function","function":{"name":"now","arguments":"{}"}}]})",
       R"("delta":{},"logprobs":null,"finish_reason":"tool_calls")"}) {
    EXPECT_NE(body.find(part), std::string::npos) << part << "\n" << body;
  }
}

TEST_F(ToolsTest, UnenforcedKeywordsAreTold) {
  std::vector<TextDelta> deltas(1);
  deltas[0].text = "{}";
  deltas[0].finish = FinishReason::kStop;
  service_->set_script({.deltas = deltas, .unenforced = {{"/a", "contains", "no"}}});
  std::string_view told = R"("structured_output":{"unenforced":[{"path":"/a","keyword":"contains","reason":"no"}]})";
  for (std::string_view fields : {"", R"("stream":true)"}) {
    EXPECT_NE(chat(fields).body.find(told), std::string::npos);
    EXPECT_NE(complete(fields).body.find(told), std::string::npos);
  }
}

}  // namespace
}  // namespace weft
