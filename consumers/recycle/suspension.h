// Whether a scaling process of a group is suspended, whoever did it.
#pragma once

#include "aws/autoscaling.h"

#include <algorithm>
#include <string_view>

namespace consumers::recycle {

inline bool is_suspended(const aws::AutoScalingGroup& group, std::string_view process) {
  return std::any_of(group.suspended_processes.begin(), group.suspended_processes.end(),
                     [&](const auto& suspended) { return suspended.name == process; });
}

}  // namespace consumers::recycle
