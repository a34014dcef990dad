// Each format on answers as its models write them: whole, in every two pieces, and character by character.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/rng.h"
#include "base/utf8.h"
#include "frontend/tool_calls/answer_parser.h"
#include "frontend/tool_calls/json_reader.h"

namespace weft {
namespace {

constexpr std::string_view kTools = R"([
  {"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{
    "city":{"type":"string"},"days":{"type":"integer"},"units":{"enum":["c","f"]},"detail":{"type":"boolean"},
    "tags":{"type":"array"},"place":{"type":"object"},"free":{}}}}},
  {"type":"function","function":{"name":"now"}}])";

std::shared_ptr<const ToolTable> tools() {
  return std::make_shared<const ToolTable>(parse_json(kTools).value().get_array());
}

struct Answer {
  std::string content, reasoning;
  std::vector<ToolCallDelta> calls;  // joined
  bool complete = false;

  void add(const AnswerParts& parts) {
    EXPECT_TRUE(is_valid_utf8(parts.content));
    content += parts.content;
    reasoning += parts.reasoning;
    for (const ToolCallDelta& delta : parts.calls) {
      EXPECT_TRUE(is_valid_utf8(delta.arguments));
      bool is_first = delta.index == static_cast<int32_t>(calls.size());
      EXPECT_EQ(is_first, !delta.id.empty());
      EXPECT_EQ(is_first, !delta.name.empty());
      if (is_first) {
        calls.push_back(delta);
      } else {
        ASSERT_EQ(delta.index + 1, static_cast<int32_t>(calls.size()));
        calls.back().arguments += delta.arguments;
      }
    }
  }

  // "content|reasoning|name(arguments)...", with a mark where not all calls are complete.
  std::string text() const {
    std::string out = content;
    if (!reasoning.empty()) out += "|thinks:" + reasoning;
    for (const ToolCallDelta& call : calls) out += "|" + call.name + call.arguments;
    if (!calls.empty() && !complete) out += "|INCOMPLETE";
    return out;
  }
};

struct Case {
  std::string_view format;     // or ""
  std::string_view reasoning;  // or ""
  std::string text;
  std::string expected;
  bool is_whole = true;
  bool is_open = false;
};

AnswerParserOptions options(const Case& c) {
  return {.format = find_tool_call_format(c.format),
          .reasoning = find_reasoning_style(c.reasoning),
          .reasoning_is_open = c.is_open,
          .context = {.tools = tools(), .calls = {.salt = 7}, .hidden_markers = {"<|im_end|>"}}};
}

Answer parse(const Case& c, const std::vector<std::string_view>& pieces) {
  AnswerParser parser(options(c));
  Answer answer;
  for (std::string_view piece : pieces) answer.add(parser.push(piece));
  answer.add(parser.finish(c.is_whole));
  answer.complete = parser.has_complete_calls();
  return answer;
}

std::vector<std::string_view> characters(std::string_view text) {
  std::vector<std::string_view> out;
  for (size_t i = 0; i < text.size();) {
    size_t size = 1;
    while (i + size < text.size() && (static_cast<unsigned char>(text[i + size]) & 0xC0) == 0x80) ++size;
    out.push_back(text.substr(i, size));
    i += size;
  }
  return out;
}

void expect_all_splits(const Case& c) {
  SCOPED_TRACE(fmt::format("{}: {}", c.format, c.text));
  Answer whole = parse(c, {c.text});
  EXPECT_EQ(whole.text(), c.expected);
  if (whole.complete) {
    for (const ToolCallDelta& call : whole.calls) {
      Result<Json> arguments = parse_json(call.arguments, {.max_depth = 70});
      EXPECT_TRUE(arguments && arguments->is_object()) << call.arguments;
    }
  }
  std::vector<std::string_view> all = characters(c.text);
  EXPECT_EQ(parse(c, all).text(), whole.text());
  for (std::string_view character : all) {
    size_t at = static_cast<size_t>(character.data() - c.text.data());
    std::string_view text = c.text;
    ASSERT_EQ(parse(c, {text.substr(0, at), text.substr(at)}).text(), whole.text()) << "cut at " << at;
  }
  // Random pieces.
  for (uint64_t seed = 0; seed < 20; ++seed) {
    std::vector<std::string_view> pieces;
    for (size_t i = 0; i < all.size();) {
      size_t count = std::min<size_t>(1 + random_word(seed, i) % 9, all.size() - i);
      std::string_view last = all[i + count - 1];
      pieces.emplace_back(all[i].data(), static_cast<size_t>(last.data() + last.size() - all[i].data()));
      i += count;
    }
    ASSERT_EQ(parse(c, pieces).text(), whole.text()) << "seed " << seed;
  }
}

