#include "tests/recycle_proof/timeline.h"

#include <fmt/format.h>

namespace proof {

namespace {
constexpr std::size_t kEntriesMax = 5'000;
}

void Timeline::add(base::TimePoint at, std::string who, std::string what) {
  if (!recording_ || entries_.size() >= kEntriesMax) return;
  entries_.push_back({at, std::move(who), std::move(what)});
}

std::string Timeline::text(base::TimePoint start) const {
  std::string text;
  for (const Entry& entry : entries_) {
    const double seconds = std::chrono::duration<double>(entry.at - start).count();
    text += fmt::format("{:>9.2f} s  {:<9} {}\n", seconds, entry.who, entry.what);
  }
  return text;
}

}  // namespace proof
