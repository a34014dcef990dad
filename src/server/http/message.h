// A parsed HTTP request and an answer, as plain records: handlers know nothing of sockets.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

bool equal_ignoring_case(std::string_view a, std::string_view b);  // of ASCII letters

// The value of the first header `name` (ASCII case does not matter); empty when there is none.
std::string_view find_header(const HttpHeaders& headers, std::string_view name);

struct HttpRequest {
  std::string method;
  std::string target;  // as it came
  std::string path;    // of the target, without scheme, host and query; what both access and dispatch look at
  std::string host;    // of the target's absolute form, else of the Host header
  HttpHeaders headers;
  std::string body;
  std::string request_id;  // of x-request-id when it is a valid one, else made here
  int minor_version = 1;   // of HTTP/1.x
  bool keep_alive = true;  // what the client asked for
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  HttpHeaders headers;  // beyond Content-Type, Content-Length, Connection and x-request-id
  std::string body;
};

// "OK", "Not Found", ...; "Error" for a status that this server does not use.
std::string_view reason_phrase(int status);

// True for `^[A-Za-z0-9._-]{1,128}$`.
bool is_valid_request_id(std::string_view id);

// 128 random bits in hexadecimal; safe on every thread.
std::string make_request_id();

}  // namespace weft