void expect_all(const std::vector<Case>& cases) {
  for (const Case& c : cases) expect_all_splits(c);
}

TEST(ToolCalls, Hermes) {
  expect_all({
      {"hermes", "", "Hello.", "Hello."},
      {"hermes", "", " Hi \n", " Hi \n"},
      {"hermes", "", "<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\": \"Oslo\"}}\n</tool_call>",
       R"(|get_weather{"city": "Oslo"})"},
      {"hermes", "",
       "Let me look.\n<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>\n<tool_call>\n{\"arguments\": "
       "{\"city\": \"Zürich }</tool_call> \\\"x\\\"\"}, \"name\": \"get_weather\"}\n</tool_call>\n",
       R"(Let me look.|now{}|get_weather{"city": "Zürich }</tool_call> \"x\""})"},
      // Several in one, arguments as a string, none at all, a line break that JSON forbids
      {"hermes", "", R"(<tool_call>{"name":"now"}{"name":"now","arguments":null}</tool_call>)", "|now{}|now{}"},
      {"hermes", "", R"(<tool_call>{"name":"get_weather","arguments":"{\"city\": \"A\\nB\"}"}</tool_call>)",
       R"(|get_weather{"city": "A\nB"})"},
      {"hermes", "", "<tool_call>{\"name\":\"now\",\"arguments\":{\"a\":\"1\n2\"}}</tool_call>", R"(|now{"a":"1\n2"})"},
      // The end marker is missing; words follow; no call at all
      {"hermes", "", R"(<tool_call>{"name":"now","arguments":{"a":1}})", R"(|now{"a":1})"},
      {"hermes", "", R"(<tool_call>{"name":"now","arguments":{"a":1}}</tool_call> Done)", R"(Done|now{"a":1})"},
      {"hermes", "", "a <tool_call> b", "a <tool_call> b"},
      {"hermes", "", "a <tool_call>{'name': 1} b", "a <tool_call>{'name': 1} b"},
      {"hermes", "", "x<tool", "x<tool"},
      {"hermes", "", "x<|im_end|>y", "xy"},
      // Broken or cut off in the arguments
      {"hermes", "", R"(<tool_call>{"name":"now","arguments":{"a":1)", R"(|now{"a":1|INCOMPLETE)", false},
      {"hermes", "", R"(<tool_call>{"name":"now","arguments":{"a":1)", R"(|now{"a":1|INCOMPLETE)", true},
      {"hermes", "", R"(<tool_call>{"name":"now","arguments":{"a":1x}})", R"(x}}|now{"a":1|INCOMPLETE)"},
      {"hermes", "", R"(<tool_call>{"name":"no)", R"(<tool_call>{"name":"no)", false},
      {"hermes", "", R"(<tool_call>{"name":"now","arguments":[1]}</tool_call>)",
       R"(<tool_call>{"name":"now","arguments":[1]}</tool_call>)"},
  });
}

TEST(ToolCalls, Llama3Json) {
  expect_all({
      {"llama3_json", "", R"({"name": "get_weather", "parameters": {"city": "Oslo", "days": 3}})",
       R"(|get_weather{"city": "Oslo", "days": 3})"},
      {"llama3_json", "", R"(<|python_tag|>{"name": "now", "parameters": {}})", "|now{}"},
      {"llama3_json", "", R"({"name": "now", "parameters": {}}; {"name": "get_weather", "parameters": {"days":1}})",
       R"(|now{}|get_weather{"days":1})"},
      // An answer in JSON is not a call unless it names a tool and has parameters
      {"llama3_json", "", R"({"name": "Bob", "parameters": {"age": 4}})",
       R"({"name": "Bob", "parameters": {"age": 4}})"},
      {"llama3_json", "", R"({"name": "now"})", R"({"name": "now"})"},
      {"llama3_json", "", R"({"a": [1, 2], "b": {"c": 1e5}})", R"({"a": [1, 2], "b": {"c": 1e5}})"},
      {"llama3_json", "", "{ not json", "{ not json"},
      {"llama3_json", "", "  Words {}", "  Words {}"},
      {"llama3_json", "", "<|python_tag|>print(1)", "<|python_tag|>print(1)"},
      {"llama3_json", "", R"({"name": "now", "parameters": {"a")", R"(|now{"a"|INCOMPLETE)", false},
  });
}

