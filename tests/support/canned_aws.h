// CannedAws: an AWS that answers by rote, under virtual time. Answers are given in the order of the
// calls, or per operation; every request is kept for inspection.
#pragma once

#include "aws/caller.h"
#include "sim/virtual_loop.h"

#include <deque>
#include <map>
#include <string>
#include <vector>

namespace test {

class CannedHttpClient final : public aws::HttpClient {
 public:
  // Answers to `operation`, one after the other; the last one is repeated.
  void answer(const std::string& operation, std::string body, int status = 200) {
    answers_[operation].push_back(base::HttpResponse{status, {}, std::move(body)});
  }
  void fail(const std::string& operation, base::Error error) {
    answers_[operation].push_back(std::move(error));
  }

  boost::asio::awaitable<base::Result<base::HttpResponse>> send(base::HttpRequest request,
                                                                aws::HttpOptions options) override {
    const std::string operation = operation_of(request);
    requests.push_back(std::move(request));
    fresh_connections.push_back(options.fresh_connection);
    auto& queue = answers_[operation];
    if (queue.empty()) {
      co_return base::fatal("no answer is canned for " + operation);
    }
    auto next = queue.front();
    if (queue.size() > 1) queue.pop_front();
    co_return next;
  }

  // The form's value of `key`, decoded; empty if it is not there.
  static std::string parameter(const base::HttpRequest& request, const std::string& key) {
    const std::string body = "&" + request.body;
    const auto at = body.find("&" + base::percent_encode(key) + "=");
    if (at == std::string::npos) return {};
    const auto from = body.find('=', at) + 1;
    return base::percent_decode(body.substr(from, body.find('&', from) - from), true);
  }
  // Query's Action, or what follows the dot of X-Amz-Target.
  static std::string operation_of(const base::HttpRequest& request) {
    if (const auto target = base::find_header(request.headers, "x-amz-target")) {
      return std::string(target->substr(target->find('.') + 1));
    }
    return parameter(request, "Action");
  }
  std::vector<std::string> operations() const {
    std::vector<std::string> names;
    for (const base::HttpRequest& request : requests) names.push_back(operation_of(request));
    return names;
  }

  std::vector<base::HttpRequest> requests;
  std::vector<bool> fresh_connections;

 private:
  std::map<std::string, std::deque<base::Result<base::HttpResponse>>> answers_;
};

struct CannedAws {
  sim::VirtualLoop loop;
  CannedHttpClient http;
  base::Random random{1};
  aws::StaticCredentials credentials{
      {"AKIDEXAMPLE", base::Secret("secret"), base::Secret(), std::nullopt, "test"}};
  aws::Caller caller{http, credentials, loop.clock(), random,
                     aws::EndpointConfig{base::Region("eu-west-2"), "http://aws.test", {}}};

  const base::HttpRequest& request(std::size_t number = 0) const {
    return http.requests.at(number);
  }
  std::string parameter(const std::string& key, std::size_t number = 0) const {
    return CannedHttpClient::parameter(request(number), key);
  }
};

}  // namespace test
