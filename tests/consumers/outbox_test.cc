// The queue of one sink, checked against what it promises, whatever becomes of each notice.
#include "consumers/recycle/notify/outbox.h"

#include "consumers/recycle/notify/http_receipt.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace consumers::recycle {
namespace {

using std::chrono::seconds;

Notice numbered(int number) {
  Notice notice;
  notice.progress.run_id = std::to_string(number);
  return notice;
}

base::SteadyPoint at(int second) { return base::SteadyPoint(seconds(second)); }

RC_GTEST_PROP(Outbox, KeepsOrderWithinALaneItsBoundAndItsPace, (std::uint64_t seed)) {
  base::Random random(seed);
  const std::size_t most = static_cast<std::size_t>(1 + random.below(20));
  Outbox box({.notices_max = most});
  std::map<std::string, int> last;                    // number taken last, by lane
  std::map<std::string, base::SteadyPoint> last_try;  // by lane
  std::map<int, std::string> lane_of;
  int pushed = 0;
  for (int second = 0; second < 300; ++second) {
    for (auto more = random.below(3); more > 0; --more) {
      const std::string lane = fmt::format("lane-{}", random.below(3));
      lane_of[++pushed] = lane;
      const bool was_full = box.size() == most;
      RC_ASSERT(box.push(lane, numbered(pushed), at(second)) == (was_full ? 1 : 0));
      RC_ASSERT(box.size() <= most);
    }
    const auto taken = box.take(at(second));
    if (!taken) continue;
    const int number = std::stoi(taken->progress.run_id);
    const std::string& lane = lane_of.at(number);
    RC_ASSERT(number >= last[lane]);
    if (last_try.contains(lane)) RC_ASSERT(at(second) - last_try[lane] >= seconds(2));
    last[lane] = number;
    last_try[lane] = at(second);
    const auto fate = static_cast<Receipt::Fate>(random.below(3));
    box.settle({.fate = fate}, seconds(2), at(second), random);
    if (fate != Receipt::Fate::kAgain) ++last[lane];  // never again
  }
  // What is left comes out in the end.
  for (int second = 300; second < 3'000 && !box.empty(); ++second) {
    if (box.take(at(second))) box.settle({}, seconds(0), at(second), random);
  }
  RC_ASSERT(box.empty());
}

TEST(Outbox, IsDueWhenTheFirstLaneIs) {
  base::Random random(1);
  Outbox box;
  EXPECT_FALSE(box.next_due());
  box.push("a", numbered(1), at(0));
  ASSERT_TRUE(box.take(at(0)));
  box.settle({.fate = Receipt::Fate::kAgain, .not_before = seconds(30)}, seconds(1), at(0), random);
  EXPECT_EQ(box.next_due(), at(30));
  EXPECT_FALSE(box.take(at(29)));
  box.push("b", numbered(2), at(29));
  EXPECT_EQ(box.take(at(29))->progress.run_id, "2");
}

TEST(HttpReceipt, TellsPassingFromLastingFailures) {
  const auto fate = [](int status) { return receipt_of(base::HttpResponse{status, {}, ""}).fate; };
  for (const int status : {200, 202, 204}) EXPECT_EQ(fate(status), Receipt::Fate::kTaken) << status;
  for (const int status : {408, 429, 500, 502, 503, 504}) {
    EXPECT_EQ(fate(status), Receipt::Fate::kAgain) << status;
  }
  for (const int status : {301, 400, 401, 403, 404, 410}) {
    EXPECT_EQ(fate(status), Receipt::Fate::kRefused) << status;
  }
}

TEST(HttpReceipt, ReadsRetryAfterWithinReason) {
  const auto patience = [](const std::string& value) {
    return receipt_of(base::HttpResponse{429, {{"Retry-After", value}}, ""}).not_before;
  };
  EXPECT_EQ(patience("30"), seconds(30));
  EXPECT_EQ(patience("999999999999"), kRetryAfterMax);
  EXPECT_EQ(patience("-5"), seconds(0));
  EXPECT_EQ(patience("Fri, 20 Nov 2026 09:44:05 GMT"), seconds(0));
  EXPECT_EQ(patience("99999999999999999999"), seconds(0));
}

}  // namespace
}  // namespace consumers::recycle
