// Streams: what is sent, what happens when clients leave or don't read, and when the server stops.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "server/server_fixture.h"

namespace weft {
namespace {

using StreamTest = ServerFixture;

Json parse(const std::string& text) {
  Result<Json> value = parse_json(text);
  EXPECT_TRUE(value.has_value()) << text;
  return value ? *value : Json();
}

std::string joined_content(const std::vector<std::string>& events, int64_t index = 0) {
  std::string text;
  for (const std::string& event : events) {
    if (event == "[DONE]") continue;
    Json chunk = parse(event);
    for (const Json& choice : chunk.at("choices").as_array()) {
      if (choice.at("index").as_int64() != index) continue;
      if (const Json* content = choice.at("delta").as_object().if_contains("content")) text += content->as_string();
    }
  }
  return text;
}

TEST_F(StreamTest, ChatStreamSaysWhatTheWholeAnswerSays) {
  start();
  RawAnswer whole = chat("\"n\":2");
  ASSERT_EQ(whole.status, 200) << whole.body;
  RawAnswer stream = chat(R"("n":2,"stream":true,"stream_options":{"include_usage":true})");
  ASSERT_EQ(stream.status, 200);
  EXPECT_TRUE(stream.complete);
  EXPECT_EQ(stream.header("content-type"), "text/event-stream; charset=utf-8");
  std::vector<std::string> events = stream.events();
  ASSERT_GT(events.size(), 4u);
  EXPECT_EQ(events.back(), "[DONE]");
  for (int64_t i = 0; i < 2; ++i) {
    const Json answer = whole.json();
    const Json& choice = answer.at("choices").at(static_cast<size_t>(i));
    EXPECT_EQ(joined_content(events, i), choice.at("message").at("content").as_string());
    EXPECT_EQ(choice.at("finish_reason").as_string(), "length");
  }
  Json usage = parse(events[events.size() - 2]);
  EXPECT_TRUE(usage.at("choices").as_array().empty());
  EXPECT_EQ(usage.at("usage"), whole.json().at("usage"));
  EXPECT_EQ(usage.at("usage").at("completion_tokens").as_int64(), 10);
  EXPECT_EQ(usage.at("usage").at("prompt_tokens_details").at("cached_tokens").as_int64(), 2);
  Json first = parse(events[0]);
  EXPECT_EQ(first.at("object").as_string(), "chat.completion.chunk");
  EXPECT_EQ(first.at("choices").at(0).at("delta").at("role").as_string(), "assistant");
  EXPECT_TRUE(first.at("usage").is_null());
  EXPECT_TRUE(std::string(first.at("id").as_string()).starts_with("chatcmpl-"));
}

}  // namespace
}  // namespace weft
