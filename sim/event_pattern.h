// EventBridge event patterns.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
//
// Simulated: exact values, null, prefix, suffix, equals-ignore-case, wildcard, anything-but
// (values, lists, prefix, suffix, wildcard), exists, numeric, nested objects, arrays on either
// side, $or. Not simulated: cidr.
#pragma once

#include "base/result.h"
#include "sim/service.h"

#include <string>

namespace sim {

// What EventBridge refuses in PutRule, with a reason fit for InvalidEventPatternException.
base::Result<void> check_event_pattern(const Json& pattern);

// `pattern` has passed check_event_pattern().
bool matches_event(const Json& pattern, const Json& event);

}  // namespace sim