TEST(ToolCalls, Mistral) {
  expect_all({
      {"mistral", "", R"([TOOL_CALLS][{"name": "get_weather", "arguments": {"city": "Oslo"}, "id": "aaaaaaaaa"}])",
       R"(|get_weather{"city": "Oslo"})"},
      {"mistral", "", R"([TOOL_CALLS] [{"name": "now", "arguments": {}}, {"name": "now", "arguments": {"a": [1]}}])",
       R"(|now{}|now{"a": [1]})"},
      {"mistral", "", R"(Sure.[TOOL_CALLS]get_weather[ARGS]{"city": "Oslo"}[TOOL_CALLS]now[ARGS]{})",
       R"(Sure.|get_weather{"city": "Oslo"}|now{})"},
      {"mistral", "", R"([TOOL_CALLS]get_weather[CALL_ID]abcdefghi[ARGS]{"city": "Oslo"})",
       R"(|get_weather{"city": "Oslo"})"},
      {"mistral", "", R"([TOOL_CALLS]now{"x": 1})", R"(|now{"x": 1})"},
      {"mistral", "", "[TOOL", "[TOOL"},
      {"mistral", "", "[TOOL_CALLS]now", "[TOOL_CALLS]now"},
  });
  Answer answer = parse({"mistral", "", "", ""}, {"[TOOL_CALLS]now[CALL_ID]abcdefghi[ARGS]{}"});
  EXPECT_EQ(answer.calls.at(0).id, "abcdefghi");
}

TEST(ToolCalls, DeepSeek) {
  expect_all({
      {"deepseek_v3", "",
       "One moment.<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{\"city\": "
       "\"Oslo\"}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>now\n```json\n{}\n```<"
       "｜tool▁call▁"
       "end｜><｜tool▁calls▁end｜>",
       R"(One moment.|get_weather{"city": "Oslo"}|now{})"},
      {"deepseek_v31", "",
       "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{\"city\": "
       "\"北京\"}<｜tool▁call▁end｜><｜tool▁"
       "call▁begin｜>now<｜tool▁sep｜>{}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
       R"(|get_weather{"city": "北京"}|now{})"},
      {"deepseek_v32", "",
       "Look.\n\n<｜DSML｜function_calls>\n<｜DSML｜invoke name=\"get_weather\">\n<｜DSML｜parameter name=\"city\" "
       "string=\"true\">5\n\"x\"</｜DSML｜parameter>\n<｜DSML｜parameter name=\"free\" string=\"false\">[1, "
       "{}]</｜DSML｜parameter>\n</｜DSML｜invoke>\n<｜DSML｜invoke "
       "name=\"now\">\n</｜DSML｜invoke>\n</｜DSML｜function_calls>",
       R"(Look.|get_weather{"city": "5\n\"x\"", "free": [1, {}]}|now{})"},
  });
}

