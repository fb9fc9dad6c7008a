// Clock: the only source of time and the only way to wait.
//
// Production waits on asio timers (RealClock); tests and the simulator use virtual time
// (sim::VirtualLoop), where hours pass in milliseconds. Nothing else in the project may name
// steady_timer, sleep or system_clock::now().
#pragma once

#include "base/result.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace base {

namespace asio = boost::asio;

using Duration = std::chrono::milliseconds;
// Wall-clock time, UTC, microseconds: for what is shown, signed and compared with AWS's times.
using TimePoint = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;
// Monotonic time: for deadlines and measured durations.
using SteadyPoint = std::chrono::time_point<std::chrono::steady_clock, std::chrono::microseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
  virtual SteadyPoint steady_now() const = 0;
  // Completes at `deadline`, at once if it has passed. Cancelling the calling coroutine ends the
  // wait by throwing boost::system::system_error(operation_aborted).
  virtual asio::awaitable<void> sleep_until(SteadyPoint deadline) = 0;

  asio::awaitable<void> sleep_for(Duration duration) {
    return sleep_until(steady_now() + duration);
  }
};

// Asio timers on the executor of the calling coroutine.
class RealClock final : public Clock {
 public:
  TimePoint now() const override;
  SteadyPoint steady_now() const override;
  asio::awaitable<void> sleep_until(SteadyPoint deadline) override;
};

// RFC 3339 in UTC, "2026-01-02T03:04:05Z"; fractional seconds only when there are any.
std::string format_rfc3339(TimePoint time);
// Accepts any offset ("Z", "+01:00") and up to nine fractional digits.
Result<TimePoint> parse_rfc3339(std::string_view text);

}  // namespace base
