// The bodies of the benchmark: 200 bytes of the project's own JSON, a recycle request, whose reason
// carries when it was written, in nanoseconds of CLOCK_MONOTONIC: "t=0000001234567890123".
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bench {

inline constexpr std::size_t kBodyBytes = 200;

std::int64_t monotonic_nanoseconds();

// Body number `number`, written now.
std::string make_body(std::uint64_t number);

// One line per stamp in `text`: how many nanoseconds ago it was written.
void print_ages(std::string_view text);

}  // namespace bench
