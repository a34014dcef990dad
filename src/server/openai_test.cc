// The OpenAI routes: fields, answers, refusals.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "base/test_data.h"
#include "server/server_fixture.h"

namespace weft {
namespace {

class OpenAiTest : public ServerFixture {
 protected:
  void expect_refused(const RawAnswer& answer, std::string_view param, std::string_view code = "invalid_value") {
    EXPECT_EQ(answer.status, 400) << answer.body;
    EXPECT_EQ(answer.param(), param) << answer.body;
    EXPECT_EQ(answer.error_code(), code) << answer.body;
    EXPECT_EQ(service_->num_active(), 0u);
  }
};

TEST_F(OpenAiTest, ChatAnswerHasTheDocumentedShape) {
  start();
  RawAnswer answer = chat(R"("model":"tiny","max_tokens":2)");
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("content-type"), "application/json");
  Json body = answer.json();
  EXPECT_EQ(body.at("object").as_string(), "chat.completion");
  EXPECT_EQ(body.at("model").as_string(), "tiny");
  EXPECT_EQ(body.at("id").as_string(), "chatcmpl-" + std::string(answer.header("x-request-id")));
  EXPECT_GT(body.at("created").as_int64(), 1'600'000'000);
  EXPECT_EQ(write_json(body.at("choices")),
            R"([{"index":0,"message":{"role":"assistant","content":" t0 t1","refusal":null},"logprobs":null,)"
            R"("finish_reason":"length","stop_reason":null}])");
  EXPECT_EQ(write_json(body.at("usage")), R"({"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,)"
                                          R"("prompt_tokens_details":{"cached_tokens":2}})");
}

TEST_F(OpenAiTest, ChatLogprobsAndTokenIds) {
  start();
  Json body = chat(R"("logprobs":true,"top_logprobs":2,"return_token_ids":true,"max_tokens":1,"stop":["x"])").json();
  const Json& choice = body.at("choices").at(0);
  EXPECT_EQ(
      write_json(choice.at("logprobs").at("content")),
      R"([{"token":" t0","logprob":-0.5,"bytes":[32,116,48],"top_logprobs":[)"
      R"({"token":" t0","logprob":-0.5,"bytes":[32,116,48]},{"token":" u1","logprob":-1.5,"bytes":[32,117,49]}]}])");
  EXPECT_EQ(write_json(choice.at("token_ids")), "[100]");
  EXPECT_EQ(write_json(body.at("prompt_token_ids")), "[1,2,3]");
  EXPECT_EQ(choice.at("finish_reason").as_string(), "stop");
  EXPECT_EQ(choice.at("stop_reason").as_string(), "x");
}

TEST_F(OpenAiTest, CompletionAnswerHasTheDocumentedShape) {
  start();
  Json body = complete(R"("logprobs":1,"max_tokens":2,"echo":true)").json();
  EXPECT_EQ(body.at("object").as_string(), "text_completion");
  EXPECT_EQ(write_json(body.at("choices")),
            R"([{"index":0,"text":"p1p2p3 t0 t1","logprobs":{"tokens":["p1","p2","p3"," t0"," t1"],)"
            R"("token_logprobs":[null,-1,-1,-0.5,-0.5],)"
            R"("top_logprobs":[null,{"p2":-1},{"p3":-1},{" t0":-0.5},{" t1":-0.5}],)"
            R"("text_offset":[0,2,4,6,9]},"finish_reason":"length","stop_reason":null}])");
}

TEST_F(OpenAiTest, ManyPromptsAreIndexedPromptByPrompt) {
  start();
  RawAnswer answer = post("/v1/completions", R"({"prompt":["a",[7,8]],"n":2,"max_tokens":1})");
  ASSERT_EQ(answer.status, 200) << answer.body;  // entries may be of both kinds
  const Json body = answer.json();
  ASSERT_EQ(body.at("choices").as_array().size(), 4u);
  EXPECT_EQ(service_->num_requests(), 2u);
}

TEST_F(OpenAiTest, PromptForms) {
  start();
  struct Case {
    const char* prompt;
    size_t num_prompts;
  };
  for (Case c : {Case{R"("a")", 1}, {R"(["a","b","c"])", 3}, {"[1,2,3]", 1}, {"[[1,2],[3]]", 2}}) {
    size_t before = service_->num_requests();
    Json body = post("/v1/completions", fmt::format(R"({{"prompt":{},"n":2}})", c.prompt)).json();
    EXPECT_EQ(service_->num_requests() - before, c.num_prompts) << c.prompt;
    const JsonArray& choices = body.at("choices").as_array();
    ASSERT_EQ(choices.size(), 2 * c.num_prompts) << c.prompt;
    for (size_t i = 0; i < choices.size(); ++i) EXPECT_EQ(choices[i].at("index").as_int64(), static_cast<int64_t>(i));
    EXPECT_EQ(body.at("usage").at("prompt_tokens").as_int64(), 3 * static_cast<int64_t>(c.num_prompts));
  }
  EXPECT_EQ(std::get<TokenPrompt>(service_->last_request().prompt).ids.back(), 3);
  EXPECT_EQ(*service_->last_request().default_max_tokens, 16);
}

TEST_F(OpenAiTest, BadPromptsAreNamed) {
  start();
  auto refused = [&](const char* prompt) {
    RawAnswer answer = post("/v1/completions", fmt::format(R"({{"prompt":{}}})", prompt));
    EXPECT_EQ(answer.status, 400) << prompt;
    return answer.param();
  };
  EXPECT_EQ(refused("[]"), "prompt");
  EXPECT_EQ(refused("{}"), "prompt");
  EXPECT_EQ(refused("7"), "prompt");
  EXPECT_EQ(refused("null"), "prompt");
  EXPECT_EQ(refused("[[]]"), "prompt[0]");
  EXPECT_EQ(refused("[1,-2]"), "prompt[1]");
  EXPECT_EQ(refused("[1,2.5]"), "prompt[1]");
  EXPECT_EQ(refused("[1,99999999999]"), "prompt[1]");
  EXPECT_EQ(refused(R"([1,"a"])"), "prompt[1]");
  std::string many = "[\"a\"";
  for (int i = 0; i < 32; ++i) many += ",\"a\"";
  EXPECT_EQ(refused((many + "]").c_str()), "prompt");
}

TEST_F(OpenAiTest, EveryFieldArrives) {
  start();
  RawAnswer answer = chat(
      R"("temperature":0.5,"top_p":0.9,"top_k":5,"min_p":0.1,"repetition_penalty":1.1,"presence_penalty":-1,)"
      R"("frequency_penalty":1.5,"logit_bias":{"7":-100,"8":2.5},"seed":42,"n":2,"max_completion_tokens":3,)"
      R"("min_tokens":1,"stop":["a","b"],"stop_token_ids":[9],"include_stop_str_in_output":true,"ignore_eos":true,)"
      R"("skip_special_tokens":false,"logprobs":true,"top_logprobs":4,"chat_template_kwargs":{"x":1},)"
      R"("add_generation_prompt":false,"continue_final_message":true,"priority":-3,"cache_salt":"s",)"
      R"("response_format":{"type":"text"},"user":"u","metadata":{},"store":false,"service_tier":"auto",)"
      R"("safety_identifier":"x","prompt_cache_key":"k","parallel_tool_calls":true,"tools":[],"tool_choice":"auto")");
  ASSERT_EQ(answer.status, 200) << answer.body;
  TextRequest request = service_->last_request();
  EXPECT_EQ(request.temperature, 0.5);
  EXPECT_EQ(request.top_p, 0.9);
  EXPECT_EQ(request.top_k, 5);
  EXPECT_EQ(request.min_p, 0.1);
  EXPECT_EQ(request.repetition_penalty, 1.1);
  EXPECT_EQ(request.presence_penalty, -1);
  EXPECT_EQ(request.frequency_penalty, 1.5);
  EXPECT_EQ(request.logit_bias, (std::vector<std::pair<int64_t, double>>{{7, -100}, {8, 2.5}}));
  EXPECT_EQ(request.seed, 42);
  EXPECT_EQ(request.n, 2);
  EXPECT_EQ(request.max_tokens, 3);
  EXPECT_EQ(request.default_max_tokens, std::nullopt);
  EXPECT_EQ(request.min_tokens, 1);
  EXPECT_EQ(request.stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(request.stop_token_ids, std::vector<int64_t>{9});
  EXPECT_TRUE(request.include_stop_str_in_output);
  EXPECT_TRUE(request.ignore_eos);
  EXPECT_FALSE(request.skip_special_tokens);
  EXPECT_EQ(request.num_logprobs, 4);
  EXPECT_EQ(request.priority, -3);
  EXPECT_EQ(request.cache_salt, "s");
  const auto& prompt = std::get<ChatPrompt>(request.prompt);
  EXPECT_FALSE(prompt.add_generation_prompt);
  EXPECT_TRUE(prompt.continue_final_message);
  EXPECT_EQ(prompt.template_arguments.at("x").as_int64(), 1);
}

TEST_F(OpenAiTest, NullIsAbsent) {
  start();
  RawAnswer answer = chat(R"("temperature":null,"stop":null,"tools":null,"structured_outputs":null,"logprobs":null,)"
                          R"("stream_options":null,"max_tokens":null,"response_format":null)");
  EXPECT_EQ(answer.status, 200) << answer.body;
}

TEST_F(OpenAiTest, UnsupportedFieldsAreNamed) {
  start();
  for (const char* field : {R"("functions":[{}])", R"("function_call":"auto")", R"("use_beam_search":true)",
                            R"("prompt_logprobs":1)", R"("reasoning_effort":"low")", R"("bad_words":["a"])",
                            R"("echo":true)", R"("request_id":"x")", R"("allowed_token_ids":[1])", R"("suffix":"x")"}) {
    std::string name(field + 1, strchr(field + 1, '"'));
    expect_refused(chat(field), name, "unsupported");
  }
  expect_refused(chat(R"("chat_template":"x")"), "chat_template", "invalid_value");
  expect_refused(complete(R"("tools":[{"type":"function"}])"), "tools", "unsupported");
  expect_refused(complete(R"("suffix":"x")"), "suffix", "unsupported");
  expect_refused(complete(R"("best_of":3)"), "best_of", "unsupported");
  EXPECT_EQ(complete(R"("best_of":2,"n":2)").status, 200);
}

TEST_F(OpenAiTest, WrongFieldsAreNamed) {
  start();
  struct Case {
    const char* fields;
    const char* param;
  };
  for (Case c : std::initializer_list<Case>{
           {R"("temprature":1)", "temprature"},
           {R"("temperature":"hot")", "temperature"},
           {R"("n":1.5)", "n"},
           {R"("n":true)", "n"},
           {R"("seed":18446744073709551615)", "seed"},
           {R"("max_tokens":1e300)", "max_tokens"},
           {R"("max_tokens":1,"max_completion_tokens":2)", "max_tokens"},
           {R"("stop":[""])", "stop[0]"},
           {R"("stop":{})", "stop"},
           {R"("stop":[1])", "stop[0]"},
           {R"("stop_token_ids":[1.5])", "stop_token_ids[0]"},
           {R"("stop_token_ids":[1.0,"a"])", "stop_token_ids[1]"},
           {R"("logit_bias":{"x":1})", "logit_bias.x"},
           {R"("logit_bias":{"1":"a"})", "logit_bias.1"},
           {R"("logit_bias":[1])", "logit_bias"},
           {R"("stream":1)", "stream"},
           {R"("stream_options":{"include_usage":true})", "stream_options"},
           {R"("stream":true,"stream_options":{"usage":true})", "stream_options.usage"},
           {R"("top_logprobs":3)", "top_logprobs"},
           {R"("logprobs":true,"top_logprobs":-1)", "top_logprobs"},
           {R"("logprobs":3)", "logprobs"},
           {R"("cache_salt":"")", "cache_salt"},
           {R"("chat_template_kwargs":{"messages":[]})", "chat_template_kwargs.messages"},
           {R"("messages":[])", "messages"},
           {R"("messages":{})", "messages"},
           {R"("messages":[1])", "messages[0]"},
           {R"("messages":[{"content":"a"}])", "messages[0].role"},
           {R"("messages":[{"role":"boss","content":"a"}])", "messages[0].role"},
           {R"("messages":[{"role":"user"}])", "messages[0].content"},
           {R"("messages":[{"role":"user","content":5}])", "messages[0].content"},
           {R"("messages":[{"role":"user","content":"a","x":1}])", "messages[0].x"},
           {R"("messages":[{"role":"user","content":[{"type":"text"}]}])", "messages[0].content[0].text"}}) {
    SCOPED_TRACE(c.fields);
    expect_refused(chat(c.fields), c.param);
  }
  expect_refused(chat(R"("messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}])"),
                 "messages[0].content[0].type", "unsupported");
  EXPECT_EQ(service_->num_requests(), 0u);
}

