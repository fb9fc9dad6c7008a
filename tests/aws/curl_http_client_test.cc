#include "aws/curl_http_client.h"

#include <gtest/gtest.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <algorithm>
#include <list>
#include <optional>

#include "base/http_server.h"

namespace {

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
    raw_.clear();
    io_.restart();
    io_.run_for(std::chrono::seconds(1));
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
    auto acceptor = std::make_shared<tcp::acceptor>(
        io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
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
                   asio::bind_cancellation_slot(
                       pending.cancel.slot(), [&pending](std::exception_ptr e, Answer answer) {
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

base::HttpHandler echo(std::vector<base::HttpRequest>& seen) {
  return [&seen](base::HttpRequest request) -> asio::awaitable<base::HttpResponse> {
    seen.push_back(request);
    base::HttpResponse response{201, {{"X-Answer", "  yes "}}, request.body};
    co_return response;
  };
}

asio::awaitable<base::HttpResponse> never(base::HttpRequest) {
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::hours(1));
  co_await timer.async_wait(asio::use_awaitable);
  co_return base::HttpResponse{};
}

TEST_F(CurlHttpClientTest, SendsMethodPathHeadersAndBodyAsTheyAre) {
  std::vector<base::HttpRequest> seen;
  const std::string url = serve(echo(seen));
  base::HttpRequest request = get(url + "/a/../b?x=1&y=%20");
  request.method = "POST";
  request.headers = {{"Content-Type", "application/x-amz-json-1.0"}, {"X-Empty", ""}};
  request.body = std::string("zero\0inside", 11);
  const Answer answer = send(request);
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->body, request.body);
  EXPECT_EQ(base::find_header(answer->headers, "x-answer"), "yes");
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].method, "POST");
  EXPECT_EQ(seen[0].url, "/a/../b?x=1&y=%20") << "what was signed is what travels";
  EXPECT_EQ(base::find_header(seen[0].headers, "content-type"), "application/x-amz-json-1.0");
  EXPECT_EQ(base::find_header(seen[0].headers, "x-empty"), "");
  EXPECT_FALSE(base::find_header(seen[0].headers, "expect").has_value());
}

TEST_F(CurlHttpClientTest, AddsNoContentTypeOfItsOwn) {
  std::vector<base::HttpRequest> seen;
  const std::string url = serve(echo(seen));
  for (const char* method : {"GET", "POST", "PUT", "DELETE"}) {
    base::HttpRequest request = get(url);
    request.method = method;
    ASSERT_TRUE(send(request).has_value()) << method;
    EXPECT_EQ(seen.back().method, method);
    EXPECT_FALSE(base::find_header(seen.back().headers, "content-type").has_value()) << method;
  }
}

TEST_F(CurlHttpClientTest, SendsLongBodiesWithoutWaitingForContinue) {
  std::vector<base::HttpRequest> seen;
  const std::string url = serve(echo(seen));
  base::HttpRequest request = get(url);
  request.method = "POST";
  request.body = std::string(3U << 20U, 'x');
  const Answer answer = send(request);
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->body.size(), request.body.size());
  EXPECT_FALSE(base::find_header(seen[0].headers, "expect").has_value());
}

