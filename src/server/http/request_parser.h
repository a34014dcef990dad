// Bytes of a connection to one HTTP/1.x request (I1, I2): every limit is applied to bytes received, not to bytes
// announced. No sockets, no time.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "base/status.h"
#include "server/http/http_config.h"
#include "server/http/message.h"

namespace weft {

class RequestParser {
 public:
  enum class State { kHeader, kBody, kDone };

  explicit RequestParser(const HttpLimits& limits);
  ~RequestParser();

  // Takes bytes from the front of `bytes` and returns how many. Stops after the header, so that a caller can refuse a
  // request before its body, and after the body. 0 means that more bytes are needed: call again with these and more.
  // An error is final: what follows on the connection can't be understood.
  Result<size_t> feed(std::string_view bytes);

  State state() const;
  bool expects_continue() const;  // the client waits for "100 Continue" before it sends the body

  // Head and target are complete from kBody on, the body at kDone.
  HttpRequest& request();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft
