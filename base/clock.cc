#include "base/clock.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <date/date.h>

#include <algorithm>
#include <sstream>

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

// "2026-01-02T03:04:05[.123456789](Z|+01:00)": digits where digits belong. date::parse is laxer,
// and computes with whatever it finds in the seconds.
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

}  // namespace

Result<TimePoint> parse_rfc3339(std::string_view text) {
  const auto wrong = [&] {
    return invalid(
        "time '" + std::string(text.substr(0, 64)) +
        "' is not RFC 3339, for example 2026-01-02T03:04:05Z or 2026-01-02T03:04:05+01:00");
  };
  if (!has_rfc3339_shape(text)) return wrong();
  std::string copy(text);
  copy[10] = 'T';
  TimePoint parsed;
  std::istringstream stream(copy);
  if (copy.back() == 'Z' || copy.back() == 'z') {
    copy.pop_back();
    stream.str(copy);
    stream >> date::parse("%FT%T", parsed);
  } else {
    stream >> date::parse("%FT%T%Ez", parsed);
  }
  if (stream.fail() || stream.peek() != std::char_traits<char>::eof()) return wrong();
  return parsed;
}

}  // namespace base
