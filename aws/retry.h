// The one retry rule (SDK "retry 2.1"): bounded attempts, full jitter, a token budget.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"

#include <boost/asio/awaitable.hpp>

#include <functional>

namespace aws {

struct RetryPolicy {
  int attempts_max = 3;
  base::Duration transient_base{50};
  base::Duration throttled_base{1'000};
  base::Duration delay_cap{20'000};
};

// Token budget shared by all calls of one Caller: when everything fails, retries stop by
// themselves.
class RetryQuota {
 public:
  static constexpr int kCapacity = 500;
  static constexpr int kTransientCost = 14;
  static constexpr int kThrottledCost = 5;

  bool take(int cost);  // false: no retry now
  void give_back(int cost);
  int tokens() const { return tokens_; }

 private:
  int tokens_ = kCapacity;
};

// random * min(base * 2^(attempt-1), cap), attempt counted from 1.
base::Duration retry_delay(const RetryPolicy& policy, const base::Error& error, int attempt,
                           base::Random& random);

}  // namespace aws