TEST_F(OpenAiTest, MessagesReachTheTemplateClean) {
  start();
  ASSERT_EQ(post("/v1/chat/completions",
                 R"({"messages":[{"role":"developer","content":"d","name":null},)"
                 R"({"role":"assistant","content":"a","refusal":null,"annotations":[],"tool_calls":[]},)"
                 R"({"role":"user","content":[{"type":"text","text":"x"}]}]})")
                .status,
            200);
  EXPECT_EQ(write_json(std::get<ChatPrompt>(service_->last_request().prompt).messages),
            R"([{"role":"system","content":"d"},{"role":"assistant","content":"a"},)"
            R"({"role":"user","content":[{"type":"text","text":"x"}]}])");
}

TEST_F(OpenAiTest, FieldNamesOfErrorsAreTheRoutesOwn) {
  start();
  service_->set_script({.late_refusal = param_error("max_tokens", "too many")});
  EXPECT_EQ(chat(R"("max_completion_tokens":9)").param(), "max_completion_tokens");
  EXPECT_EQ(chat(R"("max_tokens":9)").param(), "max_tokens");
  service_->set_script({.late_refusal = param_error("prompt", "too long")});
  EXPECT_EQ(chat("").param(), "messages");
  EXPECT_EQ(complete("").param(), "prompt");
  service_->set_script({.late_refusal = param_error("top_logprobs", "too many")});
  EXPECT_EQ(complete(R"("logprobs":21)").param(), "logprobs");
}

