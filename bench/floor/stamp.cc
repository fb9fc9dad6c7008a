#include "bench/floor/stamp.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cstdio>

namespace bench {
namespace {

constexpr std::size_t kDigits = 19;

}  // namespace

std::int64_t monotonic_nanoseconds() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

std::string make_body(std::uint64_t number) {
  std::string body = fmt::format(
      R"({{"schemaVersion":1,"id":"{:016x}","sentAt":"2026-01-02T03:04:05Z","sentBy":"bench",)"
      R"("recycle":{{"autoScalingGroupName":"web-asg-1","reason":"t={:019} )",
      number, monotonic_nanoseconds());
  body.resize(kBodyBytes - 3, '.');
  return body + "\"}}";
}

void print_ages(std::string_view text) {
  const std::int64_t now = monotonic_nanoseconds();
  for (auto at = text.find("t=0"); at != std::string_view::npos; at = text.find("t=0", at + 1)) {
    const auto digits = text.substr(at + 2, kDigits);
    std::int64_t written = 0;
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), written);
    if (error == std::errc() && end == digits.end()) {
      std::printf("%lld\n", static_cast<long long>(now - written));
    }
  }
  std::fflush(stdout);
}

}  // namespace bench
