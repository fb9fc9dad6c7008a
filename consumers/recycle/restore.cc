// Restore: bounds, processes and, after a failure, the size go back to the original. Reached from
// every other phase; the journal is removed last.
#include "consumers/recycle/turn.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace consumers::recycle {
namespace {

base::TimePoint launched_at(const Turn& turn, const aws::GroupInstance& instance) {
  const auto facts = turn.snapshot.facts.find(instance.id);
  if (facts == turn.snapshot.facts.end()) return base::TimePoint::max();
  return facts->second.launch_time.value_or(base::TimePoint::max());
}

// Before the point of no return: one of the new ones, those that do not serve first, then the
// youngest, so that a new instance from before the run stays. After it: what does not serve, then
// the old ones; never a new one that serves.
const aws::GroupInstance* pick_excess(const Turn& turn) {
  const auto ready = [&](const auto* instance) { return is_ready(turn.snapshot, *instance); };
  const Census& census = turn.census;
  if (!turn.journal.undo) {
    if (census.ready_old < census.old_count()) return pick_victim(turn.snapshot, census.old);
    const auto broken = std::find_if_not(census.fresh.begin(), census.fresh.end(), ready);
    if (broken != census.fresh.end()) return *broken;
    return census.old.empty() ? nullptr : pick_victim(turn.snapshot, census.old);
  }
  if (census.fresh.empty()) return nullptr;
  const auto rank = [&](const auto* instance) {
    const auto age = -launched_at(turn, *instance).time_since_epoch().count();
    return std::tuple(ready(instance), age, std::string_view(instance->id.value));
  };
  return *std::min_element(census.fresh.begin(), census.fresh.end(),
                           [&](const auto* a, const auto* b) { return rank(a) < rank(b); });
}

// After a failed out-in: back to the original size, by name.
std::optional<Mutate> shrink(const Turn& turn) {
  const int original = turn.journal.original_desired;
  if (turn.journal.failure.empty() || turn.journal.strategy == Strategy::kInOut)
    return std::nullopt;
  if (turn.group().desired_capacity <= original) return std::nullopt;
  // What was never launched is taken back first: that costs no instance, and no more come.
  SetBounds bounds;
  const int launched =
      std::max(original, std::min(turn.group().desired_capacity, turn.census.present()));
  if (turn.group().min_size > original) bounds.min_size = original;
  if (turn.group().desired_capacity > launched) bounds.desired_capacity = launched;
  if (bounds.min_size || bounds.desired_capacity) {
    return Mutate{.action = bounds, .why = "no more instances are wanted"};
  }
  const aws::GroupInstance* victim = pick_excess(turn);
  if (!victim) return std::nullopt;
  return Mutate{.action = TerminateInstance{.instance = victim->id, .decrement_desired = true},
                .why = "back to the original size, by name"};
}

std::optional<Mutate> restore_bounds(const Turn& turn) {
  SetBounds bounds;
  if (turn.group().min_size != turn.journal.original_min) {
    bounds.min_size = turn.journal.original_min;
  }
  if (turn.group().max_size != turn.journal.original_max) {
    bounds.max_size = turn.journal.original_max;
  }
  // in-out gave up between taking one out and asking for its replacement.
  const int wanted = std::min(turn.journal.desired_before, turn.journal.original_max);
  if (turn.journal.strategy == Strategy::kInOut && turn.group().desired_capacity < wanted) {
    bounds.desired_capacity = wanted;
  }
  if (!bounds.min_size && !bounds.max_size && !bounds.desired_capacity) return std::nullopt;
  return Mutate{.action = bounds, .why = "the original bounds"};
}

std::optional<Mutate> resume_ours(const Turn& turn) {
  std::vector<std::string> ours;
  for (const aws::SuspendedProcess& suspended : turn.group().suspended_processes) {
    const auto& mine = turn.journal.suspended;
    if (std::find(mine.begin(), mine.end(), suspended.name) != mine.end()) {
      ours.push_back(suspended.name);
    }
  }
  if (ours.empty()) return std::nullopt;
  return Mutate{.action = ResumeProcesses{.processes = std::move(ours)},
                .why = "only what this run suspended"};
}

}  // namespace

Step restore(const Turn& turn) {
  if (auto step = shrink(turn)) return *step;
  if (auto step = restore_bounds(turn)) return *step;
  if (auto step = resume_ours(turn)) return *step;
  return Mutate{.action = RemoveJournal{.failure = turn.journal.failure},
                .why = turn.journal.failure.empty() ? "done: the group is as it was, only newer"
                                                    : "given up: the group is as it was"};
}

}  // namespace consumers::recycle