TEST_F(OpenAiTest, EveryErrorCodeHasItsStatus) {
  start();
  struct Case {
    ErrorCode code;
    int status;
    const char* type;
  };
  for (Case c : std::initializer_list<Case>{{ErrorCode::kInvalidValue, 400, "invalid_request_error"},
                                            {ErrorCode::kContextLengthExceeded, 400, "invalid_request_error"},
                                            {ErrorCode::kUnsupported, 400, "invalid_request_error"},
                                            {ErrorCode::kRateLimitExceeded, 429, "rate_limit_error"},
                                            {ErrorCode::kQueueFull, 503, "overloaded_error"},
                                            {ErrorCode::kModelLoading, 503, "overloaded_error"},
                                            {ErrorCode::kDraining, 503, "overloaded_error"},
                                            {ErrorCode::kResourceExhausted, 503, "overloaded_error"},
                                            {ErrorCode::kDeadlineExceeded, 504, "timeout_error"},
                                            {ErrorCode::kNumericError, 500, "internal_error"},
                                            {ErrorCode::kInternalError, 500, "internal_error"}}) {
    service_->set_script({.late_refusal = Error{c.code, "A sentence.", {}}});
    RawAnswer answer = chat("");
    EXPECT_EQ(answer.status, c.status) << error_code_name(c.code);
    EXPECT_EQ(answer.error_code(), error_code_name(c.code));
    EXPECT_EQ(answer.json().at("error").at("type").as_string(), c.type);
    EXPECT_EQ(!answer.header("retry-after").empty(), c.status == 429 || c.status == 503);
  }
}

