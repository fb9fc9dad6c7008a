// What is sent, reused, run at once and cancelled.
#include "tests/aws/curl_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using test::Answer;
using test::answer_status;
using test::CurlHttpClientTest;
using test::echo;
using test::never;

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

TEST_F(CurlHttpClientTest, LeavesNothingOfOneRequestOnTheNext) {
  std::vector<base::HttpRequest> seen;
  const std::string one = serve(echo(seen));
  const std::string other = serve(echo(seen));
  const auto exchange = [&](const std::string& url, const char* method, const std::string& body) {
    base::HttpRequest request = get(url);
    request.method = method;
    request.body = body;
    if (!body.empty()) request.headers = {{"X-Body", body}};
    const Answer answer = send(request);
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    EXPECT_EQ(seen.back().method, method);
    EXPECT_EQ(seen.back().body, body);
    EXPECT_EQ(base::find_header(seen.back().headers, "x-body").value_or(""), body);
    EXPECT_EQ("http://" + std::string(*base::find_header(seen.back().headers, "host")), url);
  };
  // One after the other, so that all of them use the same handle.
  for (const char* method : {"GET", "POST", "PUT", "DELETE"}) {
    exchange(one, "POST", "first");
    exchange(other, method, "");
    exchange(one, "POST", "");
    if (std::string_view(method) != "GET") exchange(other, method, "second");
  }
}

TEST_F(CurlHttpClientTest, MayLeaveOutTheHeadersOfASuccessOnly) {
  int status = 200;
  const std::string url = serve(answer_status(status));
  aws::HttpOptions options;
  options.success_headers = false;
  EXPECT_TRUE(send(get(url), options)->headers.empty());
  status = 503;
  const Answer failed = send(get(url), options);
  EXPECT_EQ(base::find_header(failed->headers, "x-answer"), "yes");
  status = 200;
  EXPECT_EQ(base::find_header(send(get(url))->headers, "x-answer"), "yes");
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
    auto acceptor =
        std::make_shared<tcp::acceptor>(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
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
  const std::string url =
      serve([&](base::HttpRequest request) -> asio::awaitable<base::HttpResponse> {
        most = std::max(most, ++at_once);
        base::RealClock clock;
        co_await clock.sleep_for(std::chrono::milliseconds(50));
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
  const std::string url =
      serve([&](base::HttpRequest request) -> asio::awaitable<base::HttpResponse> {
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
  const std::string url =
      serve([&](base::HttpRequest request) -> asio::awaitable<base::HttpResponse> {
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

// As after SIGSTOP and SIGCONT: the last exchange goes, its timer is overdue, and the next exchange
// begins before the loop has heard that the timer was cancelled.
TEST_F(CurlHttpClientTest, KeepsItsTimerWhenTheLoopIsLate) {
  const std::string silent = serve(&never);
  std::vector<base::HttpRequest> seen;
  const std::string url = serve(echo(seen));
  Pending& old = start(get(silent), {.timeout = base::Duration(100)});
  io_.restart();
  io_.run_for(std::chrono::milliseconds(20));
  const auto overdue = std::chrono::steady_clock::now() + std::chrono::milliseconds(120);
  asio::post(io_, [&] {
    while (std::chrono::steady_clock::now() < overdue) {
    }
    old.cancel.emit(asio::cancellation_type::terminal);
  });
  Pending& next = start(get(url));
  run_until([&] { return next.done; });
  ASSERT_TRUE(next.answer);
  EXPECT_TRUE(next.answer->has_value());
}

TEST_F(CurlHttpClientTest, LeavesNothingRunningWhenIdle) {
  std::vector<base::HttpRequest> seen;
  const std::string url = serve(echo(seen));
  ASSERT_TRUE(send(get(url)).has_value());
  servers_.clear();
  // Only work of the client could keep the loop from running out now.
  io_.restart();
  const auto begin = std::chrono::steady_clock::now();
  io_.run_for(std::chrono::seconds(10));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
}

}  // namespace
