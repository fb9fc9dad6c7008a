// What an operator asks for while a run is under way, and the way back to the version before.
#include "consumers/recycle/control.h"
#include "consumers/recycle/turn.h"

#include <fmt/format.h>

namespace consumers::recycle {
namespace {

// Between two swaps nobody is missing; within one, the pause would hold the group a size too small.
bool is_safe_point(const Turn& turn) {
  if (turn.journal.phase != Phase::kSwap) return true;
  return turn.census.present() >= turn.journal.wanted() &&
         turn.group().desired_capacity >= turn.journal.wanted();
}

// The accounts are settled before a long time begins, and again after it.
Mutate pause(const Turn& turn, const std::string& why) {
  Journal journal = turn.journal;
  if (journal.desired_goal == 0) {
    journal = settled(turn);
  } else if (journal.phase == Phase::kSwap) {
    note_filled(turn, journal);
  }
  forget_former_bounds(turn, journal);
  journal.victim = base::InstanceId();
  journal.paused_at = turn.now;
  return write(std::move(journal), why);
}

Mutate go_on(const Turn& turn, std::string why = "not paused any more: the deadlines run again") {
  Journal journal = turn.journal;
  journal.phase_at += turn.now - *journal.paused_at;
  journal.paused_at.reset();
  return write(std::move(journal), std::move(why));
}

std::optional<Step> cancel(const Turn& turn, bool restore_version) {
  const Journal& journal = turn.journal;
  if (journal.cancelled) return std::nullopt;
  const bool ending = journal.phase == Phase::kRestore;
  if (restore_version && is_past_return(turn) && !(ending && !journal.failure.empty())) {
    if (auto back = roll_back(turn, "cancelled by an operator", true)) return *back;
  }
  if (ending) return std::nullopt;
  Mutate mutate = give_up(turn, "cancelled by an operator");
  std::get<WriteJournal>(mutate.action).journal.cancelled = true;
  return mutate;
}

}  // namespace

bool rolls_back(const Journal& journal) {
  return !journal.pin.empty() && !journal.failure.empty() && journal.phase != Phase::kRestore;
}

bool has_turned_back(const Journal& journal) {
  return rolls_back(journal) || (!journal.pin.empty() && journal.pin == journal.previous);
}

bool is_past_return(const Turn& turn) {
  const Journal& journal = turn.journal;
  if (journal.committed || journal.phase == Phase::kCull) return true;
  if (journal.strategy != Strategy::kInOut) return false;
  for (const Member& member : turn.census.fresh) {
    if (launched_at(turn.snapshot, *member.instance) >= journal.started_at) return true;
  }
  return !journal.victim.empty() || !turn.census.leaving_old.empty();
}

std::optional<Mutate> roll_back(const Turn& turn, std::string failure, bool cancelled) {
  const Journal& before = turn.journal;
  const std::string& version = before.pin.empty() ? before.previous : before.template_before;
  const auto& current = turn.group().launch_template;
  const bool already = !before.failure.empty() && !before.pin.empty();
  if (already || version.empty() || !current || current->version == version) return std::nullopt;
  if (before.pin.empty() && turn.snapshot.target.launch_templates.front().version == version) {
    return std::nullopt;  // a forced run of one version: there is none to go
                          // back to
  }
  const bool swaps = before.strategy == Strategy::kInOut;
  Journal journal = entering(turn, swaps ? Phase::kSwap : Phase::kGrow);
  journal.pin = journal.previous = version;
  journal.template_before = current->version;
  journal.committed = true;
  journal.undo = false;
  journal.cancelled = cancelled;
  journal.force_before.reset();
  journal.victim = base::InstanceId();
  journal.failure = failure.substr(0, kFailureBytesMax / 2) + ": rolled back to version " + version;
  return write(std::move(journal), std::move(failure));
}

std::optional<Mutate> pin_template(const Turn& turn) {
  const Journal& journal = turn.journal;
  const auto& current = turn.group().launch_template;
  if (journal.pin.empty() || !current || journal.pin == journal.template_before)
    return std::nullopt;
  if (current->version != journal.template_before) return std::nullopt;  // done, or edited since
  aws::LaunchTemplateSpecification pinned = *current;
  pinned.version = journal.pin;
  return Mutate{.action = SetLaunchTemplate{.launch_template = std::move(pinned)},
                .why = "the version that the group is to be of"};
}

std::optional<Step> obey(const Turn& turn) {
  const auto control = control_from_tags(turn.group().tags);
  if (control && *control == Control::kNone) {
    if (turn.journal.paused_at) return go_on(turn);
    return std::nullopt;
  }
  if (control && *control != Control::kPause) {
    auto cancelled = cancel(turn, *control == Control::kCancelRestore);
    if (!cancelled && turn.journal.paused_at) return go_on(turn);
    return cancelled;
  }
  if (!is_safe_point(turn)) {
    // Others took an instance out while it was paused: there is something to do, with its deadline.
    if (turn.journal.paused_at) return go_on(turn, "paused, and an instance is missing");
    return std::nullopt;
  }
  const std::string why =
      control ? fmt::format("paused by an operator: delete the tag {} to go on", kTagControl)
              : control.error().message;
  if (!turn.journal.paused_at) return pause(turn, why);
  return Wait{.why = why,
              .not_before = turn.now + kLookAtPeopleEvery,
              .deadline = std::nullopt,
              .what = WaitsFor::kPeople};
}

}  // namespace consumers::recycle
