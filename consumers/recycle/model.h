// A model of a group that obeys at once: what a snapshot looks like after an action. The dry run
// folds the planner over it.
#pragma once

#include "base/result.h"
#include "consumers/recycle/planner.h"

#include <string>
#include <vector>

namespace consumers::recycle {

// Errors (kInvalid) for an action that AWS would refuse (desired outside the bounds, ...).
base::Result<void> apply(Snapshot& snapshot, const Action& action);

struct PlannedStep {
  std::string operation;  // "TerminateInstanceInAutoScalingGroup", "wait", "finished", "abort"
  std::string what;
  std::string why;
};

// The whole plan from here to the end, at most `steps_max` long (an error if it does not end).
base::Result<std::vector<PlannedStep>> plan(Snapshot snapshot, std::optional<Journal> journal,
                                            const Policy& policy, const RunContext& context,
                                            base::TimePoint now, int steps_max = 10'000);

}  // namespace consumers::recycle
