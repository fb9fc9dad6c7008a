#include "consumers/recycle/planner.h"

#include "consumers/recycle/gates/interlock.h"
#include "consumers/recycle/turn.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

namespace consumers::recycle {
namespace {

constexpr std::string_view kRebalance = "AZRebalance";
constexpr std::size_t kNamedMax = 3;           // instances named in one text
constexpr std::size_t kFailureBytesMax = 300;  // keeps the journal within a few tags

bool is_suspended(const aws::AutoScalingGroup& group, std::string_view process) {
  return std::any_of(group.suspended_processes.begin(), group.suspended_processes.end(),
                     [&](const auto& suspended) { return suspended.name == process; });
}

Census count(const Snapshot& snapshot, std::optional<base::TimePoint> force_before) {
  Census census;
  for (const aws::GroupInstance& instance : snapshot.group.instances) {
    const bool old = is_old(snapshot, instance, force_before);
    if (is_standby(instance)) {
      census.standby.push_back(&instance);
    } else if (is_leaving(instance)) {
      if (old) census.leaving_old.push_back(&instance);
    } else {
      (old ? census.old : census.fresh).push_back(&instance);
      if (is_ready(snapshot, instance)) ++(old ? census.ready_old : census.ready_fresh);
    }
  }
  return census;
}

// Empty if the bounds make sense.
std::string nonsense_in_bounds(const aws::AutoScalingGroup& group) {
  const auto [low, high, desired] =
      std::tuple(group.min_size, group.max_size, group.desired_capacity);
  const std::string found = fmt::format("min {}, desired {}, max {}", low, desired, high);
  if (low < 0 || desired < 0) return found + ": a capacity cannot be negative";
  if (low > high) return found + ": min is above max";
  if (desired < low) return found + ": desired is below min";
  if (desired > high) return found + ": desired is above max";
  return {};
}

// Empty if nobody else suspended what a recycle cannot do without.
std::string needed_but_suspended(const aws::AutoScalingGroup& group) {
  std::vector<std::string_view> needed = {"Launch", "Terminate"};
  if (!group.target_group_arns.empty() || !group.load_balancer_names.empty()) {
    needed.emplace_back("AddToLoadBalancer");
  }
  for (const aws::SuspendedProcess& suspended : group.suspended_processes) {
    if (std::find(needed.begin(), needed.end(), suspended.name) == needed.end()) continue;
    return fmt::format("the process {} is suspended by others ({}): resume it first",
                       suspended.name,
                       suspended.reason.empty() ? "no reason given" : suspended.reason);
  }
  return {};
}

bool has_weights(const aws::AutoScalingGroup& group) {
  if (group.mixed_instances_policy) {
    for (const auto& one : group.mixed_instances_policy->overrides) {
      if (one.weighted_capacity != 1) return true;
    }
  }
  return std::any_of(group.instances.begin(), group.instances.end(),
                     [](const auto& instance) { return instance.weighted_capacity != 1; });
}

// Empty if the group is of a shape that can be recycled without guessing.
std::string unsupported_shape(const Turn& turn) {
  if (turn.group().has_warm_pool) {
    return "the group has a warm pool, whose instances would stay old: remove the pool or recycle "
           "by hand";
  }
  if (has_weights(turn.group())) {
    return "the group counts its capacity in weighted units, not in instances: weights are not "
           "supported yet";
  }
  if (!turn.census.standby.empty()) {
    return fmt::format("instances are in Standby ({}): return them to service or terminate them",
                       join_ids(turn.census.standby));
  }
  Census::List locked;
  std::copy_if(turn.census.old.begin(), turn.census.old.end(), std::back_inserter(locked),
               [](const auto* instance) { return instance->protected_from_scale_in; });
  if (!locked.empty()) {
    return fmt::format("old instances are protected from scale-in ({}): remove the protection",
                       join_ids(locked));
  }
  return {};
}

Mutate begin(const Turn& turn) {
  Journal journal;
  journal.run_id = turn.context.run_id;
  journal.strategy = turn.policy.strategy;
  journal.started_at = turn.now;
  journal.phase_at = turn.now;
  journal.original_min = turn.group().min_size;
  journal.original_max = turn.group().max_size;
  journal.original_desired = turn.group().desired_capacity;
  journal.target = turn.snapshot.target.describe().substr(0, kFailureBytesMax);
  journal.force_before = turn.context.force_before;
  if (!is_suspended(turn.group(), kRebalance)) journal.suspended.emplace_back(kRebalance);
  if (journal.strategy == Strategy::kInOut) {
    journal.phase = Phase::kSwap;
    journal.victim = pick_victim(turn.snapshot, turn.census.old)->id;
    journal.desired_before = journal.original_desired;
  }
  return Mutate{.action = WriteJournal{.journal = std::move(journal)},
                .why = fmt::format("{} of {} instances are not of {}", turn.census.old_count(),
                                   turn.census.present(), turn.snapshot.target.describe())};
}

}  // namespace

Step preflight(const Turn& turn) {
  if (std::string why = nonsense_in_bounds(turn.group()); !why.empty()) return Abort{.why = why};
  if (turn.group().desired_capacity == 0) {
    return Finished{.result = "the group is scaled down to 0 instances: nothing to recycle"};
  }
  if (turn.census.old.empty()) {
    if (!turn.census.standby.empty() && turn.census.fresh.empty()) {
      return Abort{.why = unsupported_shape(turn)};
    }
    return Finished{.result = fmt::format("all {} instances are of {}: nothing to recycle",
                                          turn.census.present(), turn.snapshot.target.describe())};
  }
  if (std::string why = needed_but_suspended(turn.group()); !why.empty()) return Abort{.why = why};
  if (std::string why = unsupported_shape(turn); !why.empty()) return Abort{.why = why};
  auto window = window_wait(turn);
  if (!window) return Abort{.why = window.error().message};
  if (*window) return **window;
  return begin(turn);
}

std::optional<Mutate> suspend_ours(const Turn& turn) {
  std::vector<std::string> missing;
  for (const std::string& process : turn.journal.suspended) {
    if (!is_suspended(turn.group(), process)) missing.push_back(process);
  }
  if (missing.empty()) return std::nullopt;
  return Mutate{.action = SuspendProcesses{.processes = std::move(missing)},
                .why = "so that zone rebalancing does not choose instances of its own"};
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
                                  .not_before = answer->opens_at});
}

