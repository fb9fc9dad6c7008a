// The fixture of the HTTP client's tests: a real event loop with servers on loopback ports of their
// own. Whatever a test starts is aborted when it ends.
#pragma once

#include "aws/curl_http_client.h"
#include "base/http_server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <optional>

namespace test {

namespace asio = boost::asio;
using asio::ip::tcp;
using Answer = base::Result<base::HttpResponse>;

constexpr auto kTestLimit = std::chrono::seconds(30);

// A real event loop with a client on it; servers are added per test, each on a port of its own.
class CurlHttpClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto created = aws::CurlHttpClient::create(io_.get_executor());
    ASSERT_TRUE(created.has_value());
    client_ = std::move(*created);
  }

  void TearDown() override {
    client_.reset();
    servers_.clear();
    close_raw();
    io_.restart();
    io_.run_for(std::chrono::seconds(1));
  }

  void close_raw() {
    for (const auto& acceptor : raw_) acceptor->close();
    raw_.clear();
  }

  // Serves until the test ends; returns "http://127.0.0.1:port".
  std::string serve(base::HttpHandler handler) {
    auto server = base::HttpServer::listen(io_.get_executor(), {}, std::move(handler)).value();
    const std::string url = "http://127.0.0.1:" + std::to_string(server->port());
    asio::co_spawn(io_, server->run(), [](std::exception_ptr e) { EXPECT_FALSE(e); });
    servers_.push_back(std::move(server));
    return url;
  }

  // Accepts connections, reads one request's head on each, writes `bytes`, closes.
  std::string serve_raw(std::string bytes) {
    auto acceptor =
        std::make_shared<tcp::acceptor>(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    const std::string authority = "127.0.0.1:" + std::to_string(acceptor->local_endpoint().port());
    asio::co_spawn(io_, answer_raw(acceptor, std::move(bytes), &raw_connections_),
                   [](std::exception_ptr) {});
    raw_.push_back(acceptor);
    return authority;
  }

  static asio::awaitable<void> answer_raw(std::shared_ptr<tcp::acceptor> acceptor,
                                          std::string bytes, int* connections) {
    while (acceptor->is_open()) {
      tcp::socket socket = co_await acceptor->async_accept(asio::use_awaitable);
      ++*connections;
      asio::streambuf buffer;
      co_await asio::async_read_until(socket, buffer, "\n", asio::as_tuple(asio::use_awaitable));
      co_await asio::async_write(socket, asio::buffer(bytes), asio::as_tuple(asio::use_awaitable));
      boost::system::error_code ignored;
      socket.shutdown(tcp::socket::shutdown_send, ignored);
    }
  }

  // A minimal server that counts connections and answers any number of GETs on each.
  static asio::awaitable<void> serve_kept_alive(std::shared_ptr<tcp::acceptor> acceptor,
                                                std::shared_ptr<int> connections) {
    while (acceptor->is_open()) {
      tcp::socket socket = co_await acceptor->async_accept(asio::use_awaitable);
      ++*connections;
      asio::co_spawn(acceptor->get_executor(), answer_requests(std::move(socket)),
                     [](std::exception_ptr) {});
    }
  }

  static asio::awaitable<void> answer_requests(tcp::socket socket) {
    asio::streambuf buffer;
    while (true) {
      const std::size_t bytes =
          co_await asio::async_read_until(socket, buffer, "\r\n\r\n", asio::use_awaitable);
      buffer.consume(bytes);
      const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
      co_await asio::async_write(socket, asio::buffer(answer), asio::use_awaitable);
    }
  }

  static base::HttpRequest get(std::string url) {
    base::HttpRequest request;
    request.url = std::move(url);
    return request;
  }

  struct Pending {
    std::optional<Answer> answer;
    std::exception_ptr error;
    bool done = false;
    asio::cancellation_signal cancel;
  };

  // Starts an exchange; the returned state lives as long as the fixture.
  Pending& start(base::HttpRequest request, aws::HttpOptions options = {}) {
    Pending& pending = pending_.emplace_back();
    asio::co_spawn(io_, client_->send(std::move(request), options),
                   asio::bind_cancellation_slot(pending.cancel.slot(),
                                                [&pending](std::exception_ptr e, Answer answer) {
                                                  pending.error = e;
                                                  if (!e) pending.answer.emplace(std::move(answer));
                                                  pending.done = true;
                                                }));
    return pending;
  }

  template <class Done>
  void run_until(Done done) {
    const auto end = std::chrono::steady_clock::now() + kTestLimit;
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << "the test hangs";
      io_.restart();
      io_.run_one_for(std::chrono::milliseconds(100));
    }
  }

  Answer send(base::HttpRequest request, aws::HttpOptions options = {}) {
    Pending& pending = start(std::move(request), options);
    run_until([&] { return pending.done; });
    if (pending.error) std::rethrow_exception(pending.error);
    return *pending.answer;
  }

  asio::io_context io_{1};
  std::unique_ptr<aws::CurlHttpClient> client_;
  std::vector<std::unique_ptr<base::HttpServer>> servers_;
  std::vector<std::shared_ptr<tcp::acceptor>> raw_;
  std::list<Pending> pending_;
  int raw_connections_ = 0;
};

inline base::HttpHandler echo(std::vector<base::HttpRequest>& seen) {
  return [&seen](base::HttpRequest request) -> asio::awaitable<base::HttpResponse> {
    seen.push_back(request);
    base::HttpResponse response{201, {{"X-Answer", "  yes "}}, request.body};
    co_return response;
  };
}

inline base::HttpHandler answer_status(int& status) {
  return [&status](base::HttpRequest) -> asio::awaitable<base::HttpResponse> {
    base::HttpResponse response{status, {{"X-Answer", "yes"}}, "body"};
    co_return response;
  };
}

inline asio::awaitable<base::HttpResponse> never(base::HttpRequest) {
  base::RealClock clock;
  co_await clock.sleep_for(std::chrono::hours(1));
  co_return base::HttpResponse{};
}

}  // namespace test
