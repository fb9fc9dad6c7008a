// Coverage: which situations the runs of a campaign were in, and how often. A situation that is
// never met proves nothing, so a campaign of kCoveredFrom runs or more fails for want of one.
#pragma once

#include "tests/recycle_proof/proof.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace proof {

struct Dimension {
  std::string_view name;
  bool (*holds)(const Scenario& scenario, const Report& report);
};
const std::vector<Dimension>& dimensions();

inline constexpr std::size_t kDimensionsMax = 128;
inline constexpr std::uint64_t kCoveredFrom = 5'000;
// Each in at least so many of kCoveredFrom runs.
inline constexpr std::uint64_t kMetAtLeast = 1;

// `counts` has a place for each dimension.
void count(const Scenario& scenario, const Report& report, std::uint64_t* counts);
// One line each: how many runs, and of how many in a hundred.
std::string table(const std::uint64_t* counts, std::uint64_t runs);
// Names of those that were met too seldom.
std::string missing(const std::uint64_t* counts, std::uint64_t runs);

}  // namespace proof
