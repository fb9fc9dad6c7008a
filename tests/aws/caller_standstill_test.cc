// A worker that stood still during a call must not send it again: somebody else may have gone on.
#include "aws/caller.h"
#include "sim/virtual_loop.h"

#include <gtest/gtest.h>

namespace {

// A process that is stopped during a call, as seen from inside.
class Standstill final : public aws::HttpClient {
 public:
  Standstill(base::Clock& clock, base::HttpResponse response)
      : clock_(clock), response_(std::move(response)) {}
  int sent = 0;

  boost::asio::awaitable<base::Result<base::HttpResponse>> send(base::HttpRequest,
                                                                aws::HttpOptions) override {
    ++sent;
    co_await clock_.sleep_for(std::chrono::minutes(5));
    co_return response_;
  }

 private:
  base::Clock& clock_;
  base::HttpResponse response_;
};

TEST(Caller, DoesNotRepeatACallThatBeganLongAgo) {
  // Neither what may be tried again nor what would be signed again.
  const base::HttpResponse kAnswers[] = {{503, {}, "busy"},
                                         {403,
                                          {{"Date", "Fri, 02 Jan 2026 09:00:00 GMT"}},
                                          R"({"__type":"RequestTimeTooSkewed","message":"-"})"}};
  for (const base::HttpResponse& answer : kAnswers) {
    sim::VirtualLoop loop;
    Standstill http(loop.clock(), answer);
    aws::StaticCredentials credentials(
        {"AKID", base::Secret("s"), base::Secret(), std::nullopt, "test"});
    base::Random random(42);
    aws::Caller caller(http, credentials, loop.clock(), random,
                       {base::Region("eu-west-2"), "", {}});
    aws::ApiRequest request;
    request.service = "autoscaling";
    request.operation = "SetDesiredCapacity";
    EXPECT_FALSE(loop.run(caller.call(std::move(request))).has_value());
    EXPECT_EQ(http.sent, 1) << answer.status;
  }
}

}  // namespace
