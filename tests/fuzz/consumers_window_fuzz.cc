// Any rule at any time: an error, or an opening that is open and later than the time asked for.
#include "consumers/recycle/window.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace recycle = consumers::recycle;
  std::int64_t microseconds = 0;
  if (size < sizeof microseconds) return 0;
  std::memcpy(&microseconds, data, sizeof microseconds);
  const base::TimePoint at{std::chrono::microseconds(microseconds)};
  std::string_view text(reinterpret_cast<const char*>(data) + sizeof microseconds,
                        size - sizeof microseconds);
  const auto take_line = [&] {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    return line;
  };
  recycle::WindowRule rule;
  if (const auto range = recycle::parse_time_range(take_line())) rule.allowed = *range;
  if (const auto ranges = recycle::parse_time_ranges(take_line())) rule.excluded = *ranges;
  if (!text.empty()) rule.zone = take_line();
  const auto answer = recycle::check_window(rule, at);
  if (!answer || !answer->wait) return 0;
  if (answer->opens_at <= at) std::abort();
  const auto open = recycle::check_window(rule, answer->opens_at);
  if (open && open->wait) std::abort();
  return 0;
}
