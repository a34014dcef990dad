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

std::string joined_text(const std::vector<std::string>& events) {
  std::string text;
  for (const std::string& event : events) {
    if (event == "[DONE]") continue;
    Json chunk = parse(event);
    for (const Json& choice : chunk.at("choices").as_array()) text += choice.at("text").as_string();
  }
  return text;
}

TEST_F(StreamTest, CompletionStreamSaysWhatTheWholeAnswerSays) {
  start();
  const std::string fields = R"("echo":true,"logprobs":2,"return_token_ids":true,"max_tokens":4)";
  Json whole = complete(fields).json();
  RawAnswer stream = complete(fields + R"(,"stream":true)");
  std::vector<std::string> events = stream.events();
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back(), "[DONE]");
  EXPECT_EQ(joined_text(events), whole.at("choices").at(0).at("text").as_string());
  JsonArray ids, offsets;
  for (const std::string& event : events) {
    if (event == "[DONE]") continue;
    Json chunk = parse(event);
    EXPECT_EQ(chunk.at("object").as_string(), "text_completion");
    const Json& choice = chunk.at("choices").at(0);
    for (const Json& id : choice.at("token_ids").as_array()) ids.push_back(id);
    for (const Json& offset : choice.at("logprobs").at("text_offset").as_array()) offsets.push_back(offset);
  }
  EXPECT_EQ(Json(ids), whole.at("choices").at(0).at("token_ids"));
  EXPECT_EQ(ids.size(), 4u);  // of the output alone, also with echo
  EXPECT_EQ(Json(offsets), whole.at("choices").at(0).at("logprobs").at("text_offset"));
}

TEST_F(StreamTest, ContinuousUsageCountsUp) {
  start();
  auto events =
      chat(R"("stream":true,"stream_options":{"include_usage":true,"continuous_usage_stats":true},"max_tokens":3)")
          .events();
  std::vector<int64_t> counts;
  for (const std::string& event : events) {
    if (event == "[DONE]") continue;
    counts.push_back(parse(event).at("usage").at("completion_tokens").as_int64());
  }
  EXPECT_EQ(counts.back(), 3);
  EXPECT_TRUE(std::is_sorted(counts.begin(), counts.end()));
}

TEST_F(StreamTest, ErrorBeforeTheFirstTokenIsAStatus) {
  start();
  service_->set_script({.late_refusal = param_error("top_k", "top_k is wrong.")});
  RawAnswer answer = chat(R"("stream":true)");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.param(), "top_k");
}

TEST_F(StreamTest, ErrorInMidStreamEndsItWithoutDone) {
  start();
  service_->set_script({.num_tokens = 9, .fail_at = 3});
  RawAnswer answer = chat(R"("stream":true)");
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("connection"), "keep-alive");
  std::vector<std::string> events = answer.events();
  Json last = parse(events.back());
  EXPECT_EQ(last.at("error").at("code").as_string(), "numeric_error");
  EXPECT_EQ(last.at("error").at("type").as_string(), "internal_error");
  EXPECT_EQ(chat("").status, 500);
}

TEST_F(StreamTest, RefusalOfTheServiceIsAStatusWithRetryAfter) {
  start();
  service_->set_script({.refusal = make_error(ErrorCode::kQueueFull, "The queue is full.")});
  RawAnswer answer = chat(R"("stream":true)");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.error_code(), "queue_full");
  EXPECT_FALSE(answer.header("retry-after").empty());
}

TEST_F(StreamTest, DisconnectCancelsTheStream) {
  start();
  service_->set_script({.delay = std::chrono::milliseconds(1), .endless = true});
  RawClient client(server_->port());
  client.send(post_bytes("/v1/chat/completions", chat_body(R"("stream":true)")));
  ASSERT_TRUE(client.receive_until(" t3"));
  client.close();
  EXPECT_TRUE(service_->wait_idle());
  EXPECT_EQ(service_->num_cancelled(), 1u);
}

TEST_F(StreamTest, DisconnectCancelsAWholeAnswerToo) {
  start();
  service_->set_script({.delay = std::chrono::milliseconds(1), .endless = true});
  RawClient client(server_->port());
  client.send(post_bytes("/v1/completions", R"({"prompt":["a","b"],"n":2})"));
  while (service_->num_active() < 2) std::this_thread::yield();
  client.close();
  EXPECT_TRUE(service_->wait_idle());
  EXPECT_EQ(service_->num_cancelled(), 2u);
}

TEST_F(StreamTest, SlowReaderIsCancelled) {
  ServerConfig config = default_config();
  config.http.limits.soft_buffer_bytes = 16 << 10;
  config.http.limits.hard_buffer_bytes = 64 << 10;
  start(config);
  service_->set_script({.delay = std::chrono::milliseconds(1), .endless = true, .padding = 8192});
  RawClient client(server_->port(), 4096);
  client.send(post_bytes("/v1/chat/completions", chat_body(R"("stream":true)")));
  ASSERT_TRUE(client.receive_until(" t0"));  // and nothing more is read
  EXPECT_TRUE(service_->wait_idle());
  EXPECT_EQ(service_->num_cancelled(), 1u);
}