TEST_F(CurlHttpClientTest, ReusesConnectionsUnlessAFreshOneIsAskedFor) {
  const auto connections_of = [this](bool fresh) {
    auto acceptor = std::make_shared<tcp::acceptor>(
        io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    auto count = std::make_shared<int>(0);
    asio::co_spawn(io_, serve_kept_alive(acceptor, count), [](std::exception_ptr) {});
    raw_.push_back(acceptor);
    const std::string url =
        "http://127.0.0.1:" + std::to_string(acceptor->local_endpoint().port()) + "/";
    for (int i = 0; i < 5; ++i) {
      aws::HttpOptions options;
      options.fresh_connection = fresh;
      EXPECT_TRUE(send(get(url), options).has_value());
    }
    return *count;
  };
  EXPECT_EQ(connections_of(false), 1);
  EXPECT_EQ(connections_of(true), 5);
}

TEST_F(CurlHttpClientTest, CarriesManyExchangesAtOnce) {
  int at_once = 0;
  int most = 0;
  const std::string url = serve([&](base::HttpRequest request) -> asio::awaitable<base::HttpResponse> {
    most = std::max(most, ++at_once);
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(50));
    co_await timer.async_wait(asio::use_awaitable);
    --at_once;
    co_return base::HttpResponse{200, {}, request.url};
  });
  std::vector<Pending*> all;
  for (int i = 0; i < 50; ++i) all.push_back(&start(get(url + "/" + std::to_string(i))));
  run_until([&] { return std::ranges::all_of(all, [](Pending* p) { return p->done; }); });
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(all[i]->answer && all[i]->answer->has_value());
    EXPECT_EQ((*all[i]->answer)->body, "/" + std::to_string(i));
  }
  EXPECT_GT(most, 10);
}

TEST_F(CurlHttpClientTest, GivesUpAtTheTimeout) {
  const std::string url = serve(&never);
  const auto begin = std::chrono::steady_clock::now();
  const Answer answer = send(get(url), {.timeout = base::Duration(150)});
  const auto took = std::chrono::steady_clock::now() - begin;
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, "Timeout");
  EXPECT_EQ(answer.error().kind, base::ErrorKind::kRetry);
  EXPECT_GE(took, std::chrono::milliseconds(149));
  EXPECT_LT(took, std::chrono::seconds(5));
}

TEST_F(CurlHttpClientTest, CancelsAHundredLongPollsAtOnce) {
  int arrived = 0;
  const std::string url = serve([&](base::HttpRequest request) -> asio::awaitable<base::HttpResponse> {
    ++arrived;
    co_return co_await never(std::move(request));
  });
  std::vector<Pending*> polls;
  for (int i = 0; i < 100; ++i) polls.push_back(&start(get(url)));
  run_until([&] { return arrived == 100; });
  for (Pending* poll : polls) poll->cancel.emit(asio::cancellation_type::terminal);
  run_until([&] { return std::ranges::all_of(polls, [](Pending* p) { return p->done; }); });
  for (Pending* poll : polls) {
    ASSERT_TRUE(poll->error);
    try {
      std::rethrow_exception(poll->error);
    } catch (const boost::system::system_error& e) {
      EXPECT_EQ(e.code(), asio::error::operation_aborted);
    }
  }
  // The client goes on working.
  std::vector<base::HttpRequest> seen;
  EXPECT_TRUE(send(get(serve(echo(seen)))).has_value());
}

TEST_F(CurlHttpClientTest, AbortsWhatIsInFlightWhenItIsDestroyed) {
  int arrived = 0;
  const std::string url = serve([&](base::HttpRequest request) -> asio::awaitable<base::HttpResponse> {
    ++arrived;
    co_return co_await never(std::move(request));
  });
  Pending& one = start(get(url));
  Pending& two = start(get(url));
  run_until([&] { return arrived == 2; });
  client_.reset();
  run_until([&] { return one.done && two.done; });
  EXPECT_TRUE(one.error && two.error);
}

TEST_F(CurlHttpClientTest, LeavesNothingRunningWhenIdle) {
  std::vector<base::HttpRequest> seen;
  const std::string url = serve(echo(seen));
  ASSERT_TRUE(send(get(url)).has_value());
  servers_.clear();
  raw_.clear();
  // Only work of the client could keep the loop from running out now.
  io_.restart();
  const auto begin = std::chrono::steady_clock::now();
  io_.run_for(std::chrono::seconds(10));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
}

