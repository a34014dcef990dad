// HTTP itself: what is malformed, too large, too slow or not allowed, on real connections.
#include <gtest/gtest.h>

#include <thread>

#include "server/server_fixture.h"
#include "server/static_assets.h"

namespace weft {
namespace {

using HttpTest = ServerFixture;

TEST_F(HttpTest, ProbesAndVersion) {
  start();
  for (const char* path : {"/live", "/health", "/ready", "/ping"}) {
    RawAnswer answer = get(path);
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_EQ(answer.body, R"({"status":"ok"})") << path;
  }
  EXPECT_EQ(get("/version").body, R"({"version":"0.0.0-test"})");
  server_->set_service_health([] { return ServiceHealth::kStalled; });
  EXPECT_EQ(get("/health").status, 503);
  EXPECT_EQ(get("/ready").body, R"({"status":"stalled"})");
  EXPECT_EQ(get("/live").status, 200);
}

TEST_F(HttpTest, RequestIds) {
  start();
  EXPECT_EQ(get("/live", "x-request-id: my.id-1\r\n").header("x-request-id"), "my.id-1");
  EXPECT_EQ(get("/live", "x-request-id: <script>\r\n").header("x-request-id").size(), 32u);
  EXPECT_NE(get("/live").header("x-request-id"), get("/live").header("x-request-id"));
}

TEST_F(HttpTest, MethodsAndRoutes) {
  start();
  EXPECT_EQ(get("/nothing").error_code(), "route_not_found");
  EXPECT_EQ(get("/nothing").status, 404);
  RawAnswer wrong = get("/v1/chat/completions");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("allow"), "POST, OPTIONS");
  EXPECT_EQ(exchange("BREW /live HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 405);
  RawAnswer options = exchange("OPTIONS /live HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(options.status, 204);
  EXPECT_EQ(options.header("allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(exchange("OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 204);
  RawClient client(server_->port());
  client.send("HEAD /live HTTP/1.1\r\nHost: localhost\r\n\r\nGET /live HTTP/1.1\r\nHost: localhost\r\n\r\n");
  RawAnswer head = client.read_answer(/*head_only=*/true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), "15");
  EXPECT_EQ(client.read_answer().body.size(), 15u);
}

TEST_F(HttpTest, ContentTypeMustBeJson) {
  start();
  auto with_type = [&](std::string_view type) {
    return exchange(fmt::format("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n{}Content-Length: 14\r\n\r\n{}",
                                type, R"({"prompt":"a"})"));
  };
  EXPECT_EQ(with_type("Content-Type: application/json; charset=utf-8\r\n").status, 200);
  EXPECT_EQ(with_type("Content-Type: APPLICATION/JSON\r\n").status, 200);
  EXPECT_EQ(with_type("Content-Type: text/plain\r\n").status, 415);
  EXPECT_EQ(with_type("").error_code(), "unsupported_media_type");
}

TEST_F(HttpTest, MalformedRequestsGetA400AndAClosedConnection) {
  start();
  const std::string host = "Host: localhost\r\n";
  for (std::string bytes : {
           std::string("NONSENSE\r\n\r\n"),
           std::string("GET /live\r\n\r\n"),
           std::string("GET /live HTTP/2.0\r\n\r\n"),
           std::string("GET /live HTTP/1.1\r\n\r\n"),        // no Host
           "GET /live HTTP/1.1\r\n" + host + host + "\r\n",  // two
           "GET live HTTP/1.1\r\n" + host + "\r\n",          // no path
           "GET /live HTTP/1.1\r\n" + host + "Bad Name: x\r\n\r\n",
           "GET /live HTTP/1.1\r\n" + host + "Name : x\r\n\r\n",
           "GET /live HTTP/1.1\r\n" + host + "A: b\nC: d\r\n\r\n",  // a bare line feed
           "GET /live HTTP/1.1\r\n" + host + std::string("A: \0\r\n\r\n", 8),
           "POST /v1/completions HTTP/1.1\r\n" + host +
               "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "POST /v1/completions HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
           "POST /v1/completions HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n",
           "POST /v1/completions HTTP/1.1\r\n" + host + "Content-Length: +5\r\n\r\n",
           "POST /v1/completions HTTP/1.1\r\n" + host + "Content-Length: 99999999999999999999999\r\n\r\n",
           "POST /v1/completions HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n",
           "POST /v1/completions HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
           "POST /v1/completions HTTP/1.1\r\n" + host +
               "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
           "POST /v1/completions HTTP/1.0\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       }) {
    RawClient client(server_->port());
    client.send(bytes);
    RawAnswer answer = client.read_answer();
    EXPECT_EQ(answer.status, 400) << bytes;
    EXPECT_EQ(answer.error_code(), "invalid_value") << bytes;
    EXPECT_EQ(answer.header("connection"), "close") << bytes;
    EXPECT_FALSE(answer.header("x-request-id").empty());
    client.finish_sending();
    EXPECT_EQ(client.receive_all(), "") << bytes;
  }
  for (const char* chunks :
       {"zz\r\nabc\r\n0\r\n\r\n", "-1\r\nabc\r\n", "8000000000000000\r\nabc", "3\r\nabcX\r\n0\r\n\r\n"}) {
    RawAnswer answer = exchange("POST /v1/completions HTTP/1.1\r\n" + host +
                                "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks);
    EXPECT_TRUE(answer.status == 400 || answer.status == 413) << chunks << answer.status;
  }
  EXPECT_EQ(get("/live").status, 200);
}

TEST_F(HttpTest, TooLargeHeaders) {
  start();
  RawAnswer line = get("/" + std::string(9000, 'a'));
  EXPECT_EQ(line.status, 431);
  EXPECT_EQ(line.error_code(), "headers_too_large");
  EXPECT_EQ(get("/live", "A: " + std::string(17'000, 'a') + "\r\n").status, 431);
  std::string many;
  for (int i = 0; i < 120; ++i) many += fmt::format("H{}: 1\r\n", i);
  EXPECT_EQ(get("/live", many).status, 431);
  std::string huge;
  for (int i = 0; i < 100'000; ++i) huge += "H: 1\r\n";
  EXPECT_EQ(get("/live", huge).status, 431);
}

TEST_F(HttpTest, TooLargeBodies) {
  ServerConfig config = default_config();
  config.http.limits.max_body_bytes = 1 << 20;
  start(config);
  EXPECT_EQ(post("/v1/completions", std::string((1 << 20) + 1, 'a')).status, 413);
  RawAnswer announced = exchange(
      "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 9999999999\r\n\r\n");
  EXPECT_EQ(announced.status, 413);
  EXPECT_EQ(announced.error_code(), "request_too_large");
  std::string chunks =
      "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  std::string big = chunks;
  for (int i = 0; i < 17; ++i) big += "10000\r\n" + std::string(0x10000, ' ') + "\r\n";
  EXPECT_EQ(exchange(big + "0\r\n\r\n").status, 413);
  std::string tiny = chunks;  // few bytes of body in many of chunks
  for (int i = 0; i < 400'000; ++i) tiny += "1\r\n \r\n";
  EXPECT_EQ(exchange(tiny + "0\r\n\r\n").status, 413);
}

TEST_F(HttpTest, ChunkedBodiesOfSingleBytes) {
  start();
  RawClient client(server_->port());
  client.send(
      "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(client.receive_until("HTTP/1.1 100 Continue\r\n\r\n"));
  for (char c : std::string_view(R"({"prompt":"a"})")) client.send(fmt::format("1;ext=1\r\n{}\r\n", c));
  client.send("0\r\nTrailer: x\r\n\r\nGET /live HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(client.read_answer().body, R"({"status":"ok"})");
}

TEST_F(HttpTest, RequestsInSinglePieces) {
  start();
  RawClient client(server_->port());
  for (char c : post_bytes("/v1/completions", R"({"prompt":"a"})")) client.send(std::string_view(&c, 1));
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST_F(HttpTest, SlowHeadersAndBodies) {
  ServerConfig config = default_config();
  config.http.limits.header_timeout = std::chrono::milliseconds(150);
  config.http.limits.body_grace = std::chrono::milliseconds(150);
  config.http.limits.idle_timeout = std::chrono::milliseconds(300);
  start(config);
  RawAnswer header = exchange("GET /live HT");
  EXPECT_EQ(header.status, 408);
  EXPECT_EQ(header.error_code(), "request_timeout");
  RawAnswer body = exchange(
      "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
      "100\r\n\r\n{");
  EXPECT_EQ(body.status, 408);
  RawClient idle(server_->port());
  EXPECT_EQ(idle.receive_all(), "");  // closed without a word
}

TEST_F(HttpTest, Http10AndConnectionClose) {
  start();
  RawClient old(server_->port());
  old.send("GET /live HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.read_answer().status, 200);  // HTTP/1.0 knows no Host
  RawClient with_host(server_->port());
  with_host.send(
      "POST /v1/chat/completions HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 64\r\n\r\n" +
      chat_body(R"("stream":true)") + "     ");
  std::string all = with_host.receive_all();
  EXPECT_EQ(all.find("Transfer-Encoding"), std::string::npos);
  EXPECT_TRUE(all.ends_with("data: [DONE]\n\n")) << all;
  RawClient last(server_->port());
  last.send("GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(last.read_answer().header("connection"), "close");
  EXPECT_EQ(last.receive_all(), "");
}

TEST_F(HttpTest, HalfClosedClientsGetTheirAnswer) {
  start();
  RawClient client(server_->port());
  client.send("GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.finish_sending();
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST_F(HttpTest, ForeignHostNamesAreRefusedWithoutAKey) {
  ServerConfig config = default_config();
  config.http.allowed_hosts = {"box.local"};
  start(config);
  auto with_host = [&](std::string_view host) {
    return exchange(fmt::format("GET /live HTTP/1.1\r\nHost: {}\r\n\r\n", host)).status;
  };
  for (const char* host : {"localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000", "192.168.1.5", "box.local:80"}) {
    EXPECT_EQ(with_host(host), 200) << host;
  }
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example"}) {
    EXPECT_EQ(with_host(host), 400) << host;
  }
}

TEST_F(HttpTest, AuthenticationMatrix) {
  ServerConfig config = default_config();
  config.http.api_keys = {"right", "other"};
  start(config);
  const std::vector<std::string> keyed = {
      "/v1/models",      "/v1/models/tiny", "/v1/chat/completions", "/version",
      "/v1/completions", "/metrics",        "/prometheus/metrics",  "/no-such-route"};
  const std::vector<std::string> keys = {"",
                                         "Authorization: Bearer wrong\r\n",
                                         "Authorization: right\r\n",
                                         "Authorization: Basic right\r\n",
                                         "Authorization: Bearer right \x01\r\n",
                                         "Authorization: Bearer rightx\r\n",
                                         "Authorization: Bearer \r\n",
                                         "Authorization: Bearer wrong\r\nX-Forwarded-For: 127.0.0.1\r\n"};
  for (const std::string& path : keyed) {
    std::vector<std::string> mutations = {path,
                                          "/" + path,
                                          path + "/",
                                          path + ";x",
                                          path + "?a=b",
                                          "/%2e" + path,
                                          "/." + path,
                                          "/x/.." + path,
                                          "http://localhost" + path,
                                          "http://evil.example/live?" + path};
    for (const std::string& mutation : mutations) {
      for (const char* method : {"GET", "POST", "HEAD", "OPTIONS", "PUT"}) {
        for (const std::string& key : keys) {
          RawClient client(server_->port());
          client.send(fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", method, mutation, key));
          RawAnswer answer = client.read_answer(std::string_view(method) == "HEAD");
          bool is_probe = mutation.find("/live?") != std::string::npos;
          bool refused = answer.status == 401 || answer.status == 400;
          EXPECT_TRUE(refused || is_probe) << method << " " << mutation << " " << key << answer.status;
        }
      }
    }
    for (const char* key : {"right", "other"}) {
      RawAnswer answer = get(path, fmt::format("authorization: bearer {}\r\n", key));
      EXPECT_NE(answer.status, 401) << path;
      for (const char* other : {"/", "/%2e", "/x/.."}) {
        EXPECT_EQ(get(other + path, fmt::format("authorization: bearer {}\r\n", key)).status, 404) << other << path;
      }
    }
  }
  for (const char* path : {"/live", "/health", "/ready", "/ping"}) EXPECT_EQ(get(path).status, 200) << path;
  RawAnswer refused = get("/v1/models");
  EXPECT_EQ(refused.error_code(), "invalid_api_key");
  EXPECT_EQ(refused.header("www-authenticate"), "Bearer");
  EXPECT_EQ(get("http://any.example/v1/models", "Authorization: Bearer right\r\n").status, 200);
  EXPECT_EQ(service_->num_requests(), 0u);
}

TEST_F(HttpTest, StreamsPerKeyAreLimited) {
  ServerConfig config = default_config();
  config.http.api_keys = {"a", "b"};
  config.http.limits.max_streams_per_key = 2;
  start(config);
  service_->set_script({.delay = std::chrono::milliseconds(1), .endless = true});
  auto ask = [&](RawClient& client, std::string_view key) {
    client.send(post_bytes("/v1/completions", R"({"prompt":"a","stream":true})",
                           fmt::format("Authorization: Bearer {}\r\n", key)));
    return client.receive_until("\r\n\r\n");
  };
  RawClient first(server_->port()), second(server_->port()), third(server_->port()), fourth(server_->port());
  ASSERT_TRUE(ask(first, "a") && ask(second, "a"));
  ask(third, "a");
  RawAnswer refused = third.read_answer();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.error_code(), "rate_limit_exceeded");
  EXPECT_FALSE(refused.header("retry-after").empty());
  ask(fourth, "b");
  EXPECT_TRUE(fourth.receive_until("data: "));
  first.close();
  int status = 429;
  while (status == 429) {  // until the server has noticed
    RawClient again(server_->port());
    ask(again, "a");
    again.receive_until("\r\n\r\n");
    status = again.receive_until("200 OK") ? 200 : 429;
  }
  EXPECT_EQ(status, 200);
}

TEST_F(HttpTest, ConnectionsAreLimited) {
  ServerConfig config = default_config();
  config.http.limits.max_connections = 3;
  start(config);
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<RawClient>(server_->port()));
    clients.back()->send("GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(clients.back()->read_answer().status, 200);
  }
  EXPECT_EQ(RawClient(server_->port()).read_answer().status, 503);
  clients.pop_back();
  int status = 503;
  while (status == 503 || status == 0) status = get("/live").status;
  EXPECT_EQ(status, 200);
}

TEST_F(HttpTest, ConfigurationMistakesAreSentences) {
  auto message = [](ServerConfig config) {
    Status status = Server(std::move(config)).start();
    return status ? std::string() : status.error().message;
  };
  ServerConfig open = default_config();
  open.http.host = "0.0.0.0";
  EXPECT_NE(message(open).find("--api-key"), std::string::npos);
  open.http.api_keys = {"k"};
  EXPECT_EQ(message(open), "");
  open.http.api_keys = {""};
  EXPECT_NE(message(open).find("empty"), std::string::npos);
  ServerConfig nameless = default_config();
  nameless.served_model_names.clear();
  EXPECT_NE(message(nameless).find("--served-model-name"), std::string::npos);
  nameless.served_model_names = {"a b"};
  EXPECT_NE(message(nameless).find("'a b'"), std::string::npos);
  ServerConfig nowhere = default_config();
  nowhere.http.host = "host.invalid";
  nowhere.http.api_keys = {"k"};
  EXPECT_NE(message(nowhere).find("host.invalid"), std::string::npos);
  start();
  ServerConfig taken = default_config();
  taken.http.port = server_->port();
  EXPECT_NE(message(taken).find(fmt::format("Port {}", taken.http.port)), std::string::npos);
}

TEST_F(HttpTest, MetricsTellWhatHappened) {
  start();
  server_->set_engine_metrics([] { return EngineMetrics{.num_running = 3, .num_waiting = 4, .kv_usage = 0.25}; });
  chat(R"("max_tokens":4)");
  chat(R"("bad":1)");
  RawAnswer answer = get("/metrics");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.header("content-type").starts_with("text/plain"));
  for (const char* line :
       {"vllm:num_requests_running{model_name=\"tiny\",engine=\"0\"} 3",
        "vllm:num_requests_waiting{model_name=\"tiny\",engine=\"0\"} 4",
        "vllm:kv_cache_usage_perc{model_name=\"tiny\",engine=\"0\"} 0.25",
        "vllm:gpu_cache_usage_perc{model_name=\"tiny\",engine=\"0\"} 0.25",
        "vllm:request_prompt_tokens_sum{engine=\"0\",model_name=\"tiny\"} 3",
        "vllm:request_generation_tokens_sum{engine=\"0\",model_name=\"tiny\"} 4",
        "vllm:inter_token_latency_seconds_count{engine=\"0\",model_name=\"tiny\"} 3",
        "vllm:time_to_first_token_seconds_count{engine=\"0\",model_name=\"tiny\"} 1",
        "vllm:e2e_request_latency_seconds_count{engine=\"0\",model_name=\"tiny\"} 1", "status=\"400\"} 1",
        "status=\"200\"} 1", "vllm:gpu_prefix_cache_queries_total", "vllm:time_per_output_token_seconds_bucket"}) {
    EXPECT_NE(answer.body.find(line), std::string::npos) << line << "\n" << answer.body;
  }
  EXPECT_EQ(get("/prometheus/metrics").status, 200);
}

TEST_F(HttpTest, MetricsStayPrivateBeyondLoopback) {
  ServerConfig config = default_config();
  config.http.host = "0.0.0.0";
  config.insecure = true;
  start(config);
  EXPECT_EQ(get("/metrics").status, 404);
  config.public_metrics = true;
  start(config);
  EXPECT_EQ(get("/metrics").status, 200);
}

// printf 'hello, page' | gzip -n
constexpr unsigned char kGzip[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb,
                                   0x48, 0xcd, 0xc9, 0xc9, 0xd7, 0x51, 0x28, 0x48, 0x4c, 0x4f, 0x05,
                                   0x00, 0x11, 0x22, 0x33, 0x44, 0x0b, 0x00, 0x00, 0x00};

TEST_F(HttpTest, StaticAssets) {
  ServerConfig config = default_config();
  config.http.api_keys = {"k"};
  config.assets = {{"/", "text/html; charset=utf-8", std::as_bytes(std::span(kGzip)), "\"v1\""}};
  start(config);
  RawAnswer packed = get("/", "Accept-Encoding: gzip, br\r\n");
  EXPECT_EQ(packed.status, 200);
  EXPECT_EQ(packed.header("content-encoding"), "gzip");
  EXPECT_EQ(packed.body.size(), sizeof(kGzip));
  EXPECT_NE(packed.header("content-security-policy").find("default-src 'none'"), std::string::npos);
  RawAnswer plain = get("/");
  EXPECT_EQ(plain.body, "hello, page");
  EXPECT_EQ(plain.header("content-encoding"), "");
  RawAnswer unchanged = get("/", "If-None-Match: W/\"v0\", \"v1\"\r\n");
  EXPECT_EQ(unchanged.status, 304);
  EXPECT_EQ(unchanged.body, "");
  EXPECT_EQ(get("/", "If-None-Match: \"v0\"\r\n").status, 200);
}

TEST(Gunzip, RefusesWhatIsNoGzip) {
  auto bytes = std::as_bytes(std::span(kGzip));
  EXPECT_TRUE(gunzip(bytes, 11).has_value());
  EXPECT_FALSE(gunzip(bytes, 10).has_value());
  for (size_t size = 0; size < bytes.size() - 1; ++size) EXPECT_FALSE(gunzip(bytes.first(size), 1 << 20).has_value());
}

}  // namespace
}  // namespace weft
