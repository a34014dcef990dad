// Settings of the server as `weft serve` gives them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "server/http/http_config.h"

namespace weft {

// What a page of ours may load and run: its own files, nothing inline, no frames around it.
inline constexpr std::string_view kStrictContentPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// A file of the page, held by the binary for the process's life.
struct StaticAsset {
  std::string_view path;  // "/", "/app.js"
  std::string_view content_type;
  std::span<const std::byte> gzip;  // the content, compressed
  std::string_view etag;            // with its quotes
  std::string_view content_policy = kStrictContentPolicy;
};

struct ServerConfig {
  HttpConfig http;
  std::vector<std::string> served_model_names;  // at least one; the first is the default
  bool public_metrics = false;                  // /metrics also beyond loopback, and without a key
  bool trust_request_chat_template = false;     // clients may send chat_template
  bool insecure = false;                        // allow a non-loopback host without API keys
  std::string version;
  std::vector<StaticAsset> assets;

  bool is_loopback() const;
  Status validate() const;
};

}  // namespace weft
