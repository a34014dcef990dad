// Settings of the HTTP layer. Defaults are those of the limits table in the documentation.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace weft {

struct HttpLimits {
  size_t max_body_bytes = 10 << 20;
  size_t max_header_bytes = 16 << 10;  // request line included
  size_t max_headers = 100;
  size_t max_request_line_bytes = 8 << 10;
  std::chrono::milliseconds header_timeout{10'000};  // from a request's first byte to the end of its header
  std::chrono::milliseconds body_timeout{60'000};
  size_t min_body_bytes_per_second = 1 << 10;  // after a grace of body_grace
  std::chrono::milliseconds body_grace{5'000};
  std::chrono::milliseconds idle_timeout{75'000};         // between requests
  std::chrono::milliseconds write_stall_timeout{30'000};  // without a byte taken, or above the soft limit
  std::chrono::milliseconds request_timeout{600'000};     // from the body's last byte to the answer's; 0: none
  size_t soft_buffer_bytes = 256 << 10;                   // of a stream's waiting output
  size_t hard_buffer_bytes = 1 << 20;                     // beyond it the stream is cancelled at once
  int32_t max_connections = 10'000;
  int32_t max_connections_per_ip = 256;  // loopback peers are the user or a proxy: only the total counts for them
  int32_t max_streams_per_key = 64;      // requests that generate at the same time, per API key
};

struct HttpConfig {
  std::string host = "127.0.0.1";
  uint16_t port = 8000;  // 0: any free one
  int32_t io_threads = 1;
  int32_t worker_threads = 1;  // for bodies too large to parse on the reactor
  std::vector<std::string> api_keys;
  // Names beside "localhost" that a Host header may have when there is no API key: without the check a web page
  // could reach a loopback server by DNS rebinding. IP addresses and `host` are always accepted.
  std::vector<std::string> allowed_hosts;
  HttpLimits limits;
};

}  // namespace weft
