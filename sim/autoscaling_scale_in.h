// Who goes when a group shrinks: AWS's order of zone balance, protection and termination policies.
// https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html
#pragma once

#include "base/clock.h"

#include <optional>
#include <string>
#include <vector>

namespace sim {

struct ScaleInCandidate {
  std::string id;
  std::string zone;
  bool is_protected = false;
  bool by_configuration = false;  // launched by a launch configuration, not a template
  base::TimePoint configured;     // when its template version or configuration was created
  base::TimePoint launched;
};

// The id of the next victim; nothing when all are protected. `draw` in [0, 1) breaks what the
// policies leave tied.
std::optional<std::string> choose_victim(const std::vector<ScaleInCandidate>& members,
                                         const std::vector<std::string>& policies,
                                         base::TimePoint now, double draw);

}  // namespace sim
