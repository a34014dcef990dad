#include "server/http/error_table.h"

#include "base/json.h"
#include "base/rng.h"

namespace weft {

HttpError http_error(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidValue:
    case ErrorCode::kInvalidJson:
    case ErrorCode::kContextLengthExceeded:
    case ErrorCode::kGrammarTooComplex:
    case ErrorCode::kUnsupported:
    case ErrorCode::kCorruptFile:
      return {400, "invalid_request_error", false};
    case ErrorCode::kInvalidApiKey:
      return {401, "authentication_error", false};
    case ErrorCode::kNotFound:
    case ErrorCode::kModelNotFound:
    case ErrorCode::kRouteNotFound:
      return {404, "invalid_request_error", false};
    case ErrorCode::kMethodNotAllowed:
      return {405, "invalid_request_error", false};
    case ErrorCode::kRequestTimeout:
      return {408, "invalid_request_error", false};
    case ErrorCode::kRequestTooLarge:
      return {413, "invalid_request_error", false};
    case ErrorCode::kUnsupportedMediaType:
      return {415, "invalid_request_error", false};
    case ErrorCode::kRateLimitExceeded:
      return {429, "rate_limit_error", true};
    case ErrorCode::kHeadersTooLarge:
      return {431, "invalid_request_error", false};
    case ErrorCode::kCancelled:
      return {499, "invalid_request_error", false};
    case ErrorCode::kQueueFull:
    case ErrorCode::kModelLoading:
    case ErrorCode::kDraining:
    case ErrorCode::kResourceExhausted:
      return {503, "overloaded_error", true};
    case ErrorCode::kDeadlineExceeded:
      return {504, "timeout_error", false};
    case ErrorCode::kNumericError:
    case ErrorCode::kNoLegalToken:
    case ErrorCode::kInternalError:
      return {500, "internal_error", false};
  }
  return {500, "internal_error", false};
}

std::string error_body(const Error& error) {
  std::string body = R"({"error":{"message":)";
  append_json_string(body, error.message);
  body += R"(,"type":)";
  append_json_string(body, http_error(error.code).type);
  body += R"(,"param":)";
  if (error.param.empty()) {
    body += "null";
  } else {
    append_json_string(body, error.param);
  }
  body += R"(,"code":)";
  append_json_string(body, error_code_name(error.code));
  return body + "}}";
}

HttpResponse error_response(const Error& error) {
  HttpError entry = http_error(error.code);
  HttpResponse response{.status = entry.status, .body = error_body(error)};
  if (entry.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (entry.retry_later) {
    auto spread = mix64(std::hash<std::string>{}(make_request_id())) % 4;
    response.headers.emplace_back("Retry-After", std::to_string(1 + spread));
  }
  return response;
}

}  // namespace weft