TEST(ToolCalls, OtherJsonFormats) {
  expect_all({
      {"granite", "", R"(<|tool_call|>[{"name": "get_weather", "arguments": {"city": "Oslo"}}])",
       R"(|get_weather{"city": "Oslo"})"},
      {"granite", "", R"(<tool_call>[{"name": "now", "arguments": {}}, {"name": "now", "arguments": {}}])",
       "|now{}|now{}"},
      {"phi4_mini_json", "", R"( functools[{"name": "now", "arguments": {"a": 1}}])", R"(|now{"a": 1})"},
      {"phi4_mini_json", "", R"(<|tool_call|>[{"name": "now", "arguments": {}}]<|/tool_call|>)", "|now{}"},
      {"phi4_mini_json", "", "Use functools.reduce here.", "Use functools.reduce here."},
      {"nemotron_json", "", R"(<TOOLCALL>[{"name": "now", "arguments": {}}]</TOOLCALL>)", "|now{}"},
      {"apriel", "", R"(<tool_calls>[{"name": "now", "arguments": {"a": 2}, "id": "x"}]</tool_calls>)",
       R"(|now{"a": 2})"},
      {"command_a", "",
       "<|START_ACTION|>[\n    {\"tool_call_id\": \"0\", \"tool_name\": \"now\", \"parameters\": {}}\n]<|END_ACTION|>",
       "|now{}"},
      {"functionary_v31", "", R"(<function=get_weather>{"city": "Oslo"}</function><function=now>{}</function>)",
       R"(|get_weather{"city": "Oslo"}|now{})"},
      {"kimi_k2", "",
       "Hm.<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>{\"city\":"
       " "
       "\"Oslo\"}<|tool_call_end|><|tool_call_begin|>functions.now:1<|tool_call_argument_begin|>{}<|tool_call_end|><|"
       "tool_"
       "calls_section_end|>",
       R"(Hm.|get_weather{"city": "Oslo"}|now{})"},
  });
  Answer answer =
      parse({"kimi_k2", "", "", ""},
            {"<|tool_calls_section_begin|><|tool_call_begin|>functions.now:4<|tool_call_argument_begin|>{}"});
  EXPECT_EQ(answer.calls.at(0).id, "functions.now:4");
}

TEST(ToolCalls, TaggedFormats) {
  expect_all({
      {"qwen3_coder", "",
       "I look.\n\n<tool_call>\n<function=get_weather>\n<parameter=city>\nNew\nYork "
       "\"x\"\n</parameter>\n<parameter=days>\n3\n</parameter>\n<parameter=detail>\nTrue\n</"
       "parameter>\n<parameter=units>"
       "\nc\n</parameter>\n<parameter=tags>\n[\"a\", "
       "1]\n</parameter>\n</function>\n</tool_call>\n<tool_call>\n<function=now>\n</function>\n</tool_call>",
       R"(I look.|get_weather{"city": "New\nYork \"x\"", "days": 3, "detail": true, "units": "c", "tags": ["a", 1]}|now{})"},
      // No type known: JSON if it is some; a wrong type: text; a second value of a name: dropped; no end of the
      // function
      {"qwen3_coder", "",
       "<tool_call>\n<function=get_weather>\n<parameter=free>\n{\"a\": "
       "1}\n</parameter>\n<parameter=days>\nmany\n</parameter>\n<parameter=days>\n4\n</parameter>\n</tool_call>",
       R"(|get_weather{"free": {"a": 1}, "days": "many"})"},
      {"qwen3_coder", "", "<tool_call>\n<function=now>\n<parameter=a>\n\n</parameter>", R"(|now{"a": ""})"},
      {"qwen3_coder", "", "<tool_call>\n<function=now>\n<parameter=a>\nx", R"(|now{"a": |INCOMPLETE)", false},
      {"qwen3_coder", "", "<tool_call>\n<function=get_weather>\n<parameter=city>\nOs\n",
       "|get_weather{\"city\": \"Os|INCOMPLETE", false},
      {"qwen3_coder", "", "<tool_call> nothing", "<tool_call> nothing"},
      {"qwen3_coder", "", "<tool_call>\n<function=no", "<tool_call>\n<function=no", false},
      {"seed_oss", "",
       "<seed:tool_call>\n<function=get_weather>\n<parameter=city>Oslo</parameter>\n<parameter=days>2</parameter>\n</"
       "function>\n</seed:tool_call>",
       R"(|get_weather{"city": "Oslo", "days": 2})"},
      {"minimax_m2", "",
       "<minimax:tool_call>\n<invoke name=\"get_weather\">\n<parameter name=\"city\">Oslo</parameter>\n<parameter "
       "name=\"place\">{\"lat\": 1.5}</parameter>\n</invoke>\n<invoke name=\"now\">\n</invoke>\n</minimax:tool_call>",
       R"(|get_weather{"city": "Oslo", "place": {"lat": 1.5}}|now{})"},
      {"glm45", "",
       "\n<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Oslo</arg_value>\n<arg_key>days</arg_key>\n<arg_"
       "value>3</arg_value>\n</tool_call>",
       R"(|get_weather{"city": "Oslo", "days": 3})"},
      {"glm45", "",
       "<tool_call>get_weather<arg_key>tags</arg_key><arg_value>[]</arg_value></tool_call><tool_call>now</tool_call>",
       R"(|get_weather{"tags": []}|now{})"},
  });
}

