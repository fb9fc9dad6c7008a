// GateReadings: what the gates found at one moment, as values in the Snapshot. GateProber
// (gates/prober.h) fills them, gates/judge.h judges them; what was not read holds nothing up.
#pragma once

#include "base/clock.h"
#include "base/names.h"
#include "consumers/recycle/gates/rules.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace consumers::recycle {

// One answer of the HTTP check or the command.
struct Probe {
  bool passed = false;
  std::string why;  // "status 503, expected 200"; empty if it passed
};

// Of a new instance. `held_by` and `held_since`: the first gate that it does not pass, and since
// when, as far as this run knows (a resumed run begins to count anew).
struct InstanceReading {
  std::optional<base::TimePoint> in_service_since;
  std::optional<Probe> http;  // none: not asked yet
  std::optional<Probe> command;
  std::optional<Gate> held_by;
  base::TimePoint held_since;
};

struct AlarmReading {
  std::string name;
  std::string state;      // "OK", "ALARM", "INSUFFICIENT_DATA"; empty: there is no such alarm
  base::TimePoint since;  // in this state
};

struct GateReadings {
  GateRules rules;
  base::TimePoint taken_at;
  std::map<base::InstanceId, InstanceReading> instances;  // the new ones, while a run is under way
  std::vector<AlarmReading> alarms;
};

}  // namespace consumers::recycle
