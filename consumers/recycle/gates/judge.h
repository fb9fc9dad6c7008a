// Which gate holds an instance up, and which alarms speak against going on. Pure.
#pragma once

#include "consumers/recycle/snapshot.h"

#include <optional>
#include <string>

namespace consumers::recycle {

struct Hold {
  Gate gate = Gate::kHealth;
  std::string why;  // "i-0abc: target group web: initial"
};

// The first gate that the instance does not pass; none: it is ready.
std::optional<Gate> gate_before(const Snapshot& snapshot, const aws::GroupInstance& instance);
// The same with its reason.
std::optional<Hold> hold_of(const Snapshot& snapshot, const aws::GroupInstance& instance);

// Why an instance stood too long before one gate, by that gate's own timeout; none: it did not.
std::optional<std::string> expired_hold(const Snapshot& snapshot,
                                        const aws::GroupInstance& instance);

// Why the alarms forbid to go on: "alarm web-5xx is in ALARM since 2026-..."; empty: they do not.
std::string alarm_trouble(const GateReadings& readings);

// Since when no alarm has rung, at the earliest `from`: a change of state counts as noise, because
// nobody saw what was before it.
base::TimePoint quiet_since(const GateReadings& readings, base::TimePoint from);

}  // namespace consumers::recycle
