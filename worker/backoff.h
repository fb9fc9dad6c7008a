// How long to wait before trying again: full jitter, capped, never zero.
#pragma once

#include "base/clock.h"
#include "base/random.h"

#include <algorithm>

namespace worker {

// random * min(base * 2^(attempt-1), cap), attempt counted from 1; at least `floor`.
inline base::Duration full_jitter(base::Random& random, int attempt, base::Duration base_delay,
                                  base::Duration cap, base::Duration floor) {
  const int doublings = std::clamp(attempt - 1, 0, 30);
  const double ceiling = std::min(static_cast<double>(base_delay.count()) * double(1U << doublings),
                                  static_cast<double>(cap.count()));
  return std::max(floor, base::Duration(static_cast<std::int64_t>(random.uniform() * ceiling)));
}

// For what will not heal in seconds, though somebody may heal it: denied, no such queue.
inline constexpr base::Duration kPermanentFloor{10'000};
inline constexpr base::Duration kPermanentCap{60'000};

}  // namespace worker
