// Windows: the times of day at which a timed recycle may run. Pure; DST-safe through IANA zones.
//
// Text forms. A range is "HH:MM:SS, HH:MM:SS", the form of the original, or "HH:MM:SS-HH:MM:SS":
// AWS promises only letters, digits, spaces and + - = . _ : / @ in tag values, so in a tag the dash
// is the portable form. Several ranges are joined by "+" (legal in a tag) or ";". A range may be
// preceded by the weekdays on which it begins, "Fri" or "Mon-Fri"; weekdays alone are whole days.
//
//   autorecycle_recycle_window = 22:00:00-05:30:00
//   autorecycle_exclude_window = 23:00:00-23:30:00 + Fri 16:00:00-23:59:59 + Sat-Sun
//
// The unit is the second: a range covers its whole last second. Membership is decided by the local
// time of day, so in an hour that occurs twice a range applies twice, and the part of a range that
// a clock change skips does not exist: it opens at the first instant after the gap.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace consumers::recycle {

// Seconds since local midnight, both ends inclusive. start > end spans midnight; start == end is
// the whole day (the rule of the original delayer).
struct TimeRange {
  std::chrono::seconds start{0};
  std::chrono::seconds end{0};
  std::uint8_t days = kEveryDay;  // on which it begins: bit 0 is Sunday
  static constexpr std::uint8_t kEveryDay = 0x7f;
  friend bool operator==(const TimeRange&, const TimeRange&) = default;
};

struct WindowRule {
  std::optional<TimeRange> allowed;  // none: always
  std::vector<TimeRange> excluded;
  std::string zone = "Europe/London";  // IANA name
};

struct WindowAnswer {
  bool wait = false;
  base::TimePoint opens_at;  // when wait: the earliest instant that is open
};

// "HH:MM:SS, HH:MM:SS" or "HH:MM:SS-HH:MM:SS", with or without weekdays; or weekdays alone.
base::Result<TimeRange> parse_time_range(std::string_view text);
// One or more ranges joined by "+" or ";", at most kTimeRangesMax.
base::Result<std::vector<TimeRange>> parse_time_ranges(std::string_view text);
inline constexpr std::size_t kTimeRangesMax = 32;
// An error if the zone is unknown, the time zone database is missing, or the rule leaves no second
// open.
base::Result<WindowAnswer> check_window(const WindowRule& rule, base::TimePoint at);

}  // namespace consumers::recycle
