// A real server on a free loopback port over a FakeTextService. Included by tests only.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "server/fake_text_service.h"
#include "server/raw_client.h"
#include "server/server.h"

namespace weft {

class ServerFixture : public testing::Test {
 protected:
  static ServerConfig default_config() {
    ServerConfig config;
    config.http.port = 0;
    config.served_model_names = {"tiny", "org/tiny"};
    config.version = "0.0.0-test";
    return config;
  }

  void start(ServerConfig config = default_config(), bool loaded = true) {
    server_ = std::make_unique<Server>(std::move(config));
    Status status = server_->start();
    ASSERT_TRUE(status.ok()) << status.error().message;
    if (loaded) server_->set_service(service_);
  }

  // Declared so that the server goes first.
  std::shared_ptr<FakeTextService> service_ = std::make_shared<FakeTextService>();
  std::unique_ptr<Server> server_;

  RawAnswer exchange(std::string_view bytes) {
    RawClient client(server_->port());
    client.send(bytes);
    return client.read_answer();
  }
  RawAnswer get(std::string_view path, std::string_view headers = "") {
    return exchange(fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", path, headers));
  }
  static std::string post_bytes(std::string_view path, std::string_view body, std::string_view headers = "") {
    return fmt::format(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n{}", path,
        body.size(), headers, body);
  }
  RawAnswer post(std::string_view path, std::string_view body, std::string_view headers = "") {
    return exchange(post_bytes(path, body, headers));
  }
  RawAnswer chat(std::string_view more_fields) { return post("/v1/chat/completions", chat_body(more_fields)); }
  RawAnswer complete(std::string_view more_fields) {
    return post("/v1/completions",
                fmt::format(R"({{"prompt":"hello"{}{}}})", more_fields.empty() ? "" : ",", more_fields));
  }
  static std::string chat_body(std::string_view more_fields) {
    return fmt::format(R"({{"messages":[{{"role":"user","content":"hi"}}]{}{}}})", more_fields.empty() ? "" : ",",
                       more_fields);
  }
};

}  // namespace weft
