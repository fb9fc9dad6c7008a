// wait_until: looks at the world again and again until it is as it should be, or the time is up.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <boost/asio/awaitable.hpp>

#include <algorithm>

namespace base {

// No bool: a Result of bool can be built from another by asking whether that one has a value.
enum class Seen { kThere, kNotYet };

struct WaitRules {
  Duration interval{5'000};  // between two looks
  SteadyPoint deadline;      // the last look is at this moment
};

// kThere: look() said so. kNotYet: the deadline passed first. An error of look() that lasts ends
// the wait; one that is transient is told only if it is what the last look came to.
//
//   Look: asio::awaitable<Result<Seen>>(), and what it refers to outlives the call.
template <class Look>
asio::awaitable<Result<Seen>> wait_until(Clock& clock, WaitRules rules, Look look) {
  for (;;) {
    const Result<Seen> seen = co_await look();
    if (seen ? *seen == Seen::kThere : !seen.error().is_transient()) co_return seen;
    const SteadyPoint now = clock.steady_now();
    if (now >= rules.deadline) co_return seen;
    co_await clock.sleep_until(std::min<SteadyPoint>(rules.deadline, now + rules.interval));
  }
}

}  // namespace base
