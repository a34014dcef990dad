#include "server/http/request_parser.h"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <new>

#include "server/http/router.h"

namespace weft {
namespace {

namespace http = boost::beast::http;
using BeastError = boost::system::error_code;
using BeastView = boost::core::string_view;

// Small bodies in many small chunks cost more bytes on the wire than they hold; beyond this it is an attack.
constexpr size_t kWireOverhead = 64 << 10;

Error malformed(std::string_view what) {
  return make_error(ErrorCode::kInvalidValue, "The request is not valid HTTP/1.1: {}.", what);
}

// What Beast found wrong, as an error for the client.
Error describe(const BeastError& error, const HttpLimits& limits) {
  if (error == http::error::header_limit) {
    return make_error(ErrorCode::kHeadersTooLarge, "The request's header is larger than {} bytes.",
                      limits.max_header_bytes);
  }
  if (error == http::error::body_limit) {
    return make_error(ErrorCode::kRequestTooLarge, "The request's body is larger than {} bytes.",
                      limits.max_body_bytes);
  }
  if (error == http::error::bad_alloc) {
    return make_error(ErrorCode::kResourceExhausted, "There is no memory for the request now; try again later.");
  }
  return malformed(error.message());
}

}  // namespace

// Beast parses the grammar; what it lets through against RFC 9112 (unknown transfer codings, no Host) is refused here.
struct RequestParser::Impl final : http::basic_parser<true> {
  explicit Impl(const HttpLimits& limits_in) : limits(limits_in) {
    header_limit(static_cast<uint32_t>(limits.max_header_bytes));
    body_limit(limits.max_body_bytes);
  }

  void refuse(Error error, BeastError& code) {
    failure = std::move(error);
    code = http::error::bad_value;
  }

  void on_request_impl(http::verb, BeastView method, BeastView target, int version, BeastError& code) override {
    code = {};
    request.method.assign(method.data(), method.size());
    request.target.assign(target.data(), target.size());
    request.minor_version = version - 10;
    if (target.size() > limits.max_request_line_bytes) {
      refuse(make_error(ErrorCode::kHeadersTooLarge, "The request line is longer than {} bytes.",
                        limits.max_request_line_bytes),
             code);
    }
  }

  void on_response_impl(int, BeastView, int, BeastError& code) override { code = http::error::bad_version; }

  void on_field_impl(http::field, BeastView name, BeastView value, BeastError& code) override {
    code = {};
    if (state != State::kHeader) return;  // trailers
    if (request.headers.size() == limits.max_headers) {
      refuse(make_error(ErrorCode::kHeadersTooLarge, "The request has more than {} header fields.", limits.max_headers),
             code);
      return;
    }
    request.headers.emplace_back(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
  }

  void on_header_impl(BeastError& code) override {
    code = {};
    if (Status status = check_header(); !status) refuse(status.error(), code);
  }

  void on_body_init_impl(const boost::optional<uint64_t>&, BeastError& code) override { code = {}; }

  size_t append_body(BeastView body) {
    request.body.append(body.data(), body.size());
    return body.size();
  }

  size_t on_body_impl(BeastView body, BeastError& code) override {
    code = {};
    return append_body(body);
  }
  void on_chunk_header_impl(uint64_t, BeastView, BeastError& code) override { code = {}; }
  size_t on_chunk_body_impl(uint64_t, BeastView body, BeastError& code) override {
    code = {};
    return append_body(body);
  }
  void on_finish_impl(BeastError& code) override { code = {}; }

  Status check_header() {
    size_t num_hosts = 0;
    for (const auto& [name, value] : request.headers) {
      if (equal_ignoring_case(name, "host")) {
        ++num_hosts;
        request.host = value;
      } else if (equal_ignoring_case(name, "transfer-encoding")) {
        if (!equal_ignoring_case(value, "chunked") || std::exchange(has_coding, true) || request.minor_version == 0) {
          return malformed("the only Transfer-Encoding understood here is chunked, once, in HTTP/1.1");
        }
      } else if (equal_ignoring_case(name, "expect") && equal_ignoring_case(value, "100-continue")) {
        expects_continue = request.minor_version == 1;
      } else if (equal_ignoring_case(name, "x-request-id") && is_valid_request_id(value)) {
        request.request_id = value;
      }
    }
    if (num_hosts > 1 || (num_hosts == 0 && request.minor_version == 1)) {
      return malformed("it needs exactly one Host header");
    }
    TRY(split_target(request.target, request.host, request.path));
    request.keep_alive = keep_alive();
    return {};
  }

  void advance_state() {
    if (is_done()) {
      state = State::kDone;
    } else if (is_header_done() && state == State::kHeader) {
      state = State::kBody;
      eager(true);
    }
  }

  HttpLimits limits;
  HttpRequest request;
  State state = State::kHeader;
  std::optional<Error> failure;
  size_t wire_bytes = 0;
  bool has_coding = false;
  bool expects_continue = false;
};

RequestParser::RequestParser(const HttpLimits& limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::~RequestParser() = default;

Result<size_t> RequestParser::feed(std::string_view bytes) {
  Impl& parser = *impl_;
  const State before = parser.state;
  size_t taken = 0;
  try {
    while (parser.state == before && parser.state != State::kDone) {
      if (parser.wire_bytes == 0 && bytes.substr(taken).starts_with("\r\n")) {
        taken += 2;  // RFC 9112, 2.2: an empty line before the request line
        parser.wire_bytes = 2;
        continue;
      }
      if (taken == bytes.size()) break;
      BeastError code;
      std::string_view rest = bytes.substr(taken);
      size_t used = parser.put(boost::asio::buffer(rest.data(), rest.size()), code);
      taken += used;
      parser.wire_bytes += used;
      if (code == http::error::need_more) {
        if (rest.size() - used > 2 * parser.limits.max_header_bytes) return malformed("a line of it is too long");
        break;
      }
      if (parser.failure) return *parser.failure;
      if (code) return describe(code, parser.limits);
      parser.advance_state();
      if (used == 0) break;
    }
  } catch (const std::bad_alloc&) {
    return describe(http::error::bad_alloc, parser.limits);
  }
  size_t max_wire = parser.limits.max_header_bytes + parser.limits.max_body_bytes / 8 * 9 + kWireOverhead;
  if (parser.wire_bytes > max_wire) return describe(http::error::body_limit, parser.limits);
  return taken;
}

RequestParser::State RequestParser::state() const { return impl_->state; }
bool RequestParser::expects_continue() const { return impl_->expects_continue; }
HttpRequest& RequestParser::request() { return impl_->request; }

}  // namespace weft
