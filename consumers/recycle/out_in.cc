// out-in and out-in-timed, the half that grows: new instances come up beside the old ones, as many
// as there is room for, and are proven. The half in which the old ones go is cull.cc.
#include "consumers/recycle/turn.h"

#include <fmt/format.h>

#include <algorithm>

namespace consumers::recycle {
namespace {

// What others added meanwhile is wanted from now on, and what an operator set is what the group
// goes back to; with it, the bounds that follow.
std::optional<Mutate> adopt_changes(const Turn& turn) {
  Journal journal = turn.journal;
  const int change = change_by_others(turn);
  const bool bounds = take_over_bounds(turn, journal);
  const bool newer = !rolls_back(journal) && turn.snapshot.target.describe() != journal.target;
  if (change <= 0 && !bounds && !newer) return std::nullopt;
  journal.scaled_out = std::max(0, journal.scaled_out + change);
  if (newer) {
    journal.target = turn.snapshot.target.describe();
    journal.phase_at = turn.now;
  }
  note(journal, turn.group(), grown(turn, journal));
  return write(std::move(journal),
               change > 0 ? fmt::format("others scaled out by {}: it stays", change)
               : bounds   ? "somebody set other bounds: the group goes back to those"
                          : "the group launches another version now: going on to that one");
}

// Those that are replaced together need no time of their own.
constexpr base::Duration kTogether = std::chrono::minutes(1);

// Instances that this run launched and that are old already, because the group's template changed
// once more. They are replaced in their place, so that the group does not grow by another set.
std::optional<Mutate> replace_superseded(const Turn& turn) {
  if (!are_replaced_in_place(turn, turn.journal)) return std::nullopt;
  if (new_to_come(turn, turn.journal) == 0) return std::nullopt;
  for (const Member& member : turn.census.old) {
    if (!is_superseded(turn, turn.journal, member)) continue;
    if (member.ready && turn.census.ready() - member.units < turn.journal.wanted()) continue;
    if (turn.now - turn.journal.phase_at > kTogether) {
      Journal journal = turn.journal;
      journal.phase_at = turn.now;
      return write(std::move(journal),
                   "launched by this run, and old again: its replacement is to "
                   "have its full time");
    }
    return Mutate{.action = TerminateInstance{.instance = member.id(), .decrement_desired = false},
                  .why = "launched by this run, and old again: its replacement is newer"};
  }
  return std::nullopt;
}

Mutate set_hold(const Turn& turn, bool hold, std::string why) {
  Journal journal = turn.journal;
  journal.phase_at = turn.now;
  journal.hold = hold;
  return write(std::move(journal), std::move(why));
}

// The window, once the group has grown: none if nothing keeps the old ones from going now.
std::optional<Step> await_window(const Turn& turn, bool proven) {
  const WindowCloses closes = turn.policy.window_closes;
  const bool committed = turn.journal.committed;
  auto window = window_wait(turn);
  if (!window) return give_up(turn, window.error().message);
  if (*window && committed && closes != WindowCloses::kPause) return std::nullopt;
  if (*window && !committed && closes == WindowCloses::kRestore) {
    return give_up(turn, "the recycle window shut before the first old instance went");
  }
  if (*window && turn.journal.hold) return **window;
  if (*window && (proven || closes == WindowCloses::kPause)) {
    return set_hold(turn, true, "held at full capacity; " + (*window)->why);
  }
  if (!*window && turn.journal.hold && !proven) {
    return set_hold(turn, false, "the window is open, but new instances are not ready");
  }
  return std::nullopt;
}

Step wait_until_ready(const Turn& turn, int wanted) {
  const base::TimePoint deadline = ready_deadline(turn, turn.context.ready_timeout);
  std::string ready = describe_ready(turn, wanted);
  if (turn.now < deadline) {
    return Wait{.why = std::move(ready), .not_before = std::nullopt, .deadline = deadline};
  }
  return fail(turn, fmt::format("the new instances were not proven within {}: {}",
                                describe_duration(turn.context.ready_timeout), ready));
}

Mutate enter_cull(const Turn& turn, int room) {
  Journal journal = entering(turn, Phase::kCull);
  journal.committed = true;
  journal.keep = std::max(0, turn.census.old_units - room);
  note(journal, turn.group(), {.min_size = journal.wanted(), .max_size = {}, .desired = {}});
  note_protection(turn, journal);
  return write(std::move(journal), fmt::format("{} proven: the old ones may go",
                                               count_of(turn.census.fresh.size(), "new instance")));
}

}  // namespace

Step grow(const Turn& turn) {
  const Census& census = turn.census;
  if (auto suspend = suspend_ours(turn)) return *suspend;
  if (auto adopt = adopt_changes(turn)) return *adopt;
  if (auto bare = unprotect(turn, {&census.old})) return *bare;
  const Bounds goal = grown(turn, turn.journal);
  const int fresh = std::max(0, goal.min_size - census.old_units - census.kept_units);
  if (auto pin = hold_bounds(turn, goal,
                             fmt::format("{} new beside {}, held against scale-in", fresh,
                                         count_of(census.old.size(), "old instance")))) {
    return *pin;
  }
  if (auto replace = replace_superseded(turn)) return *replace;
  const bool proven = census.ready_fresh >= fresh && census.ready() >= turn.journal.wanted();
  if (auto window = await_window(turn, proven)) return *window;
  if (!proven) return wait_until_ready(turn, fresh);
  const int room = goal.min_size - turn.journal.wanted();
  if (!census.old.empty() && choose_old(census.old, room, 1).empty()) {
    return wait_or_fail(turn, turn.context.ready_timeout, WaitsFor::kReadiness,
                        "there is no room for a new instance beside the old ones");
  }
  return enter_cull(turn, room);
}

}  // namespace consumers::recycle
