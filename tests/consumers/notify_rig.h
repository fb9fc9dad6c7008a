// What the tests of notifications share: a web server that is told, and fails as it is told to.
#pragma once

#include "base/clock.h"
#include "base/http.h"

#include <boost/asio/awaitable.hpp>
#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <vector>

namespace test {

inline constexpr const char* kNotifySecret = "xoxb-s3cr3t";

struct Receiver {
  explicit Receiver(base::Clock& clock) : clock_(clock) {}

  struct Post {
    base::HttpRequest request;
    nlohmann::json body;
    base::TimePoint at;
  };
  std::vector<Post> posts;
  std::function<base::HttpResponse(const Post&)> answer;
  bool hangs = false;

  boost::asio::awaitable<base::HttpResponse> handle(base::HttpRequest request) {
    Post post{request, nlohmann::json::parse(request.body, nullptr, false), clock_.now()};
    posts.push_back(post);
    if (hangs) co_await clock_.sleep_for(std::chrono::hours(24 * 365));
    co_return answer ? answer(post) : base::HttpResponse{200, {}, R"({"ok":true})"};
  }

 private:
  base::Clock& clock_;
};

}  // namespace test
