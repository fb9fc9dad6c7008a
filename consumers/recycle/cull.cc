// out-in and out-in-timed, the half in which old instances go: by name, one by one, each only while
// everything that stays is ready. Past the point of no return.
#include "consumers/recycle/turn.h"

#include <fmt/format.h>

#include <algorithm>

namespace consumers::recycle {
namespace {

// The old instances that may be named: not those that somebody protected meanwhile.
Census::List may_go(const Turn& turn) {
  Census::List free;
  std::copy_if(turn.census.old.begin(), turn.census.old.end(), std::back_inserter(free),
               [&](const Member& member) {
                 return !member.instance->protected_from_scale_in ||
                        turn.policy.protected_instances == SetAside::kInclude ||
                        protected_by_us(turn.snapshot, turn.journal, *member.instance);
               });
  return free;
}

bool contains(const Census::List& members, const Member& wanted) {
  return std::any_of(members.begin(), members.end(),
                     [&](const Member& member) { return member.instance == wanted.instance; });
}

// The deadlines of a run that makes progress begin anew: many go one after the other, and together
// may take longer than one may.
Mutate name_next(const Turn& turn, std::vector<Victim> victims, std::string why) {
  Mutate named = name_victims(turn, std::move(victims), std::move(why));
  std::get<WriteJournal>(named.action).journal.phase_at = turn.now;
  return named;
}

// Names go out of the journal before a wait: whoever dies meanwhile did so on its own.
Step stand_by(const Turn& turn, base::Duration limit, WaitsFor what, std::string why) {
  if (auto forget = forget_victims(turn)) return *forget;
  return wait_or_fail(turn, limit, what, std::move(why));
}

// Only the policy "pause" stops between two old ones.
std::optional<Step> pause_for_window(const Turn& turn) {
  if (turn.policy.window_closes != WindowCloses::kPause) return std::nullopt;
  auto window = window_wait(turn);
  if (!window) return give_up(turn, window.error().message);
  if (*window && turn.journal.hold) return **window;
  if (!*window && !turn.journal.hold) return std::nullopt;
  Journal journal = settled(turn);
  journal.phase_at = turn.now;
  journal.hold = window->has_value();
  return write(std::move(journal), *window ? "held at full capacity; " + (*window)->why
                                           : std::string("the window is open again"));
}

// Takes the named ones out, one a turn.
std::optional<Step> take_out_old(const Turn& turn) {
  const Census& census = turn.census;
  const int wanted = turn.journal.wanted();
  const int fresh = std::max(0, turn.wanted_fresh() - turn.journal.keep);
  if (census.ready_fresh < fresh) {
    return stand_by(
        turn, turn.context.terminate_timeout, WaitsFor::kReadiness,
        "no old instance goes before the new ones are ready again: " + describe_ready(turn, fresh));
  }
  const Census::List free = may_go(turn);
  if (free.empty()) {
    return stand_by(turn, turn.context.terminate_timeout, WaitsFor::kPeople,
                    "old instances are protected from scale-in, remove the protection: " +
                        join_ids(census.old));
  }
  const Named list = named(turn);
  const bool in_order = list.next && !list.out_of_order && contains(free, *list.next);
  auto chosen = in_order ? std::vector<Victim>()
                         : choose_old(free, census.old_units - turn.journal.keep, kVictimsMax);
  if (!in_order && chosen.empty()) return std::nullopt;  // too heavy for what is left of this batch
  const Member& victim = in_order ? *list.next : *find(free, chosen.front().id);
  if (victim.ready && census.ready() - victim.units < wanted) {
    return stand_by(turn, turn.context.terminate_timeout, WaitsFor::kReadiness,
                    fmt::format("{} does not go before enough others are ready: {} of {} are",
                                victim.id().value, census.ready() - victim.units, wanted));
  }
  if (!in_order) {
    return name_next(turn, std::move(chosen),
                     fmt::format("{} left", count_of(census.old.size(), "old instance")));
  }
  return Mutate{.action = TerminateInstance{.instance = victim.id(), .decrement_desired = true},
                .why = fmt::format("old, in {}; {} old left", victim.instance->availability_zone,
                                   census.old.size() - 1)};
}

Step next_batch(const Turn& turn) {
  Journal journal = entering(turn, Phase::kGrow);
  journal.keep = 0;
  note(journal, turn.group(), grown(turn, journal));
  return write(std::move(journal), fmt::format("{} left: room for the next new ones",
                                               count_of(turn.census.old.size(), "old instance")));
}

// An old instance that AWS replaced on its own came back as a new one too many.
std::optional<Step> take_out_surplus(const Turn& turn) {
  const Census& census = turn.census;
  const Named list = named(turn);
  const int wanted = settled(turn).wanted();
  const int surplus = turn.group().desired_capacity - wanted;
  const int beyond = census.present() - wanted;
  const int there = std::min(surplus, beyond);  // and the rest is not launched yet
  const bool in_order = list.next && !list.out_of_order && list.next->units <= there &&
                        contains(census.fresh, *list.next);
  if (surplus <= 0) return std::nullopt;  // others have scaled in since it was named
  auto chosen = in_order ? std::vector<Victim>() : choose_new(turn, census.fresh, there);
  if (!in_order && chosen.empty()) {
    return even_out(turn, wanted, !choose_new(turn, census.fresh, beyond).empty());
  }
  const Bounds floor{.min_size = wanted, .max_size = {}, .desired = {}};
  if (auto bounds = hold_bounds(turn, floor, "room to take out what is too many")) return *bounds;
  const Member& victim = in_order ? *list.next : *find(census.fresh, chosen.front().id);
  if (victim.ready && census.ready() - victim.units < wanted) {
    return stand_by(turn, turn.context.ready_timeout, WaitsFor::kReadiness,
                    describe_ready(turn, turn.wanted_fresh()));
  }
  if (!in_order) {
    return name_next(turn, std::move(chosen),
                     "AWS replaced old instances on its own: that many new ones are too many");
  }
  return Mutate{.action = TerminateInstance{.instance = victim.id(), .decrement_desired = true},
                .why = "one too many"};
}

}  // namespace

Step cull(const Turn& turn) {
  const Census& census = turn.census;
  if (!census.old.empty()) {
    if (auto suspend = suspend_ours(turn)) return *suspend;
  }
  if (auto adopt = adopt_bounds(turn)) return *adopt;
  if (auto protect = protect_new(turn)) return *protect;
  if (census.old_units > turn.journal.keep) {
    const int needed = census.old_units + turn.journal.wanted() - turn.journal.keep;
    if (turn.group().desired_capacity < needed) return next_batch(turn);
    const Bounds floor{.min_size = turn.journal.wanted(), .max_size = {}, .desired = {}};
    if (auto bounds = hold_bounds(turn, floor,
                                  fmt::format("room to take {} out and no more",
                                              count_of(census.old.size(), "old instance")))) {
      return *bounds;
    }
    if (auto pause = pause_for_window(turn)) return *pause;
    if (auto step = take_out_old(turn)) return *step;
  }
  if (!census.old.empty()) return next_batch(turn);
  if (!census.leaving_old.empty()) {
    return wait_or_fail(turn, turn.context.terminate_timeout, WaitsFor::kTermination,
                        count_of(census.leaving_old.size(), "old instance") +
                            " still terminating: " + join_ids(census.leaving_old));
  }
  if (auto standby = take_out_standby(turn)) return *standby;
  if (auto surplus = take_out_surplus(turn)) return *surplus;
  return write(entering(turn, Phase::kRestore), "all old instances are gone");
}

std::optional<Mutate> take_out_standby(const Turn& turn) {
  if (turn.policy.standby != SetAside::kInclude) return std::nullopt;
  for (const Member& member : turn.census.standby_old) {
    if (member.instance->lifecycle_state != "Standby") continue;
    // Not counted in the desired capacity, so nothing is launched in its place.
    return Mutate{.action = TerminateInstance{.instance = member.id(), .decrement_desired = false},
                  .why = fmt::format("old, in Standby, and {} is include", kTagStandby)};
  }
  return std::nullopt;
}

}  // namespace consumers::recycle
