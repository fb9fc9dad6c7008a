#include "base/http_server.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include <stdexcept>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

asio::awaitable<base::HttpResponse> echo(base::HttpRequest request) {
  if (request.url == "/throw") throw std::runtime_error("secret detail");
  if (request.url == "/drop") co_return base::HttpResponse{};
  co_return base::HttpResponse{
      200, {{"X-Method", request.method}, {"X-Url", request.url}}, std::string(request.body)};
}

// Sends raw bytes on one connection and reads until the server has gone silent: `answers` answers
// (counted by their status line) or the end of the stream.
class HttpServerTest : public testing::Test {
 protected:
  std::string exchange(const std::string& bytes, int answers) {
    std::string received;
    auto talk = [&]() -> asio::awaitable<void> {
      tcp::socket socket(context_);
      const tcp::endpoint server(asio::ip::address_v4::loopback(), server_->port());
      co_await socket.async_connect(server, asio::use_awaitable);
      co_await asio::async_write(socket, asio::buffer(bytes), asio::use_awaitable);
      char chunk[4096];
      try {
        while (count(received) < answers || !received.ends_with("!")) {
          const auto n = co_await socket.async_read_some(asio::buffer(chunk), asio::use_awaitable);
          received.append(chunk, n);
        }
      } catch (const boost::system::system_error&) {
        received += "<eof>";
      }
      server_->stop();
    };
    asio::co_spawn(context_, server_->run(), [](std::exception_ptr e) {
      if (e) std::rethrow_exception(e);
    });
    asio::co_spawn(context_, talk(), [](std::exception_ptr e) {
      if (e) std::rethrow_exception(e);
    });
    context_.run();
    return received;
  }

  static int count(const std::string& text) {
    int n = 0;
    for (auto at = text.find("HTTP/1.1 "); at != std::string::npos;
         at = text.find("HTTP/1.1 ", at + 1)) {
      ++n;
    }
    return n;
  }

  asio::io_context context_;
  std::unique_ptr<base::HttpServer> server_ = [this] {
    base::HttpServer::Options options;
    options.body_bytes_max = 1000;
    return base::HttpServer::listen(context_.get_executor(), options, echo).value();
  }();
};

TEST_F(HttpServerTest, KeepsTheConnectionForTheNextRequest) {
  const std::string received = exchange(
      "POST /a?b=c HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n-"
      "PUT /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n!",
      2);
  EXPECT_NE(received.find("X-Url: /a?b=c"), std::string::npos) << received;
  EXPECT_NE(received.find("X-Method: PUT"), std::string::npos) << received;
  EXPECT_EQ(count(received), 2);
}

TEST_F(HttpServerTest, AnswersAHeadWithTheLengthButWithoutTheBody) {
  const std::string received = exchange(
      "HEAD /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nquiet"
      "PUT /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n!",
      2);
  EXPECT_NE(received.find("Content-Length: 5\r\n\r\nHTTP/1.1 200"), std::string::npos) << received;
}

TEST_F(HttpServerTest, TellsAClientThatAsksToGoAheadWithTheBody) {
  const std::string received = exchange(
      "PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n!", 2);
  EXPECT_TRUE(received.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")) << received;
}

TEST_F(HttpServerTest, RefusesATooLongBodyBeforeItIsSent) {
  const std::string received = exchange(
      "PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1001\r\n\r\n", 99);
  EXPECT_TRUE(received.starts_with("HTTP/1.1 413")) << received;
}

TEST_F(HttpServerTest, AnswersATooLongBodyWith413AndCloses) {
  const std::string received =
      exchange("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n", 99);
  EXPECT_NE(received.find("HTTP/1.1 413"), std::string::npos) << received;
  EXPECT_TRUE(received.ends_with("<eof>"));
}

TEST_F(HttpServerTest, AnswersGarbageWith400) {
  const std::string received = exchange("\x16\x03\x01 hello\r\n\r\n", 99);
  EXPECT_NE(received.find("HTTP/1.1 400"), std::string::npos) << received;
}

TEST_F(HttpServerTest, HandlerThatThrowsIs500WithoutItsText) {
  const std::string received =
      exchange("GET /throw HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 99);
  EXPECT_NE(received.find("HTTP/1.1 500"), std::string::npos) << received;
  EXPECT_EQ(received.find("secret detail"), std::string::npos) << received;
}

TEST_F(HttpServerTest, StatusZeroClosesWithoutAnAnswer) {
  EXPECT_EQ(exchange("GET /drop HTTP/1.1\r\nHost: x\r\n\r\n", 99), "<eof>");
}

TEST_F(HttpServerTest, PortInUseIsAnErrorAtOnce) {
  base::HttpServer::Options options;
  options.port = server_->port();
  const auto second = base::HttpServer::listen(context_.get_executor(), options, echo);
  ASSERT_TRUE(second.has_error());
  EXPECT_NE(second.error().message.find("127.0.0.1"), std::string::npos);
}

}  // namespace
