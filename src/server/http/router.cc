#include "server/http/router.h"

namespace weft {

Access Router::access(std::string_view path) const {
  for (const Route& route : routes_) {
    if (route.path == path) return route.access;
  }
  return Access::kUser;
}

Result<const Route*> Router::find(std::string_view method, std::string_view path) const {
  std::string_view wanted = method == "HEAD" ? "GET" : method;
  bool path_exists = false;
  for (const Route& route : routes_) {
    if (route.path != path || route.access == Access::kAdmin) continue;
    if (route.method == wanted) return &route;
    path_exists = true;
  }
  if (path_exists) {
    return make_error(ErrorCode::kMethodNotAllowed, "{} answers only: {}.", path, allowed_methods(path));
  }
  constexpr std::string_view kModels = "/v1/models/";
  if (path.starts_with(kModels)) {
    return make_error(ErrorCode::kModelNotFound,
                      "The model '{}' is not served here. GET /v1/models lists the models that are.",
                      path.substr(kModels.size(), 128));
  }
  return make_error(ErrorCode::kRouteNotFound,
                    "This server has no such route. The OpenAI API is under /v1: /v1/models, /v1/chat/completions, "
                    "/v1/completions.");
}

std::string Router::allowed_methods(std::string_view path) const {
  std::string methods;
  for (const Route& route : routes_) {
    if (route.path != path || route.access == Access::kAdmin) continue;
    methods += route.method == "GET" ? "GET, HEAD, " : route.method + ", ";
  }
  return methods.empty() ? methods : methods + "OPTIONS";
}

Status split_target(std::string_view target, std::string& host, std::string& path) {
  if (target == "*") {
    path = "*";
    return {};
  }
  for (std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    target.remove_prefix(scheme.size());
    size_t end = target.find_first_of("/?");
    host = target.substr(0, end);
    if (host.empty()) return make_error(ErrorCode::kInvalidValue, "The request target names no host.");
    target = end == std::string_view::npos ? "/" : target.substr(end);
    if (target.starts_with('?')) target = "/";
    break;
  }
  if (!target.starts_with('/')) {
    return make_error(ErrorCode::kInvalidValue, "The request target is not a path.");
  }
  path = target.substr(0, target.find_first_of("?#"));
  return {};
}

}  // namespace weft
