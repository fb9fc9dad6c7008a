// The overload rule, in rounds of outcomes.
#include "worker/overload.h"

#include <gtest/gtest.h>

namespace worker {
namespace {

using namespace std::chrono_literals;
using Circuit = Overload::Circuit;

base::SteadyPoint at(base::Duration since_start) { return base::SteadyPoint(since_start); }

struct Judged {
  base::Random random{11};
  Overload overload{80, random};

  void outcomes(int successes, int failures, base::Duration now = 0s) {
    for (int i = 0; i < successes; ++i) overload.succeeded(at(now));
    for (int i = 0; i < failures; ++i) overload.failed(at(now));
  }
};

TEST(Overload, HalvesWhenAtLeastHalfOfARoundFails) {
  Judged judged;
  judged.outcomes(41, 39);
  EXPECT_EQ(judged.overload.allowance(at(0s)), 80);
  judged.outcomes(40, 40);
  EXPECT_EQ(judged.overload.allowance(at(0s)), 40);
  judged.outcomes(20, 20);
  EXPECT_EQ(judged.overload.allowance(at(0s)), 20);
}

TEST(Overload, NeverFallsBelowOneAndGrowsBackToTheLimit) {
  Judged judged;
  for (int i = 0; i < 500; ++i) judged.outcomes(1, 2);
  EXPECT_EQ(judged.overload.allowance(at(0s)), 1);
  for (int round = 0; round < 200; ++round) judged.outcomes(10, 0);
  EXPECT_EQ(judged.overload.allowance(at(0s)), 80);
}

TEST(Overload, OpensTheCircuitAfterTwoBrokenRoundsInARow) {
  Judged judged;
  judged.outcomes(0, 80);
  EXPECT_EQ(judged.overload.circuit(), Circuit::kClosed);
  judged.outcomes(20, 20);  // a better one in between
  judged.outcomes(0, 20);
  EXPECT_EQ(judged.overload.circuit(), Circuit::kClosed);
  judged.outcomes(0, 10);
  EXPECT_EQ(judged.overload.circuit(), Circuit::kOpen);
  EXPECT_EQ(judged.overload.allowance(at(0s)), 0);
  ASSERT_TRUE(judged.overload.opens_at());
  EXPECT_GE(*judged.overload.opens_at(), at(Overload::kOpenFirst / 2));
  EXPECT_LE(*judged.overload.opens_at(), at(Overload::kOpenFirst));
}

TEST(Overload, ProbesWithOneMessageAndStaysOpenLongerEachTimeItFails) {
  Judged judged;
  judged.outcomes(0, 300);
  base::Duration longest{0};
  auto now = base::Duration(0);
  for (int i = 0; i < 12; ++i) {
    ASSERT_EQ(judged.overload.circuit(), Circuit::kOpen) << i;
    const auto until =
        std::chrono::duration_cast<base::Duration>(judged.overload.opens_at()->time_since_epoch());
    EXPECT_LE(until - now, Overload::kOpenMax);
    longest = std::max(longest, until - now);
    EXPECT_EQ(judged.overload.allowance(at(until - 1ms)), 0);
    now = until;
    EXPECT_EQ(judged.overload.allowance(at(now)), 1);
    EXPECT_EQ(judged.overload.circuit(), Circuit::kHalfOpen);
    judged.outcomes(0, 1, now);
  }
  EXPECT_GE(longest, Overload::kOpenMax / 2);
  now += Overload::kOpenMax;
  EXPECT_EQ(judged.overload.allowance(at(now)), 1);
  judged.outcomes(1, 0, now);
  EXPECT_EQ(judged.overload.circuit(), Circuit::kClosed);
  EXPECT_EQ(judged.overload.allowance(at(now)), Overload::kRound) << "not everything at once";
}

TEST(Overload, OpensForTheFirstLengthAgainAfterASuccess) {
  Judged judged;
  judged.outcomes(0, 300);
  auto now = base::Duration(0);
  for (int i = 0; i < 5; ++i) {
    now += Overload::kOpenMax;
    judged.overload.allowance(at(now));
    judged.outcomes(0, 1, now);
  }
  now += Overload::kOpenMax;
  judged.overload.allowance(at(now));
  judged.outcomes(1, 0, now);
  judged.outcomes(0, 300, now);
  ASSERT_EQ(judged.overload.circuit(), Circuit::kOpen);
  EXPECT_LE(*judged.overload.opens_at(), at(now + Overload::kOpenFirst));
}

TEST(Overload, TriesOneMessageBesideThoseThatRunForHours) {
  Judged judged;
  judged.outcomes(0, 300);
  const auto later = at(Overload::kOpenFirst);
  EXPECT_EQ(judged.overload.allowance(later, 30), 31);
  EXPECT_EQ(judged.overload.allowance(later, 31), 31) << "one is enough";
  EXPECT_EQ(judged.overload.allowance(later, 20), 21);
  EXPECT_EQ(judged.overload.allowance(later, 21), 21);
}

TEST(Overload, OfAQueueThatMayHoldOneMessageStillWorks) {
  base::Random random{5};
  Overload overload{1, random};
  for (int i = 0; i < 10; ++i) overload.succeeded(at(0s));
  EXPECT_EQ(overload.allowance(at(0s)), 1);
  for (int i = 0; i < 20; ++i) overload.failed(at(0s));
  EXPECT_EQ(overload.circuit(), Circuit::kOpen);
  EXPECT_EQ(overload.allowance(at(Overload::kOpenFirst)), 1);
}

}  // namespace
}  // namespace worker