Mutate enter(const Turn& turn, Phase phase, std::string why) {
  Journal journal = turn.journal;
  journal.phase = phase;
  journal.phase_at = turn.now;
  journal.hold = false;
  return Mutate{.action = WriteJournal{.journal = std::move(journal)}, .why = std::move(why)};
}

Mutate give_up(const Turn& turn, std::string failure, bool undo) {
  Mutate mutate = enter(turn, Phase::kRestore, failure);
  Journal& journal = std::get<WriteJournal>(mutate.action).journal;
  journal.failure = failure.substr(0, kFailureBytesMax);
  journal.undo = undo;
  return mutate;
}

const aws::GroupInstance* pick_victim(const Snapshot& snapshot, const Census::List& old) {
  std::map<std::string_view, int> left;
  for (const auto* instance : old) ++left[instance->availability_zone];
  const auto rank = [&](const aws::GroupInstance* instance) {
    return std::tuple(is_ready(snapshot, *instance), -left[instance->availability_zone],
                      std::string_view(instance->availability_zone),
                      std::string_view(instance->id.value));
  };
  return *std::min_element(old.begin(), old.end(),
                           [&](const auto* a, const auto* b) { return rank(a) < rank(b); });
}

std::string describe_ready(const Turn& turn, int wanted) {
  std::string text = fmt::format("{} of {} new instances ready", turn.census.ready_fresh, wanted);
  std::size_t unready = 0;
  for (const auto* instance : turn.census.fresh) {
    std::string why;
    if (is_ready(turn.snapshot, *instance, &why)) continue;
    if (++unready <= kNamedMax) text += "; " + why;
  }
  if (unready > kNamedMax) text += fmt::format("; and {} more", unready - kNamedMax);
  const int missing = wanted - static_cast<int>(turn.census.fresh.size());
  if (missing > 0) text += fmt::format("; {} not launched yet", missing);
  if (std::string why = needed_but_suspended(turn.group()); !why.empty()) text += "; " + why;
  return text;
}

std::string count_of(std::size_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string join_ids(const Census::List& instances) {
  std::string text;
  for (std::size_t i = 0; i < std::min(instances.size(), kNamedMax); ++i) {
    text += (i == 0 ? "" : ", ") + instances[i]->id.value;
  }
  if (instances.size() > kNamedMax) {
    text += fmt::format(" and {} more", instances.size() - kNamedMax);
  }
  return text;
}

std::string describe_duration(base::Duration duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  return seconds % 60 == 0 ? fmt::format("{} min", seconds / 60) : fmt::format("{} s", seconds);
}

std::optional<Abort> ends_with(const Action& done) {
  const auto* remove = std::get_if<RemoveJournal>(&done);
  if (!remove || remove->failure.empty()) return std::nullopt;
  return Abort{.why = remove->failure};
}

namespace {

// What the strategy, or the phase, wants next.
Step wanted(const Turn& turn, const std::optional<Journal>& journal) {
  if (!journal) return preflight(turn);
  switch (journal->phase) {
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

Step next(const Snapshot& snapshot, const std::optional<Journal>& journal, const Policy& policy,
          const RunContext& context, base::TimePoint now) {
  const auto force_before = journal ? journal->force_before : context.force_before;
  const Turn turn{.snapshot = snapshot,
                  .policy = policy,
                  .context = context,
                  .now = now,
                  .journal = journal.value_or(Journal{}),
                  .census = count(snapshot, force_before)};
  if (!snapshot.group.status.empty()) {
    return Abort{.why = fmt::format("the group is being deleted ({})", snapshot.group.status)};
  }
  return interlock(turn, wanted(turn, journal));
}

}  // namespace consumers::recycle