TEST_F(StreamTest, StalledReaderIsCancelledAfterTheWriteTimeout) {
  ServerConfig config = default_config();
  config.http.limits.write_stall_timeout = std::chrono::milliseconds(300);
  start(config);
  // All at once, less than the hard limit allows to wait but more than the sockets hold: only the time-out can end it.
  service_->set_script({.num_tokens = 40, .padding = 512 << 10});
  RawClient client(server_->port(), 4096);
  client.send(post_bytes("/v1/chat/completions", chat_body("")));
  ASSERT_TRUE(client.receive_until("HTTP/1.1 200"));
  RawAnswer metrics;
  do {
    metrics = get("/metrics");
  } while (metrics.body.find(R"(handler="/v1/chat/completions",method="POST",status="499"} 1)") == std::string::npos);
}

TEST_F(StreamTest, SixtyFourStreamsAtOnce) {
  start();
  service_->set_script({.num_tokens = 40, .delay = std::chrono::microseconds(200)});
  std::atomic<int> correct = 0;
  std::vector<std::thread> threads;
  std::string expected;
  for (int i = 0; i < 40; ++i) expected += fmt::format(" t{}", i);
  for (int i = 0; i < 64; ++i) {
    threads.emplace_back([&] {
      RawAnswer answer = chat(R"("stream":true)");
      auto events = answer.events();
      if (!events.empty() && events.back() == "[DONE]" && joined_content(events) == expected) ++correct;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(correct, 64);
  EXPECT_EQ(service_->num_cancelled(), 0u);
}

TEST_F(StreamTest, SeveralIoThreadsServeStreams) {
  ServerConfig config = default_config();
  config.http.io_threads = 3;
  start(config);
  service_->set_script({.num_tokens = 20, .delay = std::chrono::microseconds(200)});
  std::atomic<int> complete_streams = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&] {
      auto events = chat(R"("stream":true)").events();
      if (!events.empty() && events.back() == "[DONE]") ++complete_streams;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(complete_streams, 12);
}

TEST_F(StreamTest, DrainLetsStreamsEndAndRefusesNewWork) {
  start();
  service_->set_script({.num_tokens = 300, .delay = std::chrono::milliseconds(1)});
  RawClient client(server_->port());
  client.send(post_bytes("/v1/chat/completions", chat_body(R"("stream":true)")));
  ASSERT_TRUE(client.receive_until(" t3"));
  server_->begin_drain(std::chrono::seconds(20));
  RawAnswer ready = get("/ready");
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(ready.body, R"({"status":"draining"})");
  EXPECT_EQ(get("/health").status, 200);
  EXPECT_EQ(get("/live").status, 200);
  RawAnswer refused = chat("");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.error_code(), "draining");
  EXPECT_TRUE(server_->wait_drained());
  EXPECT_TRUE(client.receive_until("[DONE]"));
  server_->stop();
  EXPECT_FALSE(RawClient(server_->port()).read_answer().complete);
}

TEST_F(StreamTest, DrainDeadlineEndsStreamsWithAnErrorEvent) {
  start();
  service_->set_script({.delay = std::chrono::milliseconds(1), .endless = true});
  RawClient stream(server_->port());
  stream.send(post_bytes("/v1/chat/completions", chat_body(R"("stream":true)")));
  ASSERT_TRUE(stream.receive_until(" t3"));
  RawClient whole(server_->port());
  whole.send(post_bytes("/v1/chat/completions", chat_body("")));
  while (service_->num_active() < 2) std::this_thread::yield();
  server_->begin_drain(std::chrono::milliseconds(20));
  EXPECT_FALSE(server_->wait_drained());
  server_->stop();
  std::string rest = stream.receive_all();
  EXPECT_NE(rest.find(R"("code":"draining")"), std::string::npos);
  EXPECT_EQ(rest.find("[DONE]"), std::string::npos);
  EXPECT_EQ(whole.read_answer().error_code(), "draining");
  EXPECT_EQ(service_->num_active(), 0u);
}

TEST_F(StreamTest, RequestDeadlineEndsAStream) {
  ServerConfig config = default_config();
  config.http.limits.request_timeout = std::chrono::milliseconds(200);
  start(config);
  service_->set_script({.delay = std::chrono::milliseconds(1), .endless = true});
  RawAnswer stream = chat(R"("stream":true)");
  EXPECT_NE(stream.events().back().find("deadline_exceeded"), std::string::npos);
  EXPECT_EQ(chat("").status, 504);
  EXPECT_TRUE(service_->wait_idle());
}

TEST_F(StreamTest, PipelinedRequestsAreAnsweredInOrder) {
  start();
  RawClient client(server_->port());
  std::string all;
  for (int i = 1; i <= 5; ++i) {
    all += post_bytes("/v1/chat/completions", chat_body(fmt::format(R"("max_tokens":{},"stream":{})", i, i % 2 == 0)));
  }
  client.send(all);
  for (int i = 1; i <= 5; ++i) {
    RawAnswer answer = client.read_answer();
    ASSERT_TRUE(answer.complete) << i;
    std::string last = fmt::format(" t{}", i - 1);
    EXPECT_NE(answer.body.find(last), std::string::npos) << i;
    EXPECT_EQ(answer.body.find(fmt::format(" t{}", i)), std::string::npos) << i;
  }
}

TEST_F(StreamTest, StoppingTheServerCancelsWhatRuns) {
  start();
  service_->set_script({.delay = std::chrono::milliseconds(1), .endless = true});
  RawClient client(server_->port());
  client.send(post_bytes("/v1/chat/completions", chat_body(R"("stream":true)")));
  ASSERT_TRUE(client.receive_until(" t3"));
  server_->stop();
  EXPECT_TRUE(service_->wait_idle());
}

}  // namespace
}  // namespace weft
