#include "base/clock.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <date/date.h>

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

Result<TimePoint> parse_rfc3339(std::string_view text) {
  const auto wrong = [&] {
    return invalid(
        "time '" + std::string(text.substr(0, 64)) +
        "' is not RFC 3339, for example 2026-01-02T03:04:05Z or 2026-01-02T03:04:05+01:00");
  };
  if (text.size() < 20 || text.size() > 40 || (text[10] != 'T' && text[10] != 't')) return wrong();
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
