// What a group launches from: its launch templates, and what they stand for. Pure.
//
// A numbered version never changes; what $Latest and $Default mean is asked for again and again
// (Observer::launch_template), because a group launches what they mean at that moment.
#pragma once

#include "aws/autoscaling.h"
#include "aws/ec2.h"
#include "messages/message.h"

#include <vector>

namespace consumers::recycle {

// Whether it names its template by id and its version by number: there is nothing to ask.
bool is_resolved(const aws::LaunchTemplateSpecification& specification);
// With the template's id and name and the version's number.
aws::LaunchTemplateSpecification resolved(aws::LaunchTemplateSpecification specification,
                                          const aws::LaunchTemplate& launch_template);

// Every launch template that the group may launch from: its own, or those of its mixed instances
// policy with the overrides' own ones. As the group names them, unresolved, without duplicates.
std::vector<aws::LaunchTemplateSpecification> launch_templates_of(
    const aws::AutoScalingGroup& group);

// Whether the group launches from the template that changed, known by id or by name.
bool uses_launch_template(const aws::AutoScalingGroup& group,
                          const messages::LaunchTemplateChanged& change);

}  // namespace consumers::recycle
