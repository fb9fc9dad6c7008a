// Restore: after a failure the size, then protection, bounds, processes and template go back to the
// original. Reached from every other phase; the journal is removed last.
#include "consumers/recycle/suspension.h"
#include "consumers/recycle/turn.h"

#include <fmt/format.h>

#include <algorithm>

namespace consumers::recycle {
namespace {

bool is_ours(const Journal& journal, const std::string& process) {
  const auto& ours = journal.suspended;
  return std::find(ours.begin(), ours.end(), process) != ours.end();
}

int max_to_restore(const Turn& turn) {
  const int max = turn.group().max_size;
  return is_one_of(turn.journal.our_max, max) ? turn.journal.original_max : max;
}

// The new ones; and those that were new until the template changed once more.
Census::List launched_by_us(const Turn& turn) {
  Census::List members = turn.census.fresh;
  std::copy_if(turn.census.old.begin(), turn.census.old.end(), std::back_inserter(members),
               [&](const Member& member) {
                 const base::TimePoint launched = launched_at(turn.snapshot, *member.instance);
                 return launched >= turn.journal.started_at && launched != base::TimePoint::max();
               });
  return members;
}

// Before the point of no return the new ones go, those that do not serve first, then the youngest,
// so that a new instance from before the run stays. After it: what does not serve, then the old
// ones; never a new one that serves, as long as max can hold it.
std::vector<Victim> choose_excess(const Turn& turn, int units) {
  const Census& census = turn.census;
  if (turn.journal.undo) return choose_new(turn, launched_by_us(turn), units);
  const auto unready = [](const Census::List& members) {
    Census::List chosen;
    std::copy_if(members.begin(), members.end(), std::back_inserter(chosen),
                 [](const Member& member) { return !member.ready; });
    return chosen;
  };
  for (const Census::List& broken : {unready(census.old), unready(census.fresh)}) {
    if (auto chosen = choose_old(broken, units, kVictimsMax); !chosen.empty()) return chosen;
  }
  if (auto chosen = choose_old(census.old, units, kVictimsMax); !chosen.empty()) return chosen;
  // What the original max cannot hold goes all the same: by name, before AWS chooses.
  return choose_new(turn, census.fresh, turn.group().desired_capacity - max_to_restore(turn));
}

// No more instances than there are, and no fewer than are wanted.
Bounds shrunk(const Turn& turn, int wanted) {
  const int desired = turn.group().desired_capacity;
  const int launched = std::max(wanted, std::min(desired, turn.census.present()));
  Bounds bounds{.min_size = std::min(turn.group().min_size, wanted), .max_size = {}, .desired = {}};
  if (desired > launched) bounds.desired = launched;
  return bounds;
}

// Launches end before desired is lowered: else AWS would choose who goes.
std::optional<Mutate> take_back_launches(const Turn& turn, int wanted) {
  const Bounds bounds = shrunk(turn, wanted);
  if (bounds.desired && is_ours(turn.journal, "Launch") && !is_suspended(turn.group(), "Launch")) {
    return Mutate{.action = SuspendProcesses{.processes = {"Launch"}},
                  .why = "so that nothing is launched while desired is lowered"};
  }
  return hold_bounds(turn, bounds, "no more instances are wanted");
}

// After a failed out-in: back to the size that is wanted, by name.
std::optional<Step> shrink(const Turn& turn) {
  const Journal& journal = turn.journal;
  if (journal.failure.empty() || journal.strategy == Strategy::kInOut) return std::nullopt;
  const int wanted = settled(turn).wanted();
  const int surplus = turn.group().desired_capacity - wanted;
  if (surplus <= 0) return std::nullopt;
  if (auto back = take_back_launches(turn, wanted)) return *back;
  const Named list = named(turn);
  // Others may have scaled in since by less than the next one weighs.
  if (list.next == nullptr || list.out_of_order || list.next->units > surplus) {
    auto chosen = choose_excess(turn, surplus);
    if (chosen.empty()) {
      const int beyond = turn.census.present() - wanted;
      return even_out(turn, wanted, !choose_excess(turn, beyond).empty());
    }
    return name_victims(turn, std::move(chosen), "the group goes back to its size");
  }
  const Member& victim = *list.next;
  // What serves in the place of others goes once they are back, or in the end all the same.
  const bool needed = victim.ready && turn.census.ready() - victim.units < wanted;
  const base::TimePoint deadline = journal.phase_at + turn.context.ready_timeout;
  if (needed && turn.now < deadline) {
    return Wait{.why = fmt::format("{} stays until others serve in its place", victim.id().value),
                .not_before = std::nullopt,
                .deadline = deadline};
  }
  return Mutate{.action = TerminateInstance{.instance = victim.id(), .decrement_desired = true},
                .why = journal.undo ? "new: all old ones stay" : "back to the original size"};
}

// A bound that is neither what we set nor the original was set by an operator, and stays.
std::optional<Mutate> restore_bounds(const Turn& turn) {
  const Journal& journal = turn.journal;
  const aws::AutoScalingGroup& group = turn.group();
  const int low =
      is_one_of(journal.our_min, group.min_size) ? journal.original_min : group.min_size;
  const int high = std::max(max_to_restore(turn), low);
  // in-out gave up between taking one out and asking for its replacement. Noted first, so that it
  // is not taken for a scale-out by others. Before one was taken out, who is missing is not ours.
  const int wanted = std::min({settled(turn).wanted(), group.max_size, high});
  const bool took_out = journal.strategy == Strategy::kInOut && !journal.undo;
  if (took_out && group.desired_capacity < wanted) {
    return hold_bounds(turn, {.min_size = group.min_size, .max_size = {}, .desired = wanted},
                       "the replacement of what was taken out");
  }
  SetBounds bounds;
  if (group.min_size != low) bounds.min_size = low;
  if (group.max_size != high) bounds.max_size = high;
  if (!bounds.min_size && !bounds.max_size) return std::nullopt;
  return Mutate{.action = bounds, .why = "the original bounds"};
}

std::optional<Mutate> resume_ours(const Turn& turn) {
  std::vector<std::string> ours;
  for (const aws::SuspendedProcess& suspended : turn.group().suspended_processes) {
    if (is_ours(turn.journal, suspended.name)) ours.push_back(suspended.name);
  }
  if (ours.empty()) return std::nullopt;
  return Mutate{.action = ResumeProcesses{.processes = std::move(ours)},
                .why = "only what this run suspended"};
}

// A roll-back that was undone leaves the version that the group named before; one that ended well
// leaves its own.
std::optional<Mutate> unpin(const Turn& turn) {
  const Journal& journal = turn.journal;
  const auto& current = turn.group().launch_template;
  if (!journal.undo || journal.pin.empty() || !current) return std::nullopt;
  if (current->version != journal.pin || journal.pin == journal.template_before) {
    return std::nullopt;
  }
  aws::LaunchTemplateSpecification before = *current;
  before.version = journal.template_before;
  return Mutate{.action = SetLaunchTemplate{.launch_template = std::move(before)},
                .why = "the version that the group named before"};
}

}  // namespace

void note_shrinking(const Turn& turn, Journal& journal) {
  if (journal.strategy == Strategy::kInOut) return;
  const int wanted = journal.wanted();
  if (turn.group().desired_capacity > wanted) note(journal, turn.group(), shrunk(turn, wanted));
}

// What others added while max was ours, and the original max cannot hold: back to where it goes by
// name, since AWS would choose when max is lowered.
std::optional<Step> take_out_what_came_late(const Turn& turn) {
  const Journal& journal = turn.journal;
  if (!journal.failure.empty() || journal.strategy == Strategy::kInOut) return std::nullopt;
  const int surplus = turn.group().desired_capacity - max_to_restore(turn);
  if (surplus <= 0) return std::nullopt;
  // Where the template has changed since, the new ones are old again.
  const auto any_of = [&](const Census::List& members) {
    return !choose_new(turn, members, surplus).empty();
  };
  if (!any_of(turn.census.fresh) && !any_of(turn.census.old)) return std::nullopt;
  return write(entering(turn, Phase::kCull), "others scaled out beyond what max allows");
}

Step restore(const Turn& turn) {
  const Census& census = turn.census;
  if (auto step = take_out_what_came_late(turn)) return *step;
  if (auto step = shrink(turn)) return *step;
  if (auto step = unprotect(turn, {&census.fresh, &census.old, &census.kept, &census.standby})) {
    return *step;
  }
  if (auto step = restore_bounds(turn)) return *step;
  if (auto step = resume_ours(turn)) return *step;
  if (auto step = unpin(turn)) return *step;
  return Mutate{
      .action = RemoveJournal{.failure = turn.journal.failure, .cancelled = turn.journal.cancelled},
      .why = turn.journal.failure.empty() ? "done: the group is as it was, only newer"
                                          : "given up: the group is as it was"};
}

}  // namespace consumers::recycle
