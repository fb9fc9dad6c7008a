#include "consumers/recycle/gates/interlock.h"

#include "consumers/recycle/gates/judge.h"

#include <fmt/format.h>

namespace consumers::recycle {
namespace {

// Values of Journal::hook beside the id of the instance whose hook has run.
constexpr std::string_view kStartDue = "start";
constexpr std::string_view kEndDone = "end";

bool under_way(const Turn& turn) { return !turn.journal.run_id.empty(); }

template <class Wanted>
Wanted* action_in(Step& step) {
  auto* mutate = std::get_if<Mutate>(&step);
  return mutate == nullptr ? nullptr : std::get_if<Wanted>(&mutate->action);
}

// The end of the run, for a reason of the gates.
std::optional<Step> stopped(const Turn& turn, Step& step) {
  const std::string trouble = alarm_trouble(turn.snapshot.gates);
  if (!under_way(turn)) {
    if (trouble.empty() || !std::holds_alternative<Mutate>(step)) return std::nullopt;
    return Abort{.why = trouble + ": nothing was changed"};
  }
  if (turn.journal.phase == Phase::kRestore) return std::nullopt;
  const auto* entered = action_in<WriteJournal>(step);
  if (entered != nullptr && entered->journal.phase == Phase::kRestore) return std::nullopt;
  // The alarms may well ring for the version that a roll-back takes away.
  if (!trouble.empty() && !rolls_back(turn.journal)) return fail(turn, trouble);
  if (!std::holds_alternative<Wait>(step)) return std::nullopt;
  for (const Member& member : turn.census.fresh) {
    if (auto expired = expired_hold(turn.snapshot, *member.instance)) {
      return fail(turn, *std::move(expired));
    }
  }
  return std::nullopt;
}

// Whether this step takes the new instances for proven: the old ones may go
// (out-in), or the next one may, or the run is done (in-out).
bool takes_as_proven(const Journal& from, const Journal& to) {
  if (from.phase == Phase::kGrow) return to.phase == Phase::kCull;
  if (from.phase != Phase::kSwap || !from.victim.empty()) return false;
  return to.phase == Phase::kSwap ? !to.victim.empty() : to.failure.empty();
}

// The alarms' bake time, counted from the moment at which everything else was
// proven.
std::optional<Step> baked(const Turn& turn, Step& step) {
  const GateRules& rules = turn.policy.gates;
  const Journal& journal = turn.journal;
  if (rules.alarms.empty() || !under_way(turn) || journal.phase == Phase::kRestore) {
    return std::nullopt;
  }
  auto* entered = action_in<WriteJournal>(step);
  const bool first_swap = journal.phase == Phase::kSwap && turn.census.fresh.empty();
  const bool proven =
      entered != nullptr && !first_swap && takes_as_proven(journal, entered->journal);
  if (!proven) {
    // Not ready any more: what was quiet until now proves nothing.
    if (!journal.bake_from || journal.hold || !std::holds_alternative<Wait>(step)) {
      return std::nullopt;
    }
    Journal anew = journal;
    anew.bake_from.reset();
    return write(std::move(anew),
                 "not all new instances are ready any more: the bake time begins "
                 "anew");
  }
  if (!journal.bake_from) {
    Journal begun = journal;
    begun.bake_from = turn.now;
    return write(
        std::move(begun),
        fmt::format("the new instances are ready; {} must now be quiet for {}",
                    count_of(rules.alarms.size(), "alarm"), describe_duration(rules.bake)));
  }
  const base::TimePoint quiet = quiet_since(turn.snapshot.gates, *journal.bake_from);
  if (turn.now - quiet >= rules.bake) {
    entered->journal.bake_from.reset();
    return std::nullopt;
  }
  const auto timeout = rules.timeout(Gate::kAlarms);
  if (timeout && turn.now - *journal.bake_from >= *timeout) {
    return fail(turn, fmt::format("the alarms were not quiet for {} within {}",
                                  describe_duration(rules.bake), describe_duration(*timeout)));
  }
  return Wait{
      .why = fmt::format("the alarms must be quiet for {}, until {}", describe_duration(rules.bake),
                         base::format_rfc3339(quiet + rules.bake)),
      .not_before = quiet + rules.bake,
      .deadline = std::nullopt};
}

RunHook hook(const Turn& turn, HookPoint point, std::string name, base::InstanceId instance) {
  RunHook run;
  run.point = point;
  run.name = std::move(name);
  run.key = fmt::format("{}/{}", turn.journal.run_id, to_string(point));
  if (!instance.empty()) run.key += "/" + instance.value;
  run.instance = std::move(instance);
  run.timeout = turn.policy.hooks.timeout;
  run.done = turn.journal;
  return run;
}

// The journal of a run that a hook ends; the executor adds the reason to the
// failure.
Journal failed_by(const Turn& turn, const RunHook& run) {
  const Step ended = fail(turn, fmt::format("hook {} ({})", run.name, to_string(run.point)));
  Journal journal = std::get<WriteJournal>(std::get<Mutate>(ended).action).journal;
  journal.hook = run.done.hook;
  return journal;
}

Step with_hook(const Turn& turn, Step step) {
  const HookRules& rules = turn.policy.hooks;
  const Journal& journal = turn.journal;
  if (!std::holds_alternative<Mutate>(step)) return step;
  if (!under_way(turn)) {
    auto* begun = action_in<WriteJournal>(step);
    if (begun != nullptr && !rules.before_start.empty()) begun->journal.hook = kStartDue;
    return step;
  }
  const bool running = journal.phase != Phase::kRestore;
  const auto* entered = action_in<WriteJournal>(step);
  const bool gives_up = entered != nullptr && entered->journal.phase == Phase::kRestore;
  std::optional<RunHook> run;
  if (running && !gives_up && is_start_due(turn)) {
    run = hook(turn, HookPoint::kBeforeStart, rules.before_start, {});
    run->done.hook.clear();
  } else if (const auto* victim = action_in<TerminateInstance>(step);
             victim != nullptr && !rules.before_terminate.empty() &&
             journal.hook != victim->instance.value) {
    run = hook(turn, HookPoint::kBeforeTerminate, rules.before_terminate, victim->instance);
    run->done.hook = victim->instance.value;
  } else if (action_in<RemoveJournal>(step) != nullptr && !rules.after_end.empty() &&
             journal.hook != kEndDone) {
    run = hook(turn, HookPoint::kAfterEnd, rules.after_end, {});
    run->done.hook = kEndDone;
  }
  if (!run) return step;
  // While the group is put in order nothing may stop that.
  if (rules.failure_stops && running) run->failed = failed_by(turn, *run);
  return Mutate{.action = *std::move(run), .why = std::move(std::get<Mutate>(step).why)};
}

}  // namespace

bool is_start_due(const Turn& turn) {
  return turn.journal.hook == kStartDue && !turn.policy.hooks.before_start.empty();
}

Step interlock(const Turn& turn, Step step) {
  if (auto ended = stopped(turn, step)) step = *std::move(ended);
  if (auto waits = baked(turn, step)) return *std::move(waits);
  return with_hook(turn, std::move(step));
}

}  // namespace consumers::recycle
