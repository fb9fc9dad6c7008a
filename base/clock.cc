#include "base/clock.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <date/date.h>

#include <algorithm>
#include <chrono>

namespace base {

namespace {

template <class To, class From>
To micros(From time) {
  return std::chrono::time_point_cast<std::chrono::microseconds>(time);
}

}  // namespace

TimePoint RealClock::now() const { return micros<TimePoint>(std::chrono::system_clock::now()); }

SteadyPoint RealClock::steady_now() const {
  return micros<SteadyPoint>(std::chrono::steady_clock::now());
}

asio::awaitable<void> RealClock::sleep_until(SteadyPoint deadline) {
  asio::steady_timer timer(co_await asio::this_coro::executor, deadline);
  co_await timer.async_wait(asio::use_awaitable);
}

std::string format_rfc3339(TimePoint time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  if (seconds == time) return date::format("%FT%TZ", seconds);
  return date::format("%FT%TZ", std::chrono::floor<std::chrono::milliseconds>(time));
}

namespace {

// "2026-01-02T03:04:05[.123456789](Z|+01:00)": digits where digits belong.
bool has_rfc3339_shape(std::string_view text) {
  constexpr std::string_view kTime = "0000-00-00T00:00:00";
  constexpr std::string_view kOffset = "+00:00";
  constexpr std::size_t kFractionMax = 9;
  const auto fits = [](std::string_view found, std::string_view shape) {
    return found.size() == shape.size() &&
           std::equal(found.begin(), found.end(), shape.begin(), [](char c, char wanted) {
             return wanted == '0'
                        ? c >= '0' && c <= '9'
                        : c == wanted || (wanted == '+' && c == '-') || (wanted == 'T' && c == 't');
           });
  };
  if (!fits(text.substr(0, kTime.size()), kTime)) return false;
  text.remove_prefix(kTime.size());
  if (text.starts_with('.')) {
    const auto digits = std::min(text.find_first_not_of("0123456789", 1), text.size()) - 1;
    if (digits < 1 || digits > kFractionMax) return false;
    text.remove_prefix(digits + 1);
  }
  return text == "Z" || text == "z" || fits(text, kOffset);
}

// `count` of them at `at`; that they are digits has been seen to.
unsigned digits(std::string_view text, std::size_t at, std::size_t count) {
  unsigned number = 0;
  for (const char c : text.substr(at, count)) number = number * 10 + static_cast<unsigned>(c - '0');
  return number;
}

}  // namespace

Result<TimePoint> parse_rfc3339(std::string_view text) {
  const auto wrong = [&] {
    return invalid(
        "time '" + std::string(text.substr(0, 64)) +
        "' is not RFC 3339, for example 2026-01-02T03:04:05Z or 2026-01-02T03:04:05+01:00");
  };
  if (!has_rfc3339_shape(text)) return wrong();
  const std::chrono::year_month_day day(std::chrono::year(static_cast<int>(digits(text, 0, 4))),
                                        std::chrono::month(digits(text, 5, 2)),
                                        std::chrono::day(digits(text, 8, 2)));
  const unsigned hour = digits(text, 11, 2);
  const unsigned minute = digits(text, 14, 2);
  const unsigned second = digits(text, 17, 2);
  if (!day.ok() || hour > 23 || minute > 59 || second > 59) return wrong();
  TimePoint time = std::chrono::sys_days(day) + std::chrono::hours(hour) +
                   std::chrono::minutes(minute) + std::chrono::seconds(second);

  constexpr std::size_t kFractionAt = 20;
  std::size_t end = kFractionAt - 1;
  if (text[end] == '.') {
    end = text.find_first_not_of("0123456789", kFractionAt);
    for (std::size_t i = kFractionAt, worth = 100'000; i < end && worth > 0; ++i, worth /= 10) {
      time += std::chrono::microseconds(worth * static_cast<std::size_t>(text[i] - '0'));
    }
  }
  if (text[end] == 'Z' || text[end] == 'z') return time;
  const unsigned offset_hours = digits(text, end + 1, 2);
  const unsigned offset_minutes = digits(text, end + 4, 2);
  if (offset_hours > 23 || offset_minutes > 59) return wrong();
  const auto offset = std::chrono::hours(offset_hours) + std::chrono::minutes(offset_minutes);
  return text[end] == '-' ? time + offset : time - offset;
}

}  // namespace base
