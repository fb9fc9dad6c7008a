// in-out: one instance goes, fully; its replacement comes and is proven; then the next.
#include "consumers/recycle/turn.h"

#include <fmt/format.h>

#include <algorithm>

namespace consumers::recycle {
namespace {

Mutate write_swap(const Turn& turn, base::InstanceId victim, std::string why) {
  Mutate mutate = enter(turn, Phase::kSwap, std::move(why));
  Journal& journal = std::get<WriteJournal>(mutate.action).journal;
  if (!victim.empty()) {
    journal.desired_before = std::max(turn.group().desired_capacity, journal.original_desired);
  }
  journal.victim = std::move(victim);
  return mutate;
}

// Waits as long as `limit` allows since the swap entered this half, then gives the run up.
Step wait_or_give_up(const Turn& turn, base::Duration limit, std::string why) {
  if (turn.now < turn.journal.phase_at + limit) {
    return Wait{.why = std::move(why), .not_before = std::nullopt};
  }
  return give_up(turn, fmt::format("{} (for {})", why, describe_duration(limit)), false);
}

// The capacity that a swap starts from and ends with: what was there before the victim went, unless
// somebody lowered max meanwhile.
int full_size(const Turn& turn) {
  return std::min(turn.journal.desired_before, turn.group().max_size);
}

// A scale-in that happened while the floor was low is taken back before the next one goes.
std::optional<Mutate> fill_up(const Turn& turn, std::string why) {
  if (turn.group().desired_capacity >= full_size(turn)) return std::nullopt;
  return Mutate{
      .action = SetBounds{.min_size = {}, .max_size = {}, .desired_capacity = full_size(turn)},
      .why = std::move(why)};
}

// One instance may be out, no more: min stands exactly one below the capacity.
std::optional<Mutate> set_floor(const Turn& turn) {
  const int high = std::max(0, turn.group().desired_capacity - 1);
  const int low = std::min(turn.journal.original_desired - 1, high);
  if (turn.group().min_size >= low && turn.group().min_size <= high) return std::nullopt;
  return Mutate{.action = SetBounds{.min_size = low, .max_size = {}, .desired_capacity = {}},
                .why = "room to take one instance out and no more"};
}

// Why the instances around the victim do not allow it to go now; empty if they do.
std::string others_not_ready(const Turn& turn, const aws::GroupInstance& victim) {
  if (!is_ready(turn.snapshot, victim)) return {};  // it serves nobody: nothing is lost
  const int others = turn.census.ready() - 1;
  const int wanted = full_size(turn) - 1;
  if (others >= wanted) return {};
  std::string text = fmt::format("{} does not go before all others are ready: {} of {} are",
                                 victim.id.value, others, wanted);
  for (const auto& instance : turn.group().instances) {
    std::string why;
    if (!is_leaving(instance) && !is_ready(turn.snapshot, instance, &why)) text += "; " + why;
  }
  return text;
}

// The half of a swap in which the victim goes.
Step take_out(const Turn& turn) {
  const base::InstanceId& id = turn.journal.victim;
  const auto& instances = turn.group().instances;
  const auto found = std::find_if(instances.begin(), instances.end(),
                                  [&](const auto& instance) { return instance.id == id; });
  const auto& terminating = turn.snapshot.still_terminating;
  if (found == instances.end()) {
    if (std::find(terminating.begin(), terminating.end(), id) == terminating.end()) {
      return write_swap(turn, base::InstanceId(), id.value + " is gone: its replacement may come");
    }
    return wait_or_give_up(turn, turn.context.terminate_timeout,
                           id.value + " left the group but is not yet terminated");
  }
  if (is_leaving(*found)) {
    return wait_or_give_up(turn, turn.context.terminate_timeout,
                           fmt::format("{} is {}", id.value, found->lifecycle_state));
  }
  const auto is_victim = [&](const auto* instance) { return instance->id == id; };
  if (std::none_of(turn.census.old.begin(), turn.census.old.end(), is_victim)) {
    return write_swap(turn, base::InstanceId(), id.value + " need not go any more");
  }
  if (found->protected_from_scale_in) {
    return wait_or_give_up(turn, turn.context.terminate_timeout,
                           id.value + " is protected from scale-in: remove the protection");
  }
  if (auto fill = fill_up(turn, "the full size, before one goes")) return *fill;
  if (auto floor = set_floor(turn)) return *floor;
  if (std::string why = others_not_ready(turn, *found); !why.empty()) {
    return wait_or_give_up(turn, turn.context.ready_timeout, std::move(why));
  }
  return Mutate{.action = TerminateInstance{.instance = id, .decrement_desired = true},
                .why = fmt::format("old, in {}; its replacement comes once it is gone",
                                   found->availability_zone)};
}

// The half of a swap in which the replacement comes.
Step bring_in(const Turn& turn) {
  if (auto fill = fill_up(turn, "the replacement")) return *fill;
  const int wanted = full_size(turn);
  // An old instance that does not serve is no reason to wait: it goes next.
  const int unready_fresh = static_cast<int>(turn.census.fresh.size()) - turn.census.ready_fresh;
  if (turn.census.present() < wanted || unready_fresh > 0) {
    const int fresh_wanted =
        std::max(wanted - turn.census.old_count(), static_cast<int>(turn.census.fresh.size()));
    return wait_or_give_up(turn, turn.context.ready_timeout, describe_ready(turn, fresh_wanted));
  }
  if (!turn.census.old.empty()) {
    const auto* victim = pick_victim(turn.snapshot, turn.census.old);
    return write_swap(
        turn, victim->id,
        fmt::format("{} left; {} goes next", count_of(turn.census.old.size(), "old instance"),
                    victim->id.value));
  }
  if (!turn.census.leaving_old.empty()) {
    return wait_or_give_up(turn, turn.context.terminate_timeout,
                           "old instances still terminating: " + join_ids(turn.census.leaving_old));
  }
  return enter(turn, Phase::kRestore, "all instances are new and ready");
}

}  // namespace

Step swap(const Turn& turn) {
  if (auto suspend = suspend_ours(turn)) return *suspend;
  return turn.journal.victim.empty() ? bring_in(turn) : take_out(turn);
}

}  // namespace consumers::recycle
