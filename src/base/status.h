// Errors as values. A failure caused by input or environment is a Status or Result<T>; a programmer's error is a CHECK.
// No exception crosses a room: code that calls a throwing library catches at the call.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace weft {

// The fixed catalogue of error codes. The HTTP status and type of each are in server/http/error_table.h.
enum class ErrorCode {
  kInvalidValue,           // a value is wrong; Status::param() names it
  kInvalidJson,            // not JSON, or JSON beyond the limits
  kContextLengthExceeded,  // prompt + max_tokens can never fit
  kGrammarTooComplex,
  kUnsupported,    // well-formed, but not something this build does
  kCorruptFile,    // a file's bytes contradict its format
  kNotFound,       // file or directory
  kModelNotFound,  // no model of that name is served
  kRouteNotFound,
  kMethodNotAllowed,
  kInvalidApiKey,
  kRequestTimeout,
  kRequestTooLarge,
  kUnsupportedMediaType,
  kHeadersTooLarge,
  kRateLimitExceeded,
  kQueueFull,
  kModelLoading,
  kDraining,
  kResourceExhausted,  // memory, descriptors, disk
  kDeadlineExceeded,
  kCancelled,
  kNumericError,  // non-finite logits (I20)
  kNoLegalToken,  // the grammar leaves no token (I21)
  kInternalError,
};

// The code as clients see it, e.g. "invalid_value".
std::string_view error_code_name(ErrorCode code);

struct Error {
  ErrorCode code = ErrorCode::kInternalError;
  std::string message;  // one or more full sentences: what is wrong, where, what to do
  std::string param;    // path of the offending request field, e.g. "messages[2].content"; empty when none
};

// Success or an Error.
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const {
    CHECK(error_.has_value());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

// Holds a T or an Error; the member names are those of std::expected, which it can become with C++23.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design
  Result(const Status& status) : Result(status.error()) {}                   // NOLINT: implicit by design

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    CHECK(has_value());
    return std::get<0>(state_);
  }
  const T& value() const& {
    CHECK(has_value());
    return std::get<0>(state_);
  }
  T&& value() && {
    CHECK(has_value());
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const {
    CHECK(!has_value());
    return std::get<1>(state_);
  }
  Error take_error() && {
    CHECK(!has_value());
    return std::get<1>(std::move(state_));
  }

 private:
  std::variant<T, Error> state_;
};

template <class... Args>
Error make_error(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return Error{code, fmt::format(format, std::forward<Args>(args)...), {}};
}

// An error about one request field.
template <class... Args>
Error param_error(std::string_view param, fmt::format_string<Args...> format, Args&&... args) {
  return Error{ErrorCode::kInvalidValue, fmt::format(format, std::forward<Args>(args)...), std::string(param)};
}

// The same error, its message preceded by where it happened: "config.json: ...".
inline Error in_context(std::string_view where, Error error) {
  error.message = fmt::format("{}: {}", where, error.message);
  return error;
}

}  // namespace weft

#define WEFT_CONCAT_INNER(a, b) a##b
#define WEFT_CONCAT(a, b) WEFT_CONCAT_INNER(a, b)

// Returns the error of `expr` (a Status) from the enclosing function, if it has one.
#define TRY(expr)                                                                                            \
  do {                                                                                                       \
    if (auto status_of_try = (expr); !status_of_try) return ::weft::Error(std::move(status_of_try.error())); \
  } while (false)

// TRY_ASSIGN(auto x, f()): declares or assigns x from a Result, or returns its error.
#define TRY_ASSIGN(target, expr) WEFT_TRY_ASSIGN(WEFT_CONCAT(result_of_try_, __LINE__), target, expr)
#define WEFT_TRY_ASSIGN(result, target, expr)                        \
  auto result = (expr);                                              \
  if (!result) return ::weft::Error(std::move(result).take_error()); \
  target = std::move(result).value()
