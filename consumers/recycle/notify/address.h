// Who is to be told of a group's recycles, as its tags say. Read as they are, without a check: a
// group that is refused because of a wrong tag must be told of too.
#pragma once

#include "aws/autoscaling.h"
#include "consumers/recycle/consumer.h"

#include <string>

namespace consumers::recycle {

// Fills in group, component, team, slack_channel and notify_pager_duty.
void address(Progress& progress, const aws::AutoScalingGroup& group);

// A group that is refused before a run could begin.
Progress refusal(const aws::AutoScalingGroup& group, std::string reason);

}  // namespace consumers::recycle
