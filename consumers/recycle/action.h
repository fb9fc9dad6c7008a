// Action: one mutation of a group, as a value. The planner makes them, the executor carries them
// out, the model applies them to a snapshot (dry run), and describe() prints them.
#pragma once

#include "aws/autoscaling.h"
#include "base/names.h"
#include "consumers/recycle/gates/rules.h"
#include "consumers/recycle/journal.h"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace consumers::recycle {

struct WriteJournal {
  Journal journal;
};
struct RemoveJournal {
  std::string failure;     // the run ends with Abort{failure} once this is done; empty on success
  bool cancelled = false;  // by an operator: ended, but nothing failed
};
struct SuspendProcesses {
  std::vector<std::string> processes;
};
struct ResumeProcesses {
  std::vector<std::string> processes;
};
// UpdateAutoScalingGroup; only what is set is changed.
struct SetBounds {
  std::optional<int> min_size;
  std::optional<int> max_size;
  std::optional<int> desired_capacity;
};
// UpdateAutoScalingGroup with another version of the launch template that the group has.
struct SetLaunchTemplate {
  aws::LaunchTemplateSpecification launch_template;
};
// TerminateInstanceInAutoScalingGroup, by name.
struct TerminateInstance {
  base::InstanceId instance;
  bool decrement_desired = true;
};
// SetInstanceProtection: at most kProtectMax, each InService or in Standby (AWS refuses them all if
// one is not).
inline constexpr std::size_t kProtectMax = 50;
struct ProtectInstances {
  std::vector<base::InstanceId> instances;
  bool protect = true;
};

// A hook of the worker's configuration. It is run first and the journal written then, so that a run
// that is resumed runs it again rather than not at all: `key` is the same every time.
struct RunHook {
  HookPoint point = HookPoint::kBeforeStart;
  std::string name;
  std::string key;            // "RUN/before_terminate/i-0abc"
  base::InstanceId instance;  // the one that goes, for before_terminate
  base::Duration timeout{0};  // of one attempt
  Journal done;               // to be written once it has run
  std::optional<Journal>
      failed;  // once it failed for good, with the reason; none: as if it had run
};

using Action =
    std::variant<WriteJournal, RemoveJournal, SuspendProcesses, ResumeProcesses, SetBounds,
                 SetLaunchTemplate, TerminateInstance, ProtectInstances, RunHook>;

// One line for people: "UpdateAutoScalingGroup min=8 max=8 desired=8".
std::string describe(const Action& action);
// AWS's name of the call that carries it out.
std::string operation_name(const Action& action);

}  // namespace consumers::recycle
