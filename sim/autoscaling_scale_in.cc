#include "sim/autoscaling_scale_in.h"

#include <algorithm>
#include <map>

namespace sim {
namespace {

using Candidates = std::vector<ScaleInCandidate>;

// Keeps those for which `key` is smallest.
template <class Key>
void keep_smallest(Candidates& candidates, Key key) {
  if (candidates.empty()) return;
  auto least = key(candidates.front());
  for (const auto& candidate : candidates) least = std::min(least, key(candidate));
  std::erase_if(candidates, [&](const auto& candidate) { return least < key(candidate); });
}

void keep_oldest_configured(Candidates& candidates, bool by_configuration) {
  const bool any = std::any_of(candidates.begin(), candidates.end(), [&](const auto& candidate) {
    return candidate.by_configuration == by_configuration;
  });
  if (!any) return;
  std::erase_if(candidates, [&](const auto& candidate) {
    return candidate.by_configuration != by_configuration;
  });
  keep_smallest(candidates, [](const auto& candidate) { return candidate.configured; });
}

void keep_closest_to_next_hour(Candidates& candidates, base::TimePoint now) {
  keep_smallest(candidates, [now](const auto& candidate) {
    const auto age = now - candidate.launched;
    return std::chrono::hours(1) - age % std::chrono::hours(1);
  });
}

void apply(const std::string& policy, Candidates& candidates, base::TimePoint now) {
  if (policy == "OldestInstance") {
    keep_smallest(candidates, [](const auto& candidate) { return candidate.launched; });
  } else if (policy == "NewestInstance") {
    keep_smallest(candidates, [now](const auto& candidate) { return now - candidate.launched; });
  } else if (policy == "OldestLaunchConfiguration") {
    keep_oldest_configured(candidates, true);
  } else if (policy == "OldestLaunchTemplate") {
    keep_oldest_configured(candidates, false);
  } else if (policy == "ClosestToNextInstanceHour") {
    keep_closest_to_next_hour(candidates, now);
  } else if (policy == "Default") {
    // Launch configurations go before launch templates, whatever their ages.
    const bool any_configuration = std::any_of(candidates.begin(), candidates.end(),
                                               [](const auto& c) { return c.by_configuration; });
    keep_oldest_configured(candidates, any_configuration);
    keep_closest_to_next_hour(candidates, now);
  }
}

// Of the zones that have anybody to give, the fullest; several when they are equally full.
Candidates in_fullest_zones(const Candidates& members) {
  std::map<std::string, std::size_t> sizes;
  for (const auto& member : members) ++sizes[member.zone];
  Candidates candidates;
  for (const auto& member : members) {
    if (!member.is_protected) candidates.push_back(member);
  }
  keep_smallest(candidates,
                [&](const auto& candidate) { return members.size() - sizes[candidate.zone]; });
  return candidates;
}

}  // namespace

std::optional<std::string> choose_victim(const std::vector<ScaleInCandidate>& members,
                                         const std::vector<std::string>& policies,
                                         base::TimePoint now, double draw) {
  Candidates candidates = in_fullest_zones(members);
  if (candidates.empty()) return std::nullopt;
  for (const auto& policy : policies) apply(policy, candidates, now);
  const auto at = static_cast<std::size_t>(draw * static_cast<double>(candidates.size()));
  return candidates[std::min(at, candidates.size() - 1)].id;
}

}  // namespace sim
