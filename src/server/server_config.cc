#include "server/server_config.h"

#include <algorithm>

namespace weft {
namespace {

// Names come back in answers, paths and metrics: `org/name` and what files are called, nothing stranger.
bool is_valid_model_name(std::string_view name) {
  auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._-/:+@").find(c) != std::string_view::npos;
  };
  return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), is_allowed);
}

}  // namespace

bool ServerConfig::is_loopback() const {
  return http.host == "localhost" || http.host == "::1" || http.host.starts_with("127.");
}

Status ServerConfig::validate() const {
  if (!is_loopback() && http.api_keys.empty() && !insecure) {
    return make_error(ErrorCode::kInvalidValue,
                      "Listening on {} would let everybody on the network use this server. Set a key with --api-key, "
                      "or allow it with --insecure; --host 127.0.0.1 keeps it to this machine.",
                      http.host);
  }
  for (const std::string& key : http.api_keys) {
    if (key.empty()) return make_error(ErrorCode::kInvalidValue, "An API key is empty; give --api-key a value.");
  }
  if (served_model_names.empty()) {
    return make_error(ErrorCode::kInvalidValue, "The server has no model name; give one with --served-model-name.");
  }
  for (const std::string& name : served_model_names) {
    if (is_valid_model_name(name)) continue;
    return make_error(ErrorCode::kInvalidValue,
                      "The model name '{}' can't be served: use 1 to 128 letters, digits and ._-/:+@ "
                      "(--served-model-name).",
                      name);
  }
  if (http.io_threads < 1 || http.io_threads > 64 || http.worker_threads < 1 || http.worker_threads > 64) {
    return make_error(ErrorCode::kInvalidValue, "The server needs 1 to 64 I/O threads and 1 to 64 workers.");
  }
  if (http.limits.max_body_bytes > (64u << 20)) {
    return make_error(ErrorCode::kInvalidValue, "Request bodies may be allowed at most 64 MiB.");
  }
  return {};
}

}  // namespace weft