TEST_F(OpenAiTest, ModelsAreListedAndChecked) {
  start();
  Json list = get("/v1/models").json();
  EXPECT_EQ(list.at("object").as_string(), "list");
  ASSERT_EQ(list.at("data").as_array().size(), 2u);
  EXPECT_EQ(list.at("data").at(0).at("id").as_string(), "tiny");
  EXPECT_EQ(list.at("data").at(0).at("max_model_len").as_int64(), 4096);
  EXPECT_EQ(get("/v1/models/tiny").json().at("id").as_string(), "tiny");
  EXPECT_EQ(get("/v1/models/org/tiny").json().at("id").as_string(), "org/tiny");
  EXPECT_EQ(get("/v1/models/org%2Ftiny").json().at("id").as_string(), "org/tiny");
  EXPECT_EQ(get("/v1/models/other").status, 404);
  EXPECT_EQ(get("/v1/models/other").error_code(), "model_not_found");
  EXPECT_EQ(chat(R"("model":"org/tiny")").json().at("model").as_string(), "org/tiny");
  RawAnswer unknown = chat(R"("model":"gpt-4")");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.error_code(), "model_not_found");
  EXPECT_EQ(unknown.param(), "model");
}

TEST_F(OpenAiTest, LoadingIsA503) {
  start(default_config(), /*loaded=*/false);
  RawAnswer answer = chat("");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.error_code(), "model_loading");
  EXPECT_EQ(get("/live").status, 200);
  EXPECT_EQ(get("/health").status, 503);
  EXPECT_EQ(get("/ready").body, R"({"status":"loading"})");
  EXPECT_EQ(get("/v1/models").status, 200);
  server_->set_service(service_);
  EXPECT_EQ(get("/ready").status, 200);
  EXPECT_EQ(chat("").status, 200);
}

