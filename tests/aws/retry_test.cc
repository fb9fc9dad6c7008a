#include "aws/retry.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace {

using aws::RetryPolicy;
using aws::RetryQuota;

base::Duration longest(base::ErrorKind kind, int attempt, std::uint64_t seed) {
  base::Random random(seed);
  base::Duration most{0};
  for (int i = 0; i < 2000; ++i) {
    most = std::max(most, aws::retry_delay(RetryPolicy{}, {kind, "", "", ""}, attempt, random));
  }
  return most;
}

TEST(RetryDelay, DoublesItsBoundWithEveryAttemptUpToTheCap) {
  const std::pair<int, int> transient[] = {{1, 50},      {2, 100},     {3, 200},      {9, 12'800},
                                           {10, 20'000}, {64, 20'000}, {5000, 20'000}};
  for (const auto& [attempt, bound] : transient) {
    const auto most = longest(base::ErrorKind::kRetry, attempt, 7);
    EXPECT_LE(most.count(), bound) << attempt;
    EXPECT_GT(most.count(), bound * 9 / 10) << attempt;
  }
  EXPECT_LE(longest(base::ErrorKind::kThrottled, 1, 7).count(), 1000);
  EXPECT_GT(longest(base::ErrorKind::kThrottled, 1, 7).count(), 900);
}

TEST(RetryDelay, SpreadsFromZeroToItsBound) {
  base::Random random(11);
  int low = 0;
  for (int i = 0; i < 1000; ++i) {
    low += aws::retry_delay(RetryPolicy{}, {base::ErrorKind::kThrottled, "", "", ""}, 1, random) <
           base::Duration(500);
  }
  EXPECT_GT(low, 400);
  EXPECT_LT(low, 600);
}

TEST(RetryQuota, RefusesOnceSpentAndNeverHoldsMoreThanItsCapacity) {
  RetryQuota quota;
  int taken = 0;
  while (quota.take(RetryQuota::kTransientCost)) ++taken;
  EXPECT_EQ(taken, RetryQuota::kCapacity / RetryQuota::kTransientCost);
  EXPECT_TRUE(quota.take(quota.tokens()));
  EXPECT_FALSE(quota.take(1));
  quota.give_back(3 * RetryQuota::kCapacity);
  EXPECT_EQ(quota.tokens(), RetryQuota::kCapacity);
}

}  // namespace
