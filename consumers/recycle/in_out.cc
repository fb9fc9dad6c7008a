// in-out: one instance goes, fully; its replacement comes and is proven; then the next.
#include "consumers/recycle/turn.h"

#include <fmt/format.h>

#include <algorithm>

namespace consumers::recycle {
namespace {

// The capacity that a swap starts from and ends with, unless somebody lowered max meanwhile.
int full_size(const Turn& turn) { return std::min(turn.journal.wanted(), turn.group().max_size); }

// Nobody is named, and desired is to be what it was.
Mutate bring_in_next(const Turn& turn, std::string why) {
  Journal journal = entering(turn, Phase::kSwap);
  journal.victim = base::InstanceId();
  journal.victim_units = 1;
  journal.desired_goal = std::min(journal.wanted(), turn.group().max_size);
  return write(std::move(journal), std::move(why));
}

// A scale-in that happened while the floor was low is taken back before the next one goes.
std::optional<Mutate> fill_up(const Turn& turn, const std::string& why) {
  if (turn.group().desired_capacity >= full_size(turn)) return std::nullopt;
  return hold_bounds(
      turn, {.min_size = turn.group().min_size, .max_size = {}, .desired = full_size(turn)}, why);
}

std::optional<Mutate> write_filled(const Turn& turn) {
  Journal journal = turn.journal;
  if (!note_filled(turn, journal)) return std::nullopt;
  return write(std::move(journal), fmt::format("desired is {}", journal.desired_goal));
}

// One instance may be out, no more: min stands exactly that much below the capacity.
std::optional<Mutate> set_floor(const Turn& turn, int units) {
  const int high = std::max(0, turn.group().desired_capacity - units);
  const int low = std::clamp(turn.journal.wanted() - units, 0, high);
  if (turn.group().min_size >= low && turn.group().min_size <= high) return std::nullopt;
  return hold_bounds(turn, {.min_size = low, .max_size = {}, .desired = {}},
                     "room to take one instance out and no more");
}

// AWS takes an instance's whole weight off desired, and not below zero. Others may scale out again.
std::optional<Step> too_heavy(const Turn& turn, const Member& victim) {
  if (victim.units <= turn.group().desired_capacity) return std::nullopt;
  return wait_or_fail(turn, turn.context.ready_timeout, WaitsFor::kPeople,
                      heavier_than_desired(turn, victim));
}

// Why the instances around the victim do not allow it to go now; empty if they do.
std::string others_not_ready(const Turn& turn, const Member& victim) {
  if (!victim.ready) return {};  // it serves nobody: nothing is lost
  const int others = turn.census.ready() - victim.units;
  const int wanted = full_size(turn) - victim.units;
  if (others >= wanted) return {};
  std::string text = fmt::format("{} does not go before all others are ready: {} of {} are",
                                 victim.id().value, others, wanted);
  for (const Census::List* members : {&turn.census.old, &turn.census.fresh, &turn.census.kept}) {
    for (const Member& member : *members) {
      std::string why;
      if (!member.ready && !is_ready(turn.snapshot, *member.instance, &why)) text += "; " + why;
    }
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
      Mutate next = bring_in_next(turn, id.value + " is gone: its replacement may come");
      std::get<WriteJournal>(next.action).journal.committed = true;
      return next;
    }
    return wait_or_fail(turn, turn.context.terminate_timeout, WaitsFor::kTermination,
                        id.value + " left the group but is not yet terminated");
  }
  if (is_leaving(*found)) {
    return wait_or_fail(turn, turn.context.terminate_timeout, WaitsFor::kTermination,
                        fmt::format("{} is {}", id.value, found->lifecycle_state));
  }
  const auto victim = std::find_if(turn.census.old.begin(), turn.census.old.end(),
                                   [&](const Member& member) { return member.id() == id; });
  if (victim == turn.census.old.end()) {
    return bring_in_next(turn, id.value + " need not go any more");
  }
  if (found->protected_from_scale_in && turn.policy.protected_instances != SetAside::kInclude) {
    return wait_or_fail(turn, turn.context.terminate_timeout, WaitsFor::kPeople,
                        id.value + " is protected from scale-in: remove the protection");
  }
  if (turn.group().desired_capacity < full_size(turn)) {
    return bring_in_next(turn, "the full size, before one goes");
  }
  if (auto heavy = too_heavy(turn, *victim)) return *heavy;
  if (auto floor = set_floor(turn, victim->units)) return *floor;
  if (std::string why = others_not_ready(turn, *victim); !why.empty()) {
    return wait_or_fail(turn, turn.context.ready_timeout, WaitsFor::kReadiness, std::move(why));
  }
  return Mutate{.action = TerminateInstance{.instance = id, .decrement_desired = true},
                .why = fmt::format("old, in {}; its replacement comes once it is gone",
                                   found->availability_zone)};
}

Step name_next(const Turn& turn) {
  Census::List free;
  std::copy_if(turn.census.old.begin(), turn.census.old.end(), std::back_inserter(free),
               [&](const Member& member) {
                 return !member.instance->protected_from_scale_in ||
                        turn.policy.protected_instances == SetAside::kInclude;
               });
  if (free.empty()) {
    return wait_or_fail(turn, turn.context.terminate_timeout, WaitsFor::kPeople,
                        "old instances are protected from scale-in, remove the protection: " +
                            join_ids(turn.census.old));
  }
  const Victim chosen = choose_old(free, turn.census.present(), 1).front();
  const auto victim = std::find_if(free.begin(), free.end(),
                                   [&](const Member& one) { return one.id() == chosen.id; });
  if (auto heavy = too_heavy(turn, *victim)) return *heavy;
  if (auto floor = set_floor(turn, chosen.units)) return *floor;
  if (std::string why = others_not_ready(turn, *victim); !why.empty()) {
    return wait_or_fail(turn, turn.context.ready_timeout, WaitsFor::kReadiness, std::move(why));
  }
  Journal journal = entering(turn, Phase::kSwap);
  journal.victim = chosen.id;
  journal.victim_units = chosen.units;
  return write(std::move(journal),
               fmt::format("{} left; {} goes next",
                           count_of(turn.census.old.size(), "old instance"), chosen.id.value));
}

// The half of a swap in which the replacement comes.
Step bring_in(const Turn& turn) {
  const Census& census = turn.census;
  if (auto fill = fill_up(turn, "the replacement")) return *fill;
  const int wanted = full_size(turn);
  // An old instance that does not serve is no reason to wait: it goes next.
  if (census.present() < wanted || census.ready_fresh < census.fresh_units) {
    const int fresh = std::max(wanted - census.old_units - census.kept_units, census.fresh_units);
    return wait_or_fail(turn, turn.context.ready_timeout, WaitsFor::kReadiness,
                        describe_ready(turn, fresh));
  }
  if (!census.old.empty()) return name_next(turn);
  if (!census.leaving_old.empty()) {
    return wait_or_fail(turn, turn.context.terminate_timeout, WaitsFor::kTermination,
                        "old instances still terminating: " + join_ids(census.leaving_old));
  }
  if (auto standby = take_out_standby(turn)) return *standby;
  return write(entering(turn, Phase::kRestore), "all instances are new and ready");
}

}  // namespace

void begin_swap(const Turn& turn, Journal& journal) {
  const aws::AutoScalingGroup& group = turn.group();
  journal.desired_before = group.desired_capacity;
  journal.desired_goal = group.desired_capacity;
  const auto first = choose_old(turn.census.old, turn.census.present(), 1);
  const int units = first.empty() ? 1 : first.front().units;
  const int floor = std::max(0, group.desired_capacity - units);
  note(journal, group, {.min_size = floor, .max_size = {}, .desired = {}});
}

bool note_filled(const Turn& turn, Journal& journal) {
  const bool any_between = journal.desired_goal > journal.desired_before + 1;
  if (!any_between || turn.group().desired_capacity != journal.desired_goal) return false;
  journal.desired_before = journal.desired_goal;
  return true;
}

Step swap(const Turn& turn) {
  if (auto suspend = suspend_ours(turn)) return *suspend;
  if (auto adopt = adopt_bounds(turn)) return *adopt;
  if (auto noted = write_filled(turn)) return *noted;
  if (!turn.journal.victim.empty()) return take_out(turn);
  if (change_by_others(turn) > 0) return bring_in_next(turn, "others scaled out: it stays");
  return bring_in(turn);
}

}  // namespace consumers::recycle
