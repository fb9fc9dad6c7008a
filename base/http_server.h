// HttpServer: a small HTTP/1.1 server with keep-alive over one handler (Boost.Beast inside).
//
// Runs on the given executor, one coroutine per connection. Requests over the limits are refused
// with 413/431; a handler that throws answers 500 and the connection goes on.
#pragma once

#include "base/http.h"
#include "base/result.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace base {

class HttpServer {
 public:
  struct Options {
    std::string address = "127.0.0.1";  // loopback unless told otherwise
    std::uint16_t port = 0;             // 0 picks a free one, see port()
    std::size_t body_bytes_max = 4U << 20U;
    std::size_t connections_max = 4096;
  };

  // Binds at once, so that a port in use is an error here and not later.
  static Result<std::unique_ptr<HttpServer>> listen(boost::asio::any_io_executor executor,
                                                    Options options, HttpHandler handler);
  ~HttpServer();

  std::uint16_t port() const;
  // Accepts until stop(); returns once stop() was called; open connections are cut.
  boost::asio::awaitable<void> run();
  void stop();

 private:
  struct Impl;
  explicit HttpServer(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace base
