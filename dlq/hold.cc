#include "dlq/hold.h"

#include <algorithm>

namespace dlq {

void Hold::put(const LetterId& id, Held held) {
  drop(id);
  order_.emplace(held.until, id);
  held_.emplace(id, std::move(held));
}

Hold::Held* Hold::find(const LetterId& id) {
  const auto found = held_.find(id);
  return found == held_.end() ? nullptr : &found->second;
}

void Hold::extended(const LetterId& id, base::SteadyPoint until) {
  Held* held = find(id);
  if (held == nullptr) return;
  order_.erase({held->until, id});
  held->until = until;
  order_.emplace(until, id);
}

void Hold::drop(const LetterId& id) {
  const auto found = held_.find(id);
  if (found == held_.end()) return;
  order_.erase({found->second.until, id});
  held_.erase(found);
}

std::size_t Hold::kept() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(held_, [](const auto& entry) { return entry.second.kept; }));
}

std::vector<LetterId> Hold::ending_before(base::SteadyPoint time, std::size_t count) const {
  std::vector<LetterId> ids;
  for (const auto& [until, id] : order_) {
    if (until >= time || ids.size() == count) break;
    ids.push_back(id);
  }
  return ids;
}

std::vector<LetterId> Hold::all() const {
  std::vector<LetterId> ids;
  ids.reserve(order_.size());
  for (const auto& [until, id] : order_) ids.push_back(id);
  return ids;
}

}  // namespace dlq
