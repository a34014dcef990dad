#include "base/status.h"

namespace weft {

std::string_view error_code_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidValue:
      return "invalid_value";
    case ErrorCode::kInvalidJson:
      return "invalid_json";
    case ErrorCode::kContextLengthExceeded:
      return "context_length_exceeded";
    case ErrorCode::kGrammarTooComplex:
      return "grammar_too_complex";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kCorruptFile:
      return "corrupt_file";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kModelNotFound:
      return "model_not_found";
    case ErrorCode::kRouteNotFound:
      return "route_not_found";
    case ErrorCode::kMethodNotAllowed:
      return "method_not_allowed";
    case ErrorCode::kInvalidApiKey:
      return "invalid_api_key";
    case ErrorCode::kRequestTimeout:
      return "request_timeout";
    case ErrorCode::kRequestTooLarge:
      return "request_too_large";
    case ErrorCode::kUnsupportedMediaType:
      return "unsupported_media_type";
    case ErrorCode::kHeadersTooLarge:
      return "headers_too_large";
    case ErrorCode::kRateLimitExceeded:
      return "rate_limit_exceeded";
    case ErrorCode::kQueueFull:
      return "queue_full";
    case ErrorCode::kModelLoading:
      return "model_loading";
    case ErrorCode::kDraining:
      return "draining";
    case ErrorCode::kResourceExhausted:
      return "resource_exhausted";
    case ErrorCode::kDeadlineExceeded:
      return "deadline_exceeded";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kNumericError:
      return "numeric_error";
    case ErrorCode::kNoLegalToken:
      return "no_legal_token";
    case ErrorCode::kInternalError:
      return "internal_error";
  }
  return "internal_error";
}

}  // namespace weft
