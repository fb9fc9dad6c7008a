#include "sim/autoscaling_model.h"

#include <algorithm>

namespace sim {

Member* Group::find(const std::string& id) {
  const auto found =
      std::find_if(members.begin(), members.end(), [&](const auto& m) { return m.id == id; });
  return found == members.end() ? nullptr : &*found;
}

const LifecycleHook* Group::find_hook(const std::string& hook) const {
  const auto found =
      std::find_if(hooks.begin(), hooks.end(), [&](const auto& h) { return h.name == hook; });
  return found == hooks.end() ? nullptr : &*found;
}

std::vector<std::string> Group::pools() const {
  std::vector<std::string> all = load_balancers;
  all.insert(all.end(), target_groups.begin(), target_groups.end());
  return all;
}

int Group::capacity() const {
  int sum = 0;
  for (const auto& member : members) {
    if (member.counts()) sum += member.weight;
  }
  return sum;
}

}  // namespace sim
