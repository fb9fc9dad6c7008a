// How many requests the runtime makes, when nothing goes wrong and when nothing works.
#include "sim/faults.h"
#include "tests/soak/again.h"
#include "tests/soak/soak.h"

#include <gtest/gtest.h>

namespace soak {
namespace {

using namespace std::chrono_literals;

Settings one_worker() {
  Settings settings;
  settings.workers = 1;
  settings.again = again_command(settings.seed);
  return settings;
}

double ratio(std::uint64_t a, std::uint64_t b) {
  return static_cast<double>(a) / static_cast<double>(b);
}

TEST(Economy, TakesAFifthOfARequestForEachMessageUnderLoad) {
  constexpr int kMessages = 5'000;
  Soak soak(one_worker());
  for (int i = 0; i < kMessages; ++i) soak.send(soak.ledger().add(Plan::kQuick), false);
  soak.start_workers();
  EXPECT_TRUE(soak.settle(10min));
  EXPECT_LE(ratio(soak.traffic().total(), kMessages), 0.205);
  const Report report = soak.finish();
  EXPECT_TRUE(report.passed()) << report.text();
}

TEST(Economy, PollsAnIdleQueueThreeTimesAMinute) {
  Settings settings = one_worker();
  settings.visibility = 60s;  // as configured by default; a short one shortens the polls
  Soak soak(settings);
  soak.start_workers();
  soak.loop().run_for(20min);
  constexpr int kQueues = 2;
  EXPECT_LE(ratio(soak.traffic().total(), kQueues * 20), 3.1);
  EXPECT_TRUE(soak.finish().passed());
}

TEST(Economy, HeartbeatsTenMessagesWithEachRequest) {
  Settings settings = one_worker();
  settings.in_flight_max = 200;
  Soak soak(settings);
  for (int i = 0; i < 200; ++i) soak.send(soak.ledger().add(Plan::kLong, 10min), false);
  soak.start_workers();
  soak.loop().run_for(9min);
  const std::uint64_t requests = soak.traffic().of("ChangeMessageVisibilityBatch");
  EXPECT_GT(soak.traffic().extended, 200U * 15) << "several heartbeats each";
  EXPECT_LE(ratio(requests, soak.traffic().extended), 0.11);
  EXPECT_TRUE(soak.settle(10min));
  EXPECT_EQ(soak.oracle().stats().lost, 0U);
  EXPECT_TRUE(soak.finish().passed());
}

// Requests a minute of one worker with two queues and messages in hand, while `trouble` lasts.
double requests_a_minute(const std::function<void(Soak&)>& trouble) {
  Settings settings = one_worker();
  settings.in_flight_max = 50;
  Soak soak(settings);
  for (int i = 0; i < 200; ++i) soak.send(soak.ledger().add(Plan::kShort, 3s), i % 2 == 0);
  soak.start_workers();
  soak.loop().run_for(1s);
  trouble(soak);
  soak.loop().run_for(1min);  // what was in hand is lost by then
  const std::uint64_t before = soak.traffic().total();
  constexpr std::uint64_t kTooMany = 20'000;  // no need to watch a spin to its end
  for (int second = 0; second < 600 && soak.traffic().total() < before + kTooMany; ++second) {
    soak.loop().run_for(1s);
  }
  const double rate = ratio(soak.traffic().total() - before, 10);
  soak.region().faults().clear();
  for (const auto& worker : soak.workers()) {
    worker->http().weather = {};
    worker->http().refuse = {};
  }
  EXPECT_TRUE(soak.settle(30min));
  const Report report = soak.finish();
  EXPECT_TRUE(report.passed()) << report.text();
  return rate;
}

void refuse_all(Soak& soak, const std::string& type, int status) {
  soak.workers()[0]->http().refuse = [type, status](const base::HttpRequest&) {
    base::HttpResponse response;
    response.status = status;
    response.body = "{\"__type\":\"" + type + "\",\"message\":\"no\"}";
    return std::optional(response);
  };
}

TEST(Economy, DoesNotSpinWhenEverythingIsDenied) {
  EXPECT_LE(requests_a_minute([](Soak& soak) {
              refuse_all(soak, "com.amazon.coral.service#AccessDeniedException", 403);
            }),
            12);
}

TEST(Economy, DoesNotSpinWhenTheQueueIsGone) {
  EXPECT_LE(requests_a_minute(
                [](Soak& soak) { refuse_all(soak, "com.amazonaws.sqs#QueueDoesNotExist", 400); }),
            12);
}

TEST(Economy, DoesNotSpinWhenEverythingIsThrottled) {
  EXPECT_LE(requests_a_minute(
                [](Soak& soak) { refuse_all(soak, "com.amazonaws.sqs#RequestThrottled", 400); }),
            60);
}

TEST(Economy, DoesNotSpinWhenNothingCanBeReached) {
  EXPECT_LE(requests_a_minute([](Soak& soak) { soak.workers()[0]->http().weather.refused = 1; }),
            60);
}

TEST(Economy, DoesNotSpinInABlackHole) {
  EXPECT_LE(requests_a_minute(
                [](Soak& soak) { soak.workers()[0]->http().weather.black_hole_before = 1; }),
            30);
}

}  // namespace
}  // namespace soak
