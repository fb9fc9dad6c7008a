// Windows: the times of day at which a timed recycle may run. Pure; DST-safe through IANA zones.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace consumers::recycle {

// Seconds since local midnight, both ends inclusive. start > end spans midnight; start == end is
// the whole day (the rule of the original delayer).
struct TimeRange {
  std::chrono::seconds start{0};
  std::chrono::seconds end{0};
};

struct WindowRule {
  std::optional<TimeRange> allowed;  // none: always
  std::vector<TimeRange> excluded;
  std::string zone = "Europe/London";  // IANA name
};

struct WindowAnswer {
  bool wait = false;
  base::TimePoint opens_at;  // when wait
};

// "HH:MM:SS, HH:MM:SS".
base::Result<TimeRange> parse_time_range(std::string_view text);
// An error if the zone is unknown, or if the rule leaves no second open.
base::Result<WindowAnswer> check_window(const WindowRule& rule, base::TimePoint at);

}  // namespace consumers::recycle
