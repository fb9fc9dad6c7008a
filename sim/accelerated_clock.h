// AcceleratedClock: real time, `speed` times as fast. At speed 60 an hour passes in a minute.
//
// Starts at the operating system's time and runs ahead of it from then on; clients that do not run
// at the same speed see timestamps from the future.
#pragma once

#include "base/clock.h"

#include <boost/asio/awaitable.hpp>

#include <chrono>

namespace sim {

class AcceleratedClock final : public base::Clock {
 public:
  // speed >= 1
  explicit AcceleratedClock(double speed)
      : speed_(speed), start_(real_.now()), steady_start_(real_.steady_now()) {}

  base::TimePoint now() const override { return start_ + elapsed(); }
  base::SteadyPoint steady_now() const override { return steady_start_ + elapsed(); }

  boost::asio::awaitable<void> sleep_until(base::SteadyPoint deadline) override {
    return real_.sleep_until(steady_start_ + scaled(deadline - steady_start_, 1 / speed_));
  }

 private:
  using Micros = std::chrono::microseconds;

  static Micros scaled(Micros duration, double factor) {
    return Micros(static_cast<Micros::rep>(static_cast<double>(duration.count()) * factor));
  }
  Micros elapsed() const { return scaled(real_.steady_now() - steady_start_, speed_); }

  base::RealClock real_;
  double speed_;
  base::TimePoint start_;
  base::SteadyPoint steady_start_;
};

}  // namespace sim
