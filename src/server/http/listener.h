// Accepts connections on the first reactor and deals them out to all, within the limits on connections.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "server/http/http_context.h"
#include "server/http/reactor.h"

namespace weft {

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(std::vector<std::shared_ptr<Reactor>> reactors, std::shared_ptr<HttpContext> context);

  // Binds and listens; the error names the address and the way out.
  Status open();
  void start();
  void close();  // on the first reactor's thread

  uint16_t port() const { return port_; }

 private:
  boost::asio::awaitable<void> run();
  void admit(boost::asio::ip::tcp::socket socket, std::shared_ptr<Reactor> reactor);
  bool count_connection(const boost::asio::ip::address& peer);
  void forget_connection(const boost::asio::ip::address& peer);

  std::vector<std::shared_ptr<Reactor>> reactors_;
  std::shared_ptr<HttpContext> context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  uint16_t port_ = 0;
  int32_t max_connections_ = 0;
  std::mutex mutex_;
  std::unordered_map<std::string, int32_t> connections_of_ip_;  // under mutex_
};

}  // namespace weft
