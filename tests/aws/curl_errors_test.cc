// Everything that can go wrong on the way, and what is reported for it.
#include "tests/aws/curl_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using test::Answer;
using test::CurlHttpClientTest;

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
  for (const char* bytes :
       {"", "HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf"}) {
    const Answer answer = send(get("http://" + serve_raw(bytes) + "/"));
    ASSERT_FALSE(answer.has_value()) << bytes;
    EXPECT_EQ(answer.error().code, "NetworkError") << bytes;
    EXPECT_EQ(answer.error().kind, base::ErrorKind::kRetry) << bytes;
    EXPECT_EQ(answer.error().message.find("half"), std::string::npos);
  }
}

// Answers the first request on each connection and closes it while the second one waits for its
// answer, having read all of it.
asio::awaitable<void> die_at_the_second(std::shared_ptr<tcp::acceptor> acceptor, int& requests) {
  while (acceptor->is_open()) {
    tcp::socket socket = co_await acceptor->async_accept(asio::use_awaitable);
    asio::streambuf buffer;
    for (const bool answered : {true, false}) {
      const auto [error, bytes] = co_await asio::async_read_until(
          socket, buffer, "the end", asio::as_tuple(asio::use_awaitable));
      if (error) break;
      buffer.consume(bytes);
      ++requests;
      const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
      if (answered) co_await asio::async_write(socket, asio::buffer(answer), asio::use_awaitable);
    }
  }
}

TEST_F(CurlHttpClientTest, SendsAPostAgainByItselfOnlyWhereItMay) {
  for (const bool resend : {true, false}) {
    SCOPED_TRACE(resend);
    auto acceptor =
        std::make_shared<tcp::acceptor>(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    int requests = 0;
    asio::co_spawn(io_, die_at_the_second(acceptor, requests), [](std::exception_ptr) {});
    raw_.push_back(acceptor);
    base::HttpRequest post =
        get("http://127.0.0.1:" + std::to_string(acceptor->local_endpoint().port()) + "/");
    post.method = "POST";
    post.body = "to the end";
    aws::HttpOptions options;
    options.resend = resend;
    EXPECT_TRUE(send(post, options).has_value());
    const Answer second = send(post, options);
    EXPECT_EQ(second.has_value(), resend);
    EXPECT_EQ(requests, resend ? 3 : 2) << "as the server has seen them";
    if (!second) {
      EXPECT_EQ(second.error().code, "NetworkError");
      EXPECT_EQ(second.error().kind, base::ErrorKind::kRetry);
    }
    // The handle that went back into the pool may repeat again.
    options.resend = true;
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(send(post, options).has_value());
    close_raw();
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
  const std::string authority =
      serve_raw("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
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

// The name or the number that a URL holds says nothing about where it leads.
TEST_F(CurlHttpClientTest, AsksNobodyAtAnAddressThatLeadsBackToTheMachine) {
  int asked = 0;
  const std::string url = serve([&](base::HttpRequest) -> asio::awaitable<base::HttpResponse> {
    ++asked;
    co_return base::HttpResponse{200, {}, "secret"};
  });
  const std::string port = url.substr(url.rfind(':'));
  aws::CurlOptions options;
  options.routable_only = true;
  options.hosts_allowed = {"127.0.0.2" + port};
  client_ = aws::CurlHttpClient::create(io_.get_executor(), options).value();
  for (const std::string& host : {"127.0.0.1" + port, "localhost" + port, "2130706433" + port,
                                  "0x7f.1" + port, "[::ffff:127.0.0.1]" + port}) {
    const Answer answer = send(get("http://" + host + "/"));
    ASSERT_FALSE(answer.has_value()) << host;
    if (answer.error().code == "ConnectError") continue;  // no IPv6 here
    EXPECT_EQ(answer.error().code, "AddressRefused") << host;
    EXPECT_EQ(answer.error().kind, base::ErrorKind::kDenied);
  }
  EXPECT_EQ(asked, 0);
}

TEST_F(CurlHttpClientTest, AsksAHostThatIsAllowedWhereverItIs) {
  const std::string url = serve([](base::HttpRequest) -> asio::awaitable<base::HttpResponse> {
    co_return base::HttpResponse{200, {}, ""};
  });
  const std::string port = url.substr(url.rfind(':'));
  for (const std::string& allowed : {std::string("127.0.0.1"), "127.0.0.1" + port}) {
    aws::CurlOptions options;
    options.routable_only = true;
    options.hosts_allowed = {allowed};
    client_ = aws::CurlHttpClient::create(io_.get_executor(), options).value();
    EXPECT_TRUE(send(get(url + "/")).has_value()) << allowed;
    EXPECT_EQ(send(get("http://localhost" + port + "/")).error().code, "AddressRefused");
    EXPECT_EQ(send(get("http://127.0.0.1@localhost" + port + "/")).error().code, "AddressRefused");
  }
}

}  // namespace
