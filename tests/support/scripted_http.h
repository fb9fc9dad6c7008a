// ScriptedHttp: an aws::HttpClient that plays answers in the order in which they were queued and
// keeps every request. Running out of answers is a failure of the test: std::logic_error.
#pragma once

#include "aws/http_client.h"

#include <boost/asio/awaitable.hpp>

#include <deque>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace test {

class ScriptedHttp final : public aws::HttpClient {
 public:
  using Answer = base::Result<base::HttpResponse>;

  struct Sent {
    base::HttpRequest request;
    aws::HttpOptions options;
  };

  // Each returns *this, so that a script reads as one sentence.
  ScriptedHttp& answer(int status, std::string body, std::vector<base::Header> headers = {}) {
    base::HttpResponse response;
    response.status = status;
    response.headers = std::move(headers);
    response.body = std::move(body);
    script_.push_back(Answer(std::move(response)));
    return *this;
  }
  ScriptedHttp& fail(base::ErrorKind kind, std::string code) {
    script_.push_back(Answer(base::Error{kind, std::move(code), "scripted", {}}));
    return *this;
  }
  // From now on, when the script is empty, answer like this.
  ScriptedHttp& otherwise(int status, std::string body) {
    otherwise_ = [status, body = std::move(body)] {
      base::HttpResponse response;
      response.status = status;
      response.body = body;
      return Answer(std::move(response));
    };
    return *this;
  }

  const std::vector<Sent>& sent() const { return sent_; }
  const base::HttpRequest& request(std::size_t index) const { return sent_.at(index).request; }
  std::string header(std::size_t index, std::string_view name) const {
    return std::string(base::find_header(request(index).headers, name).value_or(""));
  }
  bool played_out() const { return script_.empty(); }

  boost::asio::awaitable<Answer> send(base::HttpRequest request,
                                      aws::HttpOptions options) override {
    sent_.push_back({std::move(request), options});
    if (script_.empty()) {
      if (!otherwise_)
        throw std::logic_error("the script has no answer for " + sent_.back().request.body);
      co_return otherwise_();
    }
    Answer next = std::move(script_.front());
    script_.pop_front();
    co_return next;
  }

 private:
  std::deque<Answer> script_;
  std::function<Answer()> otherwise_;
  std::vector<Sent> sent_;
};

}  // namespace test
