#include "consumers/recycle/window.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <exception>

namespace consumers::recycle {
namespace {

using std::chrono::seconds;
using SysSeconds = std::chrono::time_point<std::chrono::system_clock, seconds>;

// How far an opening is looked for. A rule with an open second opens every week, except where a
// clock change skips that second; no zone skips the same one in two weeks running.
constexpr int kDaysAhead = 15;

constexpr std::array<std::string_view, 7> kWeekdays = {"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

base::Error bad_range(std::string_view text, std::string_view problem) {
  return base::invalid(
      fmt::format("time range \"{}\" {}: expected \"HH:MM:SS, HH:MM:SS\" or \"HH:MM:SS-HH:MM:SS\", "
                  "after weekdays (\"Fri\", \"Mon-Fri\") if it is for some only",
                  text.substr(0, 80), problem));
}

// One or two digits below `limit`; -1 if it is anything else.
int parse_unit(std::string_view text, int limit) {
  int value = -1;
  if (text.empty() || text.size() > 2) return -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return -1;
  return value >= 0 && value < limit ? value : -1;
}

std::optional<seconds> parse_time_of_day(std::string_view text) {
  const auto first = text.find(':');
  const auto second = first == std::string_view::npos ? first : text.find(':', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const int hour = parse_unit(text.substr(0, first), 24);
  const int minute = parse_unit(text.substr(first + 1, second - first - 1), 60);
  const int second_of_minute = parse_unit(text.substr(second + 1), 60);
  if (hour < 0 || minute < 0 || second_of_minute < 0) return std::nullopt;
  return seconds(hour * 3600 + minute * 60 + second_of_minute);
}

// A moment as a clock on the wall shows it.
struct LocalTime {
  unsigned weekday = 0;  // 0 is Sunday
  seconds time_of_day{0};
};

// -1 if it is none.
int parse_weekday(std::string_view text) {
  const auto found = std::find(kWeekdays.begin(), kWeekdays.end(), text);
  return found == kWeekdays.end() ? -1 : static_cast<int>(found - kWeekdays.begin());
}

// "Fri", "Mon-Fri", "Sat-Mon".
std::optional<std::uint8_t> parse_weekdays(std::string_view text) {
  const auto dash = text.find('-');
  const int first = parse_weekday(trimmed(text.substr(0, dash)));
  const int last =
      dash == std::string_view::npos ? first : parse_weekday(trimmed(text.substr(dash + 1)));
  if (first < 0 || last < 0) return std::nullopt;
  std::uint8_t days = 0;
  for (int day = first;; day = (day + 1) % 7) {
    days = static_cast<std::uint8_t>(days | (1U << static_cast<unsigned>(day)));
    if (day == last) return days;
  }
}

bool begins_on(const TimeRange& range, unsigned weekday) {
  return ((range.days >> weekday) & 1U) != 0;
}

bool covers(const TimeRange& range, const LocalTime& at) {
  const bool today = begins_on(range, at.weekday);
  if (range.start == range.end) return today;
  if (range.start < range.end) {
    return today && range.start <= at.time_of_day && at.time_of_day <= range.end;
  }
  const bool yesterday = begins_on(range, (at.weekday + 6) % 7);
  return (today && at.time_of_day >= range.start) || (yesterday && at.time_of_day <= range.end);
}

bool is_open(const WindowRule& rule, const LocalTime& at) {
  if (rule.allowed && !covers(*rule.allowed, at)) return false;
  return std::none_of(rule.excluded.begin(), rule.excluded.end(),
                      [&](const TimeRange& range) { return covers(range, at); });
}

// The rule can only turn open at one of these times of day (or when the clocks change).
std::vector<seconds> opening_times(const WindowRule& rule) {
  std::vector<seconds> times{seconds(0)};
  if (rule.allowed) times.push_back(rule.allowed->start);
  for (const TimeRange& range : rule.excluded) {
    times.push_back((range.end + seconds(1)) % std::chrono::hours(24));
  }
  return times;
}

base::Result<const date::time_zone*> find_zone(const std::string& name) {
  try {
    date::get_tzdb();
  } catch (const std::exception& error) {
    return base::fatal(fmt::format(
        "the time zone database cannot be read ({}): install the package tzdata", error.what()));
  }
  try {
    return date::locate_zone(name);
  } catch (const std::exception&) {
    return base::invalid(fmt::format(
        "unknown time zone \"{}\": expected an IANA name such as \"Europe/London\" or \"UTC\"",
        name.substr(0, 80)));
  }
}

LocalTime local_time(const date::time_zone& zone, SysSeconds at) {
  const auto local = zone.to_local(at);
  const auto day = std::chrono::floor<date::days>(local);
  return {date::weekday(day).c_encoding(), local - day};
}

// Every instant from `at` on at which the rule may turn open, in order.
std::vector<SysSeconds> candidates(const WindowRule& rule, const date::time_zone& zone,
                                   SysSeconds at) {
  std::vector<SysSeconds> instants;
  const auto today = std::chrono::floor<date::days>(zone.to_local(at));
  const std::vector<seconds> times = opening_times(rule);
  for (int day = 0; day <= kDaysAhead; ++day) {
    for (const seconds time : times) {
      const date::local_seconds local = today + date::days(day) + time;
      const date::local_info info = zone.get_info(local);
      if (info.result == date::local_info::nonexistent) {
        instants.push_back(info.first.end);
        continue;
      }
      instants.emplace_back(local.time_since_epoch() - info.first.offset);
      if (info.result == date::local_info::ambiguous) {
        instants.emplace_back(local.time_since_epoch() - info.second.offset);
      }
    }
  }
  const SysSeconds limit = at + date::days(kDaysAhead);
  for (SysSeconds change = zone.get_info(at).end; change <= limit;) {
    instants.push_back(change);
    const SysSeconds following = zone.get_info(change).end;
    if (following <= change) break;
    change = following;
  }
  std::sort(instants.begin(), instants.end());
  return instants;
}

}  // namespace

base::Result<TimeRange> parse_time_range(std::string_view text) {
  if (const auto days = parse_weekdays(trimmed(text))) return TimeRange{.days = *days};
  const std::string_view whole = text;
  std::uint8_t days = TimeRange::kEveryDay;
  const auto digit = text.find_first_of("0123456789");
  if (const auto words = trimmed(text.substr(0, digit)); !words.empty()) {
    const auto named = parse_weekdays(words);
    if (!named || digit == std::string_view::npos) {
      return bad_range(text, fmt::format("has no weekdays in \"{}\"", words.substr(0, 40)));
    }
    days = *named;
    text.remove_prefix(digit);
  }
  const auto separator = text.find_first_of(",-");
  if (separator == std::string_view::npos) return bad_range(whole, "has one time only");
  const std::string_view first = trimmed(text.substr(0, separator));
  const std::string_view second = trimmed(text.substr(separator + 1));
  const auto start = parse_time_of_day(first);
  if (!start) return bad_range(whole, fmt::format("has a bad start \"{}\"", first.substr(0, 40)));
  const auto end = parse_time_of_day(second);
  if (!end) return bad_range(whole, fmt::format("has a bad end \"{}\"", second.substr(0, 40)));
  return TimeRange{.start = *start, .end = *end, .days = days};
}

base::Result<std::vector<TimeRange>> parse_time_ranges(std::string_view text) {
  std::vector<TimeRange> ranges;
  while (true) {
    const auto separator = text.find_first_of("+;");
    auto range = parse_time_range(trimmed(text.substr(0, separator)));
    if (!range) return range.error();
    ranges.push_back(*range);
    if (ranges.size() > kTimeRangesMax) {
      return base::invalid(fmt::format("more than {} time ranges", kTimeRangesMax));
    }
    if (separator == std::string_view::npos) return ranges;
    text.remove_prefix(separator + 1);
  }
}

base::Result<WindowAnswer> check_window(const WindowRule& rule, base::TimePoint at) {
  const auto zone = find_zone(rule.zone);
  if (!zone) return zone.error();
  const auto now = std::chrono::floor<seconds>(at);
  // Far outside of this the calendar arithmetic would overflow; nobody waits for such a time.
  constexpr auto kLimit = std::chrono::hours(24 * 366 * 300);
  if (now.time_since_epoch() > kLimit || now.time_since_epoch() < -kLimit) {
    return base::invalid("the time is too far from now to look up a window");
  }
  if (is_open(rule, local_time(**zone, now))) return WindowAnswer{};
  for (const SysSeconds instant : candidates(rule, **zone, now)) {
    if (instant > now && is_open(rule, local_time(**zone, instant))) {
      return WindowAnswer{.wait = true, .opens_at = instant};
    }
  }
  return base::invalid(
      "the window never opens: the excluded ranges cover every second that is allowed");
}

}  // namespace consumers::recycle
