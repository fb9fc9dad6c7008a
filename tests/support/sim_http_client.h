// SimHttpClient: an aws::HttpClient that calls a base::HttpHandler in process, in virtual time.
//
//   test::SimHttpClient http(region_handler, loop.clock());
//   http.cut_response(3);   // the third request is carried out, but its answer never arrives
//   http.fail_request(5);   // the fifth never reaches the handler
//
// options.timeout is honoured on the given clock: a handler that takes longer is cancelled and the
// call fails with "Timeout". A handler that answers status 0 "closed the connection":
// "NetworkError".
#pragma once

#include "aws/http_client.h"
#include "base/clock.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <exception>
#include <functional>
#include <set>
#include <utility>
#include <variant>

namespace test {

class SimHttpClient final : public aws::HttpClient {
 public:
  using Answer = base::Result<base::HttpResponse>;

  SimHttpClient(base::HttpHandler handler, base::Clock& clock)
      : handler_(std::move(handler)), clock_(clock) {}

  // Requests are counted from 1.
  void fail_request(int number) { failed_.insert(number); }
  void cut_response(int number) { cut_.insert(number); }
  // Called with the request's number just before it reaches the handler and just after the handler
  // answered (before the answer is handed on): the place to crash a worker at exactly one call.
  std::function<void(int, const base::HttpRequest&)> before;
  std::function<void(int, const base::HttpRequest&)> after;

  int requests() const { return requests_; }

  boost::asio::awaitable<Answer> send(base::HttpRequest request,
                                      aws::HttpOptions options) override {
    using boost::asio::experimental::awaitable_operators::operator||;
    const int number = ++requests_;
    if (before) before(number, request);
    if (failed_.contains(number)) co_return error("ConnectError", "the test refused it");
    const base::HttpRequest copy = request;
    as_served(request);
    auto outcome = co_await (handle(std::move(request)) || clock_.sleep_for(options.timeout));
    if (after) after(number, copy);
    if (outcome.index() == 1) co_return error("Timeout", "no answer in time");
    base::HttpResponse response = std::get<0>(std::move(outcome));
    if (cut_.contains(number) || response.status == 0) {
      co_return error("NetworkError", "the connection was closed before the answer");
    }
    if (response.body.size() > options.body_bytes_max) {
      co_return base::Error{base::ErrorKind::kFatal, "BodyTooLarge", "longer than allowed", {}};
    }
    co_return response;
  }

 private:
  static base::Error error(std::string code, std::string message) {
    return {base::ErrorKind::kRetry, std::move(code), std::move(message), {}};
  }

  // A server sees "/path?query"; Host carries what was before it.
  static void as_served(base::HttpRequest& request) {
    const auto scheme = request.url.find("://");
    if (scheme == std::string::npos) return;
    const auto path = std::min(request.url.find('/', scheme + 3), request.url.size());
    if (!base::find_header(request.headers, "host")) {
      request.headers.push_back({"Host", request.url.substr(scheme + 3, path - scheme - 3)});
    }
    request.url = path < request.url.size() ? request.url.substr(path) : "/";
  }

  // As base::HttpServer does: a handler that throws has answered 500.
  boost::asio::awaitable<base::HttpResponse> handle(base::HttpRequest request) {
    try {
      co_return co_await handler_(std::move(request));
    } catch (const boost::system::system_error&) {
      throw;  // cancelled
    } catch (const std::exception& e) {
      co_return base::HttpResponse{500, {}, e.what()};
    }
  }

  base::HttpHandler handler_;
  base::Clock& clock_;
  std::set<int> failed_;
  std::set<int> cut_;
  int requests_ = 0;
};

}  // namespace test