TEST(ToolCalls, Pythonic) {
  expect_all({
      {"pythonic", "", R"([get_weather(city="Oslo", days=3), now()])",
       R"(|get_weather{"city": "Oslo", "days": 3}|now{})"},
      {"pythonic", "",
       R"(<|python_start|>[now(a='it\'s "x"', b=[1, -2.5e3, True, None,], c={'k': (1, .5)})]<|python_end|>)",
       R"(|now{"a": "it's \"x\"", "b": [1, -2.5e3, true, null], "c": {"k": [1, 0.5]}})"},
      {"pythonic", "", R"([now(a="tab\tä\u00e9\x41\d")])", "|now{\"a\": \"tab\\tä\\u00e9\\u0041\\\\d\"}"},
      {"pythonic", "", "[1, 2]", "[1, 2]"},
      {"pythonic", "", "[unknown(a=1)]", "[unknown(a=1)]"},
      {"pythonic", "", "[now(a=1", "|now{\"a\": |INCOMPLETE", false},
      {"pythonic", "", "[now(a=oops)]", ")]|now{\"a\": |INCOMPLETE"},
      {"lfm2", "", R"(Ok.<|tool_call_start|>[get_weather(city="Oslo")]<|tool_call_end|> Wait.)",
       R"(Ok. Wait.|get_weather{"city": "Oslo"})"},
  });
}

TEST(ToolCalls, Harmony) {
  expect_all({
      {"harmony", "harmony",
       "<|channel|>analysis<|message|>The user asks.<|end|><|start|>assistant<|channel|>final<|message|>It is 5.",
       "It is 5.|thinks:The user asks."},
      {"harmony", "harmony",
       "<|channel|>analysis<|message|>Need it.<|end|><|start|>assistant<|channel|>commentary to=functions.get_weather "
       "<|constrain|>json<|message|>{\"city\": \"Oslo\"}",
       R"(|thinks:Need it.|get_weather{"city": "Oslo"})"},
      {"harmony", "harmony",
       "<|channel|>commentary<|message|>I will look.<|end|><|start|>assistant "
       "to=functions.now<|channel|>commentary json<|message|>{}<|call|>",
       "I will look.|now{}"},
      {"", "harmony", "<|channel|>commentary to=functions.now<|message|>{}", "{}"},
      {"harmony", "harmony", "Just words.", "Just words."},
      {"harmony", "harmony", "<|channel|>final<|message|>cut", "cut", false},
      {"harmony", "harmony", "<|channel|>fin", "", false},
      {"harmony", "harmony", "<|channel|>commentary to=functions.now<|message|>{\"a\"", R"(|now{"a"|INCOMPLETE)",
       false},
  });
}

TEST(Reasoning, IsSplitOff) {
  expect_all({
      {"", "think", "<think>\nHm, <b>.\n\nYes.\n</think>\n\nFive.", "Five.|thinks:Hm, <b>.\n\nYes."},
      {"", "think", "Hm.\n</think>\n\nFive.\n", "Five.\n|thinks:Hm.", true, true},
      {"", "think", "<think>\n\n</think>\n\nFive.", "Five."},
      {"", "think", "Five. <think>no</think>", "Five. <think>no</think>"},
      {"", "think", "Hm", "|thinks:Hm", false, true},
      {"", "think", "<thi", "<thi"},
      {"hermes", "think", "<think>a <tool_call></think><tool_call>{\"name\":\"now\",\"arguments\":{}}</tool_call>",
       "|thinks:a <tool_call>|now{}"},
      {"", "mistral", "[THINK]a[/THINK]b", "b|thinks:a"},
      {"", "seed_oss", "<seed:think>a</seed:think>b", "b|thinks:a"},
      {"", "granite", "<think>a</think><response>b</response>", "b|thinks:a"},
      {"", "command_a", "<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>b<|END_RESPONSE|>", "b|thinks:a"},
      {"", "apriel", "\nSteps.\n[BEGIN FINAL RESPONSE]\nb", "b|thinks:Steps.", true, true},
  });
}

TEST(Reasoning, PromptOpensOrClosesIt) {
  const ReasoningStyle& think = *find_reasoning_style("deepseek_r1");
  EXPECT_TRUE(opens_reasoning(think, "<|im_start|>assistant\n<think>\n"));
  EXPECT_FALSE(opens_reasoning(think, "<|im_start|>assistant\n"));
  EXPECT_TRUE(closes_reasoning(think, "<|im_start|>assistant\n<think>\n\n</think>\n\n"));
  EXPECT_FALSE(closes_reasoning(think, "<think>"));
}

TEST(ToolCalls, IdsDifferAndHaveTheirStyle) {
  auto ids = [](CallIdStyle style, uint64_t salt) {
    CallWriter writer({.id_style = style, .salt = salt});
    AnswerParts parts;
    for (int i = 0; i < 3; ++i) {
      writer.begin(parts, "f");
      writer.end();
    }
    return std::vector<std::string>{parts.calls[0].id, parts.calls[1].id, parts.calls[2].id};
  };
  std::vector<std::string> made = ids(CallIdStyle::kOpenAi, 1);
  EXPECT_EQ(made[0].size(), 29u);
  EXPECT_TRUE(made[0].starts_with("call_"));
  EXPECT_NE(made[0], made[1]);
  EXPECT_NE(made[0], ids(CallIdStyle::kOpenAi, 2)[0]);
  for (const std::string& id : ids(CallIdStyle::kNine, 1)) EXPECT_EQ(id.size(), 9u);
}

TEST(ToolCalls, FurtherCallsAreDroppedWhereOneIsAllowed) {
  AnswerParserOptions o = options({"hermes", "", "", ""});
  o.context.calls.max_calls = 1;
  AnswerParser parser(std::move(o));
  Answer answer;
  answer.add(parser.push(R"(<tool_call>{"name":"now"}</tool_call><tool_call>{"name":"now","arguments":{"a":1}})"));
  answer.add(parser.finish(true));
  answer.complete = parser.has_complete_calls();
  EXPECT_EQ(answer.text(), "|now{}");
}

// What a model may repeat for ever costs no stack, and nothing of it is shown twice.
TEST(ToolCalls, HostileTextIsReadToItsEnd) {
  for (const ToolCallFormat& format : tool_call_formats()) {
    for (std::string_view unit :
         {"<", "<tool_call>", "[", "{\"a\":", "<tool_call>{", "[TOOL_CALLS]", "functools[", "\n"}) {
      AnswerParser parser(options({format.name, "think", "", ""}));
      std::string text;
      while (text.size() < 40'000) text += unit;
      AnswerParts parts = parser.push(text);
      AnswerParts end = parser.finish(true);
      EXPECT_LE(parts.content.size() + end.content.size(), text.size());
    }
  }
}

TEST(JsonReader, FollowsValues) {
  auto read = [](std::string_view text) {
    JsonReader reader;
    std::string out;
    size_t used = reader.push(text, out);
    reader.finish();
    return fmt::format("{}:{}",
                       reader.state() == JsonReader::State::kDone  ? "done"
                       : reader.state() == JsonReader::State::kBad ? "bad"
                                                                   : "more",
                       text.substr(0, used));
  };
  EXPECT_EQ(read(R"({"a":[1,-0.5e+3,true,false,null,"\u00e9\n"],"b":{}} x)"),
            R"(done:{"a":[1,-0.5e+3,true,false,null,"\u00e9\n"],"b":{}})");
  EXPECT_EQ(read("12,"), "done:12");
  EXPECT_EQ(read("12"), "done:12");
  EXPECT_EQ(read("[]"), "done:[]");
  for (std::string_view bad : {"[1,]", "{,}", "[01]", "[1.]", "[+1]", "{\"a\"}", "{1:2}", "[tru]", "[\"\\x\"]", "]",
                               "[1}", "{\"a\":}", "[.5]", "[1e]", "{\"a\":1,}"}) {
    EXPECT_TRUE(read(bad).starts_with("bad")) << bad;
  }
  for (std::string_view more : {"[", "{\"a", "[1", "\"", "tr", "-"})
    EXPECT_TRUE(read(more).starts_with("more")) << more;
  EXPECT_TRUE(read(std::string(64, '[')).starts_with("more"));
  EXPECT_TRUE(read(std::string(65, '[')).starts_with("bad"));
}

}  // namespace
}  // namespace weft
