#include "consumers/recycle/planner.h"

#include "consumers/recycle/gates/interlock.h"
#include "consumers/recycle/suspension.h"
#include "consumers/recycle/turn.h"

#include <fmt/format.h>

#include <algorithm>

namespace consumers::recycle {
namespace {

// A roll-back that has not begun: the group as it will be once its template is set to that version.
std::optional<Snapshot> as_rolled_back(const Snapshot& snapshot, const Policy& policy) {
  if (policy.rollback_to.empty() || snapshot.target.launch_templates.size() != 1) {
    return std::nullopt;
  }
  Snapshot rolled = snapshot;
  rolled.target.launch_templates.front().version = policy.rollback_to;
  return rolled;
}

// Nothing is ours yet, and nothing is to be taken back: the group stays as others have it. Bounds
// that are ours all the same were set while the tags named no such hook.
bool has_changed_nothing(const Turn& turn) {
  const Journal& journal = turn.journal;
  const auto is_done = [&](const std::string& process) {
    return is_suspended(turn.group(), process);
  };
  return is_start_due(turn) && journal.phase != Phase::kRestore && !journal.committed &&
         !is_one_of(journal.our_max, turn.group().max_size) &&
         !is_one_of(journal.our_min, turn.group().min_size) &&
         std::ranges::none_of(journal.suspended, is_done);
}

Journal as_others_have_it(const Turn& turn) {
  Journal journal = entering(turn, Phase::kRestore);
  journal.original_min = turn.group().min_size;
  journal.original_max = turn.group().max_size;
  journal.original_desired = turn.group().desired_capacity;
  journal.scaled_out = 0;
  journal.our_min.clear();
  journal.our_max.clear();
  journal.suspended.clear();
  journal.pin.clear();
  return journal;
}

// What the phase wants next.
Step next_of_phase(const Turn& turn) {
  const Phase phase = turn.journal.phase;
  if (phase == Phase::kRestore) return restore(turn);
  if (auto pin = pin_template(turn)) return *pin;
  switch (phase) {
    case Phase::kGrow:
      return grow(turn);
    case Phase::kCull:
      return cull(turn);
    case Phase::kSwap:
      return swap(turn);
    case Phase::kRestore:
      break;
  }
  return restore(turn);
}

}  // namespace

std::optional<Mutate> suspend_ours(const Turn& turn) {
  std::vector<std::string> missing;
  for (const std::string& process : turn.journal.suspended) {
    if (!is_suspended(turn.group(), process)) missing.push_back(process);
  }
  if (missing.empty()) return std::nullopt;
  return Mutate{.action = SuspendProcesses{.processes = std::move(missing)},
                .why = "so that AWS chooses no instances of its own"};
}

base::Result<std::optional<Wait>> window_wait(const Turn& turn) {
  if (turn.journal.run_id.empty() ? turn.policy.strategy != Strategy::kOutInTimed
                                  : turn.journal.strategy != Strategy::kOutInTimed) {
    return std::optional<Wait>();
  }
  const auto answer = check_window(turn.policy.window, turn.now);
  if (!answer) return answer.error();
  if (!answer->wait) return std::optional<Wait>();
  return std::optional<Wait>(Wait{.why = fmt::format("the recycle window is shut; it opens at {}",
                                                     base::format_rfc3339(answer->opens_at)),
                                  .not_before = answer->opens_at,
                                  .deadline = std::nullopt,
                                  .what = WaitsFor::kWindow});
}

Mutate write(Journal journal, std::string why) {
  return {.action = WriteJournal{.journal = std::move(journal)}, .why = std::move(why)};
}

Journal entering(const Turn& turn, Phase phase) {
  Journal journal = settled(turn);
  journal.phase = phase;
  journal.phase_at = turn.now;
  journal.paused_at.reset();
  journal.hold = false;
  if (phase == Phase::kRestore) journal.victim = base::InstanceId();  // its account is settled
  return journal;
}

Mutate give_up(const Turn& turn, std::string failure) {
  const bool untouched = has_changed_nothing(turn);
  Journal journal = untouched ? as_others_have_it(turn) : entering(turn, Phase::kRestore);
  // Launches that are under way while desired is lowered would make AWS choose who goes.
  const bool launching = !untouched && turn.group().desired_capacity > turn.census.present();
  if (launching && !is_suspended(turn.group(), "Launch")) journal.suspended.emplace_back("Launch");
  if (journal.failure.empty()) {
    journal.failure = failure.substr(0, kFailureBytesMax);
  } else {  // of the run that is rolled back: that was not what the operator wanted
    journal.cancelled = false;
    journal.failure = (journal.failure + "; then: " + failure).substr(0, kFailureBytesMax);
  }
  journal.undo = !is_past_return(turn);
  note_shrinking(turn, journal);
  return write(std::move(journal), std::move(failure));
}

Mutate fail(const Turn& turn, std::string failure) {
  if (turn.policy.rollback_on_failure && is_past_return(turn)) {
    if (auto back = roll_back(turn, failure, false)) return *back;
  }
  return give_up(turn, std::move(failure));
}

std::string_view to_string(WaitsFor what) {
  switch (what) {
    case WaitsFor::kReadiness:
      return "readiness";
    case WaitsFor::kTermination:
      return "termination";
    case WaitsFor::kPeople:
      return "people";
    case WaitsFor::kWindow:
      return "window";
    case WaitsFor::kTakeover:
      return "takeover";
  }
  return "unknown";
}

base::TimePoint ready_deadline(const Turn& turn, base::Duration limit) {
  const base::TimePoint deadline = turn.journal.phase_at + limit;
  return std::max(deadline, turn.context.patient_until.value_or(deadline));
}

Step wait_or_fail(const Turn& turn, base::Duration limit, WaitsFor what, std::string why) {
  const base::TimePoint deadline =
      what == WaitsFor::kReadiness ? ready_deadline(turn, limit) : turn.journal.phase_at + limit;
  if (turn.now < deadline) {
    return Wait{
        .why = std::move(why), .not_before = std::nullopt, .deadline = deadline, .what = what};
  }
  return fail(turn, fmt::format("{} (for {})", why, describe_duration(limit)));
}

Mutate giving_up(const Snapshot& snapshot, const Journal& journal, const Policy& policy,
                 const RunContext& context, base::TimePoint now, std::string why) {
  return give_up({.snapshot = snapshot,
                  .policy = policy,
                  .context = context,
                  .now = now,
                  .journal = journal,
                  .census = count(snapshot, policy, journal)},
                 std::move(why));
}

std::optional<Abort> ends_with(const Action& done) {
  const auto* remove = std::get_if<RemoveJournal>(&done);
  if (!remove || remove->failure.empty()) return std::nullopt;
  return Abort{.why = remove->failure, .cancelled = remove->cancelled};
}

Step next(const Snapshot& snapshot, const std::optional<Journal>& journal, const Policy& policy,
          const RunContext& context, base::TimePoint now) {
  if (!snapshot.group.status.empty()) {
    return Abort{.why = fmt::format("the group is being deleted ({})", snapshot.group.status)};
  }
  const auto turn_of = [&](const Snapshot& seen, const Journal& known) {
    return Turn{.snapshot = seen,
                .policy = policy,
                .context = context,
                .now = now,
                .journal = known,
                .census = count(seen, policy, known)};
  };
  if (journal) {
    const Turn turn = turn_of(snapshot, *journal);
    if (auto obeyed = obey(turn)) return *obeyed;
    return interlock(turn, next_of_phase(turn));
  }
  Journal blank;
  blank.force_before = context.force_before;
  if (const auto rolled = as_rolled_back(snapshot, policy)) {
    const Turn turn = turn_of(*rolled, blank);
    return interlock(turn, preflight(turn));
  }
  const Turn turn = turn_of(snapshot, blank);
  return interlock(turn, preflight(turn));
}

}  // namespace consumers::recycle
