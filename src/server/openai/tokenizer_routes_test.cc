// /tokenize and /detokenize, and the fields of chats that concern templates.
#include <gtest/gtest.h>

#include "server/server_fixture.h"

namespace weft {
namespace {

class TokenizerRoutesTest : public ServerFixture {
 protected:
  void expect_refused(std::string_view path, std::string_view body, std::string_view param) {
    RawAnswer answer = post(path, body);
    EXPECT_EQ(answer.status, 400) << body << answer.body;
    EXPECT_EQ(answer.param(), param) << body << answer.body;
  }
};

TEST_F(TokenizerRoutesTest, BodiesOfVllm) {
  start();
  for (std::string_view path : {"/tokenize", "/v1/tokenize"}) {
    EXPECT_EQ(post(path, R"({"prompt":"ab","model":"tiny"})").body,
              R"({"count":3,"max_model_len":4096,"tokens":[7,97,98],"token_strs":null})");
  }
  EXPECT_EQ(post("/tokenize", R"({"prompt":"a","add_special_tokens":false,"return_token_strs":true})").body,
            R"({"count":1,"max_model_len":4096,"tokens":[97],"token_strs":["a"]})");
  RawAnswer chat = post("/tokenize", R"({"messages":[{"role":"user","content":"x"}],"add_generation_prompt":false})");
  EXPECT_EQ(chat.body, R"({"count":4,"max_model_len":4096,"tokens":[99,104,97,116],"token_strs":null})");
  for (std::string_view path : {"/detokenize", "/v1/detokenize"}) {
    EXPECT_EQ(post(path, R"({"tokens":[97,98]})").body, R"({"prompt":"ab"})");
  }
}

TEST_F(TokenizerRoutesTest, BodyOfTextGenerationInference) {
  start();
  EXPECT_EQ(post("/tokenize", R"({"inputs":"ab"})").body,
            R"([{"id":7,"text":"","start":0,"stop":0},{"id":97,"text":"a","start":0,"stop":1},)"
            R"({"id":98,"text":"b","start":1,"stop":2}])");
  EXPECT_EQ(post("/tokenize", R"({"inputs":"a","add_special_tokens":false,"parameters":{"seed":1}})").body,
            R"([{"id":97,"text":"a","start":0,"stop":1}])");
}

TEST_F(TokenizerRoutesTest, RefusalsNameTheField) {
  start();
  expect_refused("/tokenize", "{}", "prompt");
  expect_refused("/tokenize", R"({"prompt":"a","inputs":"b"})", "prompt");
  expect_refused("/tokenize", R"({"prompt":5})", "prompt");
  expect_refused("/tokenize", R"({"prompt":"a","max_tokens":5})", "max_tokens");
  expect_refused("/tokenize", R"({"messages":[]})", "messages");
  expect_refused("/tokenize", R"({"inputs":"a","prompt_":1})", "prompt_");
  expect_refused("/detokenize", R"({"tokens":["a"]})", "tokens[0]");
  expect_refused("/detokenize", "{}", "tokens");
  EXPECT_EQ(post("/tokenize", R"({"prompt":"a","model":"other"})").status, 404);
  EXPECT_EQ(post("/tokenize", "{").status, 400);
  EXPECT_EQ(get("/tokenize").status, 405);
  service_->set_script({.refusal = make_error(ErrorCode::kQueueFull, "Full.")});
  EXPECT_EQ(post("/tokenize", R"({"prompt":"a"})").status, 503);
}

TEST_F(TokenizerRoutesTest, KeysGuardThem) {
  ServerConfig config = default_config();
  config.http.api_keys = {"secret"};
  start(config);
  EXPECT_EQ(post("/tokenize", R"({"prompt":"a"})").status, 401);
  EXPECT_EQ(post("/tokenize", R"({"prompt":"a"})", "Authorization: Bearer secret\r\n").status, 200);
}

TEST_F(TokenizerRoutesTest, NoModelYet) {
  start(default_config(), false);
  EXPECT_EQ(post("/detokenize", R"({"tokens":[1]})").status, 503);
}

TEST_F(TokenizerRoutesTest, TemplateFieldsOfChats) {
  start();
  std::string_view fields =
      R"("documents":[{"title":"t","text":"x"}],"add_special_tokens":true,"truncate_prompt_tokens":-1,)"
      R"("truncation_side":"right","spaces_between_special_tokens":false,"skip_special_tokens":false)";
  EXPECT_EQ(chat(fields).status, 200);
  TextRequest request = service_->last_request();
  const auto& prompt = std::get<ChatPrompt>(request.prompt);
  EXPECT_EQ(write_json(*prompt.documents), R"([{"title":"t","text":"x"}])");
  EXPECT_TRUE(prompt.add_special_tokens);
  EXPECT_EQ(request.truncate_prompt_tokens, -1);
  EXPECT_FALSE(request.truncate_left);
  EXPECT_FALSE(request.skip_special_tokens);
  EXPECT_EQ(chat(R"("documents":["x"])").param(), "documents[0]");
  EXPECT_EQ(chat(R"("truncation_side":"middle")").param(), "truncation_side");
  EXPECT_EQ(complete(R"("truncate_prompt_tokens":5)").status, 200);
  EXPECT_EQ(service_->last_request().truncate_prompt_tokens, 5);
}

TEST_F(TokenizerRoutesTest, TemplatesOfClientsNeedTheOperatorsTrust) {
  start();
  RawAnswer refused = chat(R"("chat_template":"{{ 1 }}")");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.param(), "chat_template");
  ServerConfig config = default_config();
  config.trust_request_chat_template = true;
  start(config);
  EXPECT_EQ(chat(R"("chat_template":"{{ 1 }}")").status, 200);
  EXPECT_EQ(std::get<ChatPrompt>(service_->last_request().prompt).chat_template, "{{ 1 }}");
}

}  // namespace
}  // namespace weft
