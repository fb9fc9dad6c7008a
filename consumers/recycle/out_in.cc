// out-in and out-in-timed: the double comes up and is proven, then the old ones go by name.
#include "consumers/recycle/turn.h"

#include <fmt/format.h>

#include <algorithm>

namespace consumers::recycle {
namespace {

// The capacity at which every old instance stands beside a full set of new ones. It follows the
// group: an old instance that dies on its own lowers it, a template that changes meanwhile (which
// makes the first new ones old) raises it.
int full_double(const Turn& turn) {
  return turn.census.old_count() + turn.journal.original_desired;
}

// Brings desired to the full double and keeps min there, so that no scale-in can undo it. A desired
// capacity that others raised further stays.
std::optional<Mutate> pin_double(const Turn& turn) {
  const int goal = full_double(turn);
  SetBounds bounds;
  if (turn.group().max_size < goal) bounds.max_size = goal;
  if (turn.group().min_size < goal) bounds.min_size = goal;
  if (turn.group().desired_capacity < goal) bounds.desired_capacity = goal;
  if (!bounds.max_size && !bounds.min_size && !bounds.desired_capacity) return std::nullopt;
  return Mutate{.action = bounds,
                .why = fmt::format("{} beside {}, held against scale-in",
                                   count_of(static_cast<std::size_t>(turn.journal.original_desired),
                                            "new instance"),
                                   count_of(turn.census.old.size(), "old one"))};
}

Mutate set_hold(const Turn& turn, bool hold, std::string why) {
  Mutate mutate = enter(turn, Phase::kGrow, std::move(why));
  std::get<WriteJournal>(mutate.action).journal.hold = hold;
  return mutate;
}

Step wait_until_ready(const Turn& turn) {
  const int wanted = turn.journal.original_desired;
  // While the window is awaited nothing is hurried: every old instance is still in place.
  if (turn.now < turn.journal.phase_at + turn.context.ready_timeout) {
    return Wait{.why = describe_ready(turn, wanted), .not_before = std::nullopt};
  }
  return give_up(
      turn,
      fmt::format("the new instances were not proven within {}: {}",
                  describe_duration(turn.context.ready_timeout), describe_ready(turn, wanted)),
      true);
}

// The floor under the group while the old ones go: everything that is not old.
std::optional<Mutate> set_cull_bounds(const Turn& turn) {
  const int old = turn.census.old_count();
  const int desired = std::max(turn.group().desired_capacity, full_double(turn));
  SetBounds bounds;
  if (turn.group().desired_capacity < desired) {
    bounds.desired_capacity = desired;
    if (turn.group().max_size < desired) bounds.max_size = desired;
  }
  if (turn.group().min_size > desired - old ||
      turn.group().min_size < turn.journal.original_desired) {
    bounds.min_size = desired - old;
  }
  if (!bounds.min_size && !bounds.desired_capacity) return std::nullopt;
  return Mutate{.action = bounds,
                .why = fmt::format("room to take {} out and no more",
                                   count_of(turn.census.old.size(), "old instance"))};
}

// Waits while the old ones go, then stops safely: they are past being undone.
Step wait_or_stop(const Turn& turn, std::string why) {
  if (turn.now < turn.journal.phase_at + turn.context.terminate_timeout) {
    return Wait{.why = std::move(why), .not_before = std::nullopt};
  }
  return give_up(turn,
                 fmt::format("{} (for {})", why, describe_duration(turn.context.terminate_timeout)),
                 false);
}

// The old instances that may be named: not those that somebody protected meanwhile.
Census::List not_protected(const Census::List& old) {
  Census::List free;
  std::copy_if(old.begin(), old.end(), std::back_inserter(free),
               [](const auto* instance) { return !instance->protected_from_scale_in; });
  return free;
}

}  // namespace

Step grow(const Turn& turn) {
  if (auto suspend = suspend_ours(turn)) return *suspend;
  if (auto pin = pin_double(turn)) return *pin;
  const bool proven = turn.census.ready_fresh >= turn.journal.original_desired;
  auto window = window_wait(turn);
  if (!window) return give_up(turn, window.error().message, true);
  if (*window && proven && !turn.journal.hold) {
    return set_hold(turn, true, "all new instances are proven; " + (*window)->why);
  }
  if (*window && turn.journal.hold) return **window;
  if (!proven && turn.journal.hold) {
    return set_hold(turn, false, "the window is open, but new instances are not ready any more");
  }
  if (!proven) return wait_until_ready(turn);
  return enter(turn, Phase::kCull,
               count_of(static_cast<std::size_t>(turn.census.ready_fresh), "new instance") +
                   " proven: the old ones may go");
}

Step cull(const Turn& turn) {
  if (turn.census.old.empty()) {
    if (turn.census.leaving_old.empty()) {
      return enter(turn, Phase::kRestore, "all old instances are gone");
    }
    return wait_or_stop(turn, count_of(turn.census.leaving_old.size(), "old instance") +
                                  " still terminating: " + join_ids(turn.census.leaving_old));
  }
  if (auto suspend = suspend_ours(turn)) return *suspend;
  if (auto bounds = set_cull_bounds(turn)) return *bounds;
  if (turn.census.ready_fresh < turn.journal.original_desired) {
    return wait_or_stop(turn, "no old instance goes before the new ones are ready again: " +
                                  describe_ready(turn, turn.journal.original_desired));
  }
  const Census::List free = not_protected(turn.census.old);
  if (free.empty()) {
    return wait_or_stop(turn, "old instances are protected from scale-in, remove the protection: " +
                                  join_ids(turn.census.old));
  }
  const aws::GroupInstance* victim = pick_victim(turn.snapshot, free);
  return Mutate{.action = TerminateInstance{.instance = victim->id, .decrement_desired = true},
                .why = fmt::format("old, in {}; {} old left", victim->availability_zone,
                                   turn.census.old_count() - 1)};
}

}  // namespace consumers::recycle
