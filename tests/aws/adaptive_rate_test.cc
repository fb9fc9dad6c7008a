#include "aws/adaptive_rate.h"

#include "tests/aws/scripted_world.h"

#include <gtest/gtest.h>

namespace {

using aws::AdaptiveRate;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A server that takes `capacity` requests a second, and a client that asks as fast as it may.
struct Play {
  explicit Play(double capacity_a_second) : capacity(capacity_a_second), left(capacity_a_second) {}

  void ask() {
    const auto wait = std::max(rate.take(now), base::Duration(2));  // 500 a second at most
    now += wait;
    left =
        std::min(capacity, left + std::chrono::duration<double>(now - filled).count() * capacity);
    filled = now;
    const bool throttled = left < 1;
    if (!throttled) left -= 1;
    (throttled ? refused : served) += 1;
    rate.answered(now, throttled);
  }
  void ask_for(base::Duration time) {
    const auto until = now + time;
    while (now < until) ask();
  }

  AdaptiveRate rate;
  base::SteadyPoint now{};
  base::SteadyPoint filled{};
  double capacity;
  double left;
  int served = 0;
  int refused = 0;
};

TEST(AdaptiveRate, HoldsNobodyUpWhoIsNotThrottled) {
  Play play(1e9);
  play.ask_for(seconds(10));
  EXPECT_FALSE(play.rate.limit());
  EXPECT_EQ(play.served, 5'000);
}

TEST(AdaptiveRate, FallsAtOnceWhenItIsThrottled) {
  Play play(100);
  while (play.refused == 0) play.ask();
  ASSERT_TRUE(play.rate.limit());
  const double first = *play.rate.limit();
  EXPECT_LT(first, 400);  // seven tenths of the 500 that were asked
  while (play.refused < 10) play.ask();
  EXPECT_LT(*play.rate.limit(), first);
}

TEST(AdaptiveRate, SettlesAtWhatTheServerGives) {
  Play play(50);
  play.ask_for(seconds(60));
  play.served = play.refused = 0;
  play.ask_for(seconds(300));
  EXPECT_GT(play.served, 300 * 50 * 0.75);
  EXPECT_LT(play.refused, play.served / 20);
}

TEST(AdaptiveRate, RecoversOnceTheServerGivesMore) {
  Play play(5);
  play.ask_for(seconds(60));
  EXPECT_LT(*play.rate.limit(), 10);
  play.capacity = 100;
  play.ask_for(seconds(30));
  play.served = 0;
  play.ask_for(seconds(30));
  EXPECT_GT(play.served, 30 * 50);
}

TEST(AdaptiveRate, IsFreeAgainAfterTenMinutesOfPeace) {
  AdaptiveRate rate;
  base::SteadyPoint now{};
  rate.take(now);
  rate.answered(now, true);
  EXPECT_TRUE(rate.limit());
  now += AdaptiveRate::kFreeAgainAfter + seconds(1);
  rate.take(now);
  rate.answered(now, false);
  EXPECT_FALSE(rate.limit());
}

TEST(AdaptiveRate, LetsSomethingThroughWhateverHappens) {
  AdaptiveRate rate;
  base::SteadyPoint now{};
  for (int i = 0; i < 1'000; ++i) {
    rate.take(now);
    rate.answered(now, true);
    now += milliseconds(10);
  }
  EXPECT_GE(*rate.limit(), 0.5);
  for (int i = 0; i < 1'000; ++i) EXPECT_LE(rate.take(now), AdaptiveRate::kWaitMax);
}

}  // namespace
