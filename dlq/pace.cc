#include "dlq/pace.h"

#include <algorithm>
#include <limits>

namespace dlq {
namespace {

double seconds(std::chrono::microseconds time) { return static_cast<double>(time.count()) / 1e6; }

}  // namespace

double Pace::allowed(base::SteadyPoint at) const {
  const double time = seconds(at - started_);
  const double ramp = seconds(ramp_);
  // The first one may go at once.
  if (time < ramp) {
    return 1 + rate_ * (kRampStart * time + (1 - kRampStart) * time * time / (2 * ramp));
  }
  return 1 + rate_ * (ramp * (1 + kRampStart) / 2 + (time - ramp));
}

std::size_t Pace::room(base::SteadyPoint now) {
  if (!limited()) return std::numeric_limits<std::size_t>::max();
  if (!running_) {
    running_ = true;
    started_ = now;
  }
  const double may = allowed(now);
  taken_ = std::max(taken_, may - std::max(1.0, rate_));
  return may > taken_ ? static_cast<std::size_t>(may - taken_ + 1e-9) : 0;
}

base::SteadyPoint Pace::when(std::size_t messages, base::SteadyPoint now) {
  if (room(now) >= messages) return now;
  // The sum only grows with time, so the moment can be halved in.
  const double wanted = taken_ + static_cast<double>(messages);
  base::Duration low(0);
  base::Duration high(1);
  while (allowed(now + high) < wanted) high *= 2;
  while (high - low > base::Duration(1)) {
    const base::Duration middle = (low + high) / 2;
    (allowed(now + middle) < wanted ? low : high) = middle;
  }
  return now + high;
}

}  // namespace dlq