TEST_F(OpenAiTest, LargeBodiesAreParsedElsewhere) {
  start();
  std::string text(3 << 20, 'a');
  RawAnswer answer = post("/v1/completions", R"({"prompt":")" + text + R"("})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(std::get<TextPrompt>(service_->last_request().prompt).text.size(), text.size());
  answer = post("/v1/completions", R"({"prompt":")" + text + R"(","x":1})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.param(), "x");
}

TEST_F(OpenAiTest, JsonThatIsNoObjectOrTooDeep) {
  start();
  for (std::string body : {std::string(), std::string("["), std::string("[]"), std::string("null"), std::string("{}x"),
                           std::string(100'000, '['), std::string("{\"prompt\":1e999}"), std::string("\xff")}) {
    RawAnswer answer = post("/v1/completions", body);
    EXPECT_EQ(answer.status, 400);
    EXPECT_EQ(answer.error_code(), "invalid_json") << body.substr(0, 20);
  }
}

std::string decode_base64(std::string_view text) {
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    static constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) break;
    bits = bits << 6 | static_cast<uint32_t>(value);
    if ((count += 6) >= 8) out += static_cast<char>(bits >> (count -= 8) & 0xFF);
  }
  return out;
}

TEST_F(OpenAiTest, MalformedJsonCorpus) {
  auto path = shared_data("malformed/nst_json_parsing.jsonl");
  REQUIRE_DATA(path);
  start();
  std::ifstream file(path);
  size_t num_cases = 0;
  for (std::string line; std::getline(file, line); ++num_cases) {
    Result<Json> entry = parse_json(line);
    ASSERT_TRUE(entry.has_value());
    std::string name(entry->at("name").as_string());
    std::string text = decode_base64(std::string(entry->at("b64").as_string()));
    RawAnswer bare = post("/v1/chat/completions", text);
    EXPECT_EQ(bare.status, 400) << name;  // no text of the corpus is a chat request
    if (name.starts_with("n_")) {
      EXPECT_EQ(bare.error_code(), "invalid_json") << name;
    }
    RawAnswer inside = post("/v1/completions", R"({"prompt":"a","user":)" + text + "}");
    if (name.starts_with("y_")) {
      EXPECT_EQ(inside.status, 200) << name;
    }
    EXPECT_TRUE(inside.status == 200 || inside.status == 400) << name;
  }
  EXPECT_GT(num_cases, 200u);
  EXPECT_EQ(complete("").status, 200);
}

}  // namespace
}  // namespace weft
