// Before a run begins: whether there is anything to do, and whether it can be done without
// guessing.
#include "consumers/recycle/control.h"
#include "consumers/recycle/suspension.h"
#include "consumers/recycle/turn.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

namespace consumers::recycle {
namespace {

constexpr std::string_view kRebalance = "AZRebalance";

std::string nonsense_in_bounds(const Turn& turn) {
  const aws::AutoScalingGroup& group = turn.group();
  const auto [low, high, desired] =
      std::tuple(group.min_size, group.max_size, group.desired_capacity);
  const std::string found = fmt::format("min {}, desired {}, max {}", low, desired, high);
  if (low < 0 || desired < 0) return found + ": a capacity cannot be negative";
  if (low > high) return found + ": min is above max";
  if (desired < low) return found + ": desired is below min";
  if (desired > high) return found + ": desired is above max";
  return {};
}

std::string running_refresh(const Turn& turn) {
  const auto& refresh = turn.snapshot.instance_refresh;
  if (!refresh) return {};
  return fmt::format(
      "instance refresh {} is under way ({}, {}%): two that "
      "replace the same instances would fight; "
      "cancel it, or let it end",
      refresh->id, refresh->status, refresh->percentage_complete);
}

bool is_known_state(std::string_view state) {
  constexpr std::array<std::string_view, 12> kKnown = {
      "Pending", "Quarantined",     "InService", "Terminating",         "Terminated",
      "Detach",  "EnteringStandby", "Standby",   "ReplacingRootVolume", "RootVolumeReplaced",
      "Warmed:"};
  return std::any_of(kKnown.begin(), kKnown.end(), [&](std::string_view known) {
    return !known.empty() && state.starts_with(known);
  });
}

std::string unknown_state(const Turn& turn) {
  for (const aws::GroupInstance& instance : turn.group().instances) {
    if (is_known_state(instance.lifecycle_state)) continue;
    return fmt::format("{} is in the lifecycle state \"{}\", which is not known here",
                       instance.id.value, instance.lifecycle_state.substr(0, 80));
  }
  return {};
}

std::string warm_pool(const Turn& turn) {
  if (!turn.group().has_warm_pool) return {};
  return "the group has a warm pool, whose instances would come in old: delete "
         "the pool "
         "(DeleteWarmPool) and put it back afterwards";
}

std::string no_way_back(const Turn& turn) {
  if (turn.policy.rollback_to.empty() || turn.group().launch_template) return {};
  return fmt::format(
      "it cannot be set to version {}: the group has no launch "
      "template of its own, but a launch "
      "configuration or a mixed instances policy",
      turn.policy.rollback_to);
}

std::string no_headroom(const Turn& turn) {
  if (turn.policy.strategy == Strategy::kInOut) return {};
  Journal journal;
  journal.original_min = turn.group().min_size;
  journal.original_max = turn.group().max_size;
  journal.original_desired = turn.group().desired_capacity;
  const int room = ceiling(turn.policy, journal, turn.census) - journal.wanted();
  if (room >= turn.census.heaviest) return {};
  return fmt::format(
      "there is no room for a new instance beside the old ones: "
      "desired is {}, max is {} and {} "
      "allows {}; raise that or use in-out",
      turn.group().desired_capacity, turn.group().max_size, kTagMaxSizeLimit,
      *turn.policy.max_size_limit);
}

std::string too_heavy(const Turn& turn) {
  if (turn.policy.strategy != Strategy::kInOut) return {};
  for (const Member& member : turn.census.old) {
    if (member.units > turn.group().desired_capacity) return heavier_than_desired(turn, member);
  }
  return {};
}

// Others have set old instances aside, and the tag says that this is waited for.
std::optional<Step> set_aside(const Turn& turn) {
  std::string why;
  Census::List locked;
  std::copy_if(turn.census.old.begin(), turn.census.old.end(), std::back_inserter(locked),
               [](const Member& member) { return member.instance->protected_from_scale_in; });
  if (turn.policy.standby == SetAside::kWait && !turn.census.standby_old.empty()) {
    why = fmt::format(
        "old instances are in Standby ({}): return them to "
        "service or terminate them, or set {} to "
        "skip or include",
        join_ids(turn.census.standby_old), kTagStandby);
  } else if (turn.policy.protected_instances == SetAside::kWait && !locked.empty()) {
    why = fmt::format(
        "old instances are protected from scale-in ({}): remove "
        "the protection, or set {} to skip "
        "or include",
        join_ids(locked), kTagProtected);
  }
  if (why.empty()) return std::nullopt;
  const base::TimePoint deadline =
      turn.context.requested_at.value_or(turn.now) + turn.context.preflight_timeout;
  if (turn.now >= deadline) return Abort{.why = std::move(why)};
  return Wait{.why = std::move(why),
              .not_before = std::min(turn.now + kLookAtPeopleEvery, deadline),
              .deadline = deadline,
              .what = WaitsFor::kPeople};
}

// A tag that is left over from before there was anything to control.
std::optional<Step> controlled(const Turn& turn) {
  const auto control = control_from_tags(turn.group().tags);
  if (control && *control == Control::kNone) return std::nullopt;
  if (control && *control != Control::kPause) {
    return Mutate{.action = RemoveJournal{.failure = "cancelled by an operator before it began",
                                          .cancelled = true},
                  .why = fmt::format("tag {} is \"{}\"", kTagControl, to_string(*control))};
  }
  return Wait{
      .why = control ? fmt::format("paused by an operator: delete the tag {} to go on", kTagControl)
                     : control.error().message,
      .not_before = turn.now + kLookAtPeopleEvery,
      .deadline = std::nullopt,
      .what = WaitsFor::kPeople};
}

// The version that most old instances are of: where a roll-back leads.
std::string previous_version(const Turn& turn) {
  if (!turn.group().launch_template || turn.snapshot.target.launch_templates.size() != 1) return {};
  std::map<std::string_view, int> counts;
  for (const Member& member : turn.census.old) {
    const auto& of = member.instance->launch_template;
    if (of && of->id == turn.snapshot.target.launch_templates.front().id) ++counts[of->version];
  }
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? std::string() : std::string(most->first);
}

Mutate begin(const Turn& turn) {
  const aws::AutoScalingGroup& group = turn.group();
  Journal journal;
  journal.run_id = turn.context.run_id;
  journal.strategy = turn.policy.strategy;
  journal.started_at = turn.now;
  journal.phase_at = turn.now;
  journal.original_min = group.min_size;
  journal.original_max = group.max_size;
  journal.original_desired = group.desired_capacity;
  journal.target = turn.snapshot.target.describe().substr(0, kFailureBytesMax);
  journal.previous = previous_version(turn);
  journal.force_before = turn.context.force_before;
  if (!is_suspended(group, kRebalance)) journal.suspended.emplace_back(kRebalance);
  if (!turn.policy.rollback_to.empty() &&
      group.launch_template->version != turn.policy.rollback_to) {
    journal.pin = turn.policy.rollback_to;
    journal.template_before = group.launch_template->version;
  }
  if (journal.strategy == Strategy::kInOut) {
    journal.phase = Phase::kSwap;
    begin_swap(turn, journal);
  } else {
    note(journal, group, grown(turn, journal));
  }
  return write(std::move(journal),
               fmt::format("{} of {} instances are not of {}", turn.census.old.size(),
                           turn.census.count(), turn.snapshot.target.describe()));
}

std::string nothing_to_do(const Turn& turn) {
  if (turn.group().desired_capacity == 0) {
    return "the group is scaled down to 0 instances: nothing to recycle";
  }
  if (!turn.census.old.empty()) return {};
  if (!turn.census.standby_old.empty() && turn.policy.standby != SetAside::kSkip) return {};
  if (!turn.census.kept.empty() || !turn.census.standby_old.empty()) {
    return fmt::format("all instances that are not set aside are of {}: nothing to recycle",
                       turn.snapshot.target.describe());
  }
  return fmt::format("all {} instances are of {}: nothing to recycle", turn.census.count(),
                     turn.snapshot.target.describe());
}

}  // namespace

std::string heavier_than_desired(const Turn& turn, const Member& member) {
  return fmt::format(
      "{} weighs {} and desired is {}: AWS cannot take it out before its replacement comes; raise "
      "desired to {} or use out-in",
      member.id().value, member.units, turn.group().desired_capacity, member.units);
}

std::string needed_but_suspended(const Turn& turn) {
  const aws::AutoScalingGroup& group = turn.group();
  const bool balanced = !group.target_group_arns.empty() || !group.load_balancer_names.empty();
  const auto& ours = turn.journal.suspended;
  for (const aws::SuspendedProcess& suspended : group.suspended_processes) {
    const std::string& name = suspended.name;
    const bool needed =
        name == "Launch" || name == "Terminate" || (balanced && name == "AddToLoadBalancer");
    if (!needed || std::find(ours.begin(), ours.end(), name) != ours.end()) continue;
    const bool by_aws = !suspended.reason.empty() && !suspended.reason.starts_with("User");
    return fmt::format("the process {} is suspended by {} ({}): resume it first", name,
                       by_aws ? "AWS" : "others",
                       suspended.reason.empty() ? "no reason given" : suspended.reason);
  }
  return {};
}

Step preflight(const Turn& turn) {
  if (std::string why = nonsense_in_bounds(turn); !why.empty()) return Abort{.why = why};
  if (std::string why = no_way_back(turn); !why.empty()) return Abort{.why = why};
  auto control = controlled(turn);
  const bool paused = control && std::holds_alternative<Wait>(*control);
  if (control && !paused) return *control;
  if (std::string done = nothing_to_do(turn); !done.empty()) return Finished{.result = done};
  if (paused) return *control;
  for (const auto refusal : {needed_but_suspended, running_refresh, unknown_state, warm_pool}) {
    if (std::string why = refusal(turn); !why.empty()) return Abort{.why = why};
  }
  if (auto aside = set_aside(turn)) return *aside;
  for (const auto refusal : {no_headroom, too_heavy}) {
    if (std::string why = refusal(turn); !why.empty()) return Abort{.why = why};
  }
  auto window = window_wait(turn);
  if (!window) return Abort{.why = window.error().message};
  if (*window) return **window;
  return begin(turn);
}

}  // namespace consumers::recycle
