// The routes as data: what is not in the table does not exist, and each entry says who may call it (I31).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "server/http/exchange.h"
#include "server/http/message.h"

namespace weft {

enum class Access {
  kPublic,  // everybody: probes and the page's files
  kUser,    // with an API key, when keys are set
  kAdmin,   // never on this listener
};

struct Route {
  std::string method;  // "GET" also answers HEAD
  std::string path;    // compared byte by byte: no decoding, no normalising, no prefixes
  Access access = Access::kUser;
  Handler handler;
  bool json_body = false;     // the body must be declared as application/json
  bool is_inference = false;  // refused while draining, counted per key
};

class Router {
 public:
  explicit Router(std::vector<Route> routes) : routes_(std::move(routes)) {}

  // The access class of a path. Unknown paths are kUser: without a key nobody learns what exists.
  Access access(std::string_view path) const;

  // kRouteNotFound or kMethodNotAllowed.
  Result<const Route*> find(std::string_view method, std::string_view path) const;

  // "GET, HEAD, OPTIONS"; empty for an unknown path.
  std::string allowed_methods(std::string_view path) const;

  std::span<const Route> routes() const { return routes_; }

 private:
  std::vector<Route> routes_;
};

// Splits a request target (origin, absolute or asterisk form) into host and path; the query is dropped.
// kInvalidValue for anything else.
Status split_target(std::string_view target, std::string& host, std::string& path);

}  // namespace weft
