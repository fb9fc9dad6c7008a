// SkewedClock: another clock whose wall time is off, as on a machine without NTP. Steady time and
// waiting are the other clock's. The offset may change at any moment.
#pragma once

#include "base/clock.h"

namespace test {

class SkewedClock final : public base::Clock {
 public:
  explicit SkewedClock(base::Clock& right) : right_(right) {}

  void set_offset(base::Duration offset) { offset_ = offset; }
  base::TimePoint now() const override { return right_.now() + offset_; }
  base::SteadyPoint steady_now() const override { return right_.steady_now(); }
  boost::asio::awaitable<void> sleep_until(base::SteadyPoint deadline) override {
    return right_.sleep_until(deadline);
  }

 private:
  base::Clock& right_;
  base::Duration offset_{0};
};

}  // namespace test