TEST_F(CurlHttpClientTest, ReportsARefusedConnection) {
  std::uint16_t port = 0;
  {
    tcp::acceptor closed(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    port = closed.local_endpoint().port();
  }
  const Answer answer = send(get("http://127.0.0.1:" + std::to_string(port) + "/"));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, "ConnectError");
  EXPECT_EQ(answer.error().kind, base::ErrorKind::kRetry);
  EXPECT_TRUE(answer.error().message.starts_with("sending to 127.0.0.1: "));
}

TEST_F(CurlHttpClientTest, ReportsANameThatDoesNotExist) {
  const Answer answer = send(get("http://does-not-exist.invalid/"));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, "ConnectError");
}

TEST_F(CurlHttpClientTest, ReportsAnAnswerCutShort) {
  for (const char* bytes : {"", "HTTP/1.1 200 OK\r\nContent-Le",
                            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf"}) {
    const Answer answer = send(get("http://" + serve_raw(bytes) + "/"));
    ASSERT_FALSE(answer.has_value()) << bytes;
    EXPECT_EQ(answer.error().code, "NetworkError") << bytes;
    EXPECT_EQ(answer.error().kind, base::ErrorKind::kRetry) << bytes;
    EXPECT_EQ(answer.error().message.find("half"), std::string::npos);
  }
}

TEST_F(CurlHttpClientTest, LimitsTheAnswersSize) {
  const std::string url = serve([](base::HttpRequest) -> asio::awaitable<base::HttpResponse> {
    co_return base::HttpResponse{200, {}, std::string(1001, 'x')};
  });
  aws::HttpOptions options;
  options.body_bytes_max = 1000;
  const Answer answer = send(get(url), options);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, "BodyTooLarge");
  EXPECT_EQ(answer.error().kind, base::ErrorKind::kFatal);
  options.body_bytes_max = 1001;
  EXPECT_TRUE(send(get(url), options).has_value());
}

TEST_F(CurlHttpClientTest, LimitsTheHeadersSize) {
  std::string bytes = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 400; ++i) bytes += "X-A: " + std::string(1000, 'a') + "\r\n";
  const Answer answer = send(get("http://" + serve_raw(bytes + "\r\n") + "/"));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, "BodyTooLarge");
}

TEST_F(CurlHttpClientTest, RefusesAPlainServerSpokenToAsTls) {
  const std::string authority = serve_raw("HTTP/1.1 400 Bad Request\r\n\r\n");
  const Answer answer = send(get("https://" + authority + "/"));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, "TlsError") << answer.error().message;
  EXPECT_EQ(answer.error().kind, base::ErrorKind::kFatal);
}

TEST_F(CurlHttpClientTest, SkipsInterimAnswers) {
  const std::string authority = serve_raw(
      "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
      "HTTP/1.1 200 OK\r\nX-Final: 1\r\nContent-Length: 2\r\n\r\nok");
  const Answer answer = send(get("http://" + authority + "/"));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->status, 200);
  EXPECT_FALSE(base::find_header(answer->headers, "x-early").has_value());
  EXPECT_TRUE(base::find_header(answer->headers, "x-final").has_value());
}

TEST_F(CurlHttpClientTest, DoesNotFollowRedirects) {
  const std::string authority = serve_raw(
      "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(send(get("http://" + authority + "/"))->status, 302);
}

TEST_F(CurlHttpClientTest, RefusesRequestsThatCannotBeSent) {
  base::HttpRequest injected = get("http://127.0.0.1:1/");
  injected.headers = {{"X-A", "b\r\nX-Injected: 1"}};
  const base::HttpRequest requests[] = {injected, get("/no/host"), get("ftp://127.0.0.1/"),
                                        get("http://127.0.0.1/a\r\nb")};
  for (const base::HttpRequest& request : requests) {
    const Answer answer = send(request);
    ASSERT_FALSE(answer.has_value()) << request.url;
    EXPECT_EQ(answer.error().code, "InvalidRequest") << request.url;
    EXPECT_EQ(answer.error().kind, base::ErrorKind::kInvalid) << request.url;
  }
}

}  // namespace
