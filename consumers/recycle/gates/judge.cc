#include "consumers/recycle/gates/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace consumers::recycle {
namespace {

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

long long seconds(base::Duration duration) { return duration.count() / 1'000; }

std::optional<Hold> hold_of_probe(Gate gate, const std::optional<Probe>& probe,
                                  const std::string& id) {
  if (!probe) return Hold{gate, fmt::format("{}: {} not asked yet", id, describe(gate))};
  if (probe->passed) return std::nullopt;
  return Hold{gate, fmt::format("{}: {}: {}", id, describe(gate), probe->why)};
}

// The gates that the tags ask for.
std::optional<Hold> hold_of_reading(const GateReadings& readings, const InstanceReading& reading,
                                    const std::string& id) {
  const GateRules& rules = readings.rules;
  if (rules.min_age.count() > 0) {
    const auto age = std::chrono::duration_cast<base::Duration>(
        readings.taken_at - reading.in_service_since.value_or(readings.taken_at));
    if (age < rules.min_age) {
      return Hold{Gate::kAge, fmt::format("{}: in service for {} of {} s", id, seconds(age),
                                          seconds(rules.min_age))};
    }
  }
  if (rules.http) {
    if (auto hold = hold_of_probe(Gate::kHttp, reading.http, id)) return hold;
  }
  if (rules.command.empty()) return std::nullopt;
  return hold_of_probe(Gate::kCommand, reading.command, id);
}

}  // namespace

std::optional<Hold> hold_of(const Snapshot& snapshot, const aws::GroupInstance& instance) {
  const std::string& id = instance.id.value;
  if (instance.lifecycle_state != "InService") {
    return Hold{Gate::kHealth, fmt::format("{} is {}", id, instance.lifecycle_state)};
  }
  if (!equals_ignoring_case(instance.health_status, "Healthy")) {
    return Hold{Gate::kHealth, fmt::format("{} is {}", id, instance.health_status)};
  }
  const auto facts = snapshot.facts.find(instance.id);
  if (facts != snapshot.facts.end() && !facts->second.serving) {
    const std::string& because = facts->second.not_serving_because;
    return Hold{Gate::kLoadBalancers,
                fmt::format("{}: {}", id, because.empty() ? "not serving" : because)};
  }
  const auto reading = snapshot.gates.instances.find(instance.id);
  if (reading == snapshot.gates.instances.end()) return std::nullopt;
  return hold_of_reading(snapshot.gates, reading->second, id);
}

std::optional<std::string> expired_hold(const Snapshot& snapshot,
                                        const aws::GroupInstance& instance) {
  const auto reading = snapshot.gates.instances.find(instance.id);
  if (reading == snapshot.gates.instances.end()) return std::nullopt;
  const auto hold = hold_of(snapshot, instance);
  if (!hold || reading->second.held_by != hold->gate) return std::nullopt;
  const auto timeout = snapshot.gates.rules.timeout(hold->gate);
  if (!timeout || snapshot.gates.taken_at - reading->second.held_since < *timeout) {
    return std::nullopt;
  }
  return fmt::format("a new instance did not pass the gate \"{}\" within {} s: {}",
                     describe(hold->gate), seconds(*timeout), hold->why);
}

std::string alarm_trouble(const GateReadings& readings) {
  for (const AlarmReading& alarm : readings.alarms) {
    if (alarm.state.empty()) {
      return fmt::format(
          "tag autorecycle_gate_alarms names \"{}\", but there is no such alarm in this account "
          "and region",
          alarm.name);
    }
    if (alarm.state == "ALARM") {
      return fmt::format("alarm {} is in ALARM since {}", alarm.name,
                         base::format_rfc3339(alarm.since));
    }
  }
  return {};
}

base::TimePoint quiet_since(const GateReadings& readings, base::TimePoint from) {
  for (const AlarmReading& alarm : readings.alarms) from = std::max(from, alarm.since);
  return from;
}

}  // namespace consumers::recycle
