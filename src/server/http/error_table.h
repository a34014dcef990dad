// The one table from ErrorCode to HTTP: status, type and whether a client should retry.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "server/http/message.h"

namespace weft {

struct HttpError {
  int status;
  std::string_view type;  // OpenAI's "type" of an error body
  bool retry_later;       // answered with Retry-After
};

HttpError http_error(ErrorCode code);

// {"error":{"message":..,"type":..,"param":..|null,"code":..}}
std::string error_body(const Error& error);

// With Retry-After (1 to 4 seconds, spread so that refused clients don't come back together) where the table says so.
HttpResponse error_response(const Error& error);

}  // namespace weft
