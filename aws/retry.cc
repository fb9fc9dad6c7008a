#include "aws/retry.h"

#include <algorithm>
#include <cmath>

namespace aws {

bool RetryQuota::take(int cost) {
  if (tokens_ < cost) return false;
  tokens_ -= cost;
  return true;
}

void RetryQuota::give_back(int cost) { tokens_ = std::min(kCapacity, tokens_ + cost); }

base::Duration retry_delay(const RetryPolicy& policy, const base::Error& error, int attempt,
                           base::Random& random) {
  const bool throttled = error.kind == base::ErrorKind::kThrottled;
  const auto base = throttled ? policy.throttled_base : policy.transient_base;
  // In floating point: an exponent of any size must end at the cap, not wrap around.
  const double grown = std::ldexp(static_cast<double>(base.count()), std::max(attempt, 1) - 1);
  const double capped = std::min(grown, static_cast<double>(policy.delay_cap.count()));
  return base::Duration(static_cast<base::Duration::rep>(random.uniform() * capped));
}

}  // namespace aws
