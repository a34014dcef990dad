// A socket that says exactly what a test tells it to, and reads answers with as little cleverness as possible. Included
// by tests only.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "server/http/message.h"

namespace weft {

struct RawAnswer {
  int status = 0;  // 0: the connection ended without one
  HttpHeaders headers;
  std::string body;
  bool complete = false;  // the body ended as it was announced

  std::string_view header(std::string_view name) const { return find_header(headers, name); }
  Json json() const {
    Result<Json> parsed = parse_json(body);
    return parsed ? *parsed : Json();
  }
  std::string error_code() const { return text("code"); }
  std::string param() const { return text("param"); }
  // The data of each event.
  std::vector<std::string> events() const {
    std::vector<std::string> found;
    for (size_t at = 0; (at = body.find("data: ", at)) != std::string::npos;) {
      size_t end = body.find("\n\n", at);
      found.push_back(body.substr(at + 6, end - at - 6));
      at = end;
    }
    return found;
  }

 private:
  std::string text(std::string_view member) const {
    Json value = json();
    const Json* error = value.is_object() ? value.get_object().if_contains("error") : nullptr;
    if (error == nullptr || !error->is_object()) return "no error body";
    const Json* found = error->get_object().if_contains(member);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : "null";
  }
};

class RawClient {
 public:
  explicit RawClient(uint16_t port, int receive_buffer = 0) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    timeval timeout{20, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    if (receive_buffer > 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { close(); }

  bool connected() const { return connected_; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void finish_sending() { shutdown(fd_, SHUT_WR); }

  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return true;
  }

  // More bytes into the buffer; false at the end or after 20 s.
  bool receive() {
    char bytes[16384];
    ssize_t count = recv(fd_, bytes, sizeof(bytes), 0);
    if (count <= 0) return false;
    buffer_.append(bytes, static_cast<size_t>(count));
    return true;
  }
  bool receive_until(std::string_view text) {
    while (buffer_.find(text) == std::string::npos) {
      if (!receive()) return false;
    }
    return true;
  }
  std::string receive_all() {
    while (receive()) {
    }
    return buffer_;
  }

  RawAnswer read_answer(bool head_only = false) {
    RawAnswer answer;
    if (!receive_until("\r\n\r\n")) return answer;
    size_t end = buffer_.find("\r\n\r\n");
    parse_head(std::string_view(buffer_).substr(0, end), answer);
    buffer_.erase(0, end + 4);
    if (answer.status / 100 == 1) return read_answer(head_only);
    if (head_only || answer.status == 204 || answer.status == 304) {
      answer.complete = true;
    } else if (answer.header("transfer-encoding") == "chunked") {
      answer.complete = read_chunks(answer.body);
    } else if (!answer.header("content-length").empty()) {
      answer.complete = take(std::stoul(std::string(answer.header("content-length"))), answer.body);
    } else {
      answer.body = receive_all();
      answer.complete = true;
    }
    return answer;
  }

 private:
  static void parse_head(std::string_view head, RawAnswer& answer) {
    size_t line_end = head.find("\r\n");
    std::from_chars(head.data() + 9, head.data() + 12, answer.status);
    while (line_end != std::string_view::npos) {
      head.remove_prefix(line_end + 2);
      line_end = head.find("\r\n");
      std::string_view line = head.substr(0, line_end);
      size_t colon = line.find(": ");
      answer.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    }
  }

  bool take(size_t count, std::string& out) {
    while (buffer_.size() < count) {
      if (!receive()) return false;
    }
    out.append(buffer_, 0, count);
    buffer_.erase(0, count);
    return true;
  }

  bool read_chunks(std::string& out) {
    for (;;) {
      if (!receive_until("\r\n")) return false;
      size_t size = std::stoul(buffer_, nullptr, 16);
      buffer_.erase(0, buffer_.find("\r\n") + 2);
      std::string end;
      if (!take(size, out) || !take(2, end)) return false;
      if (size == 0) return true;
    }
  }

  int fd_;
  bool connected_ = false;
  std::string buffer_;
};

}  // namespace weft
