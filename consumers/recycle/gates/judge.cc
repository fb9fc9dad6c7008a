#include "consumers/recycle/gates/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace consumers::recycle {
namespace {

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a == b || std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
           return std::tolower(static_cast<unsigned char>(x)) ==
                  std::tolower(static_cast<unsigned char>(y));
         });
}

long long seconds(base::Duration duration) { return duration.count() / 1'000; }

base::Duration age_of(const GateReadings& readings, const InstanceReading& reading) {
  return std::chrono::duration_cast<base::Duration>(
      readings.taken_at - reading.in_service_since.value_or(readings.taken_at));
}

// The gates that the tags ask for.
std::optional<Gate> gate_of_reading(const GateReadings& readings, const InstanceReading& reading) {
  const GateRules& rules = readings.rules;
  if (rules.min_age.count() > 0 && age_of(readings, reading) < rules.min_age) return Gate::kAge;
  if (rules.http && !(reading.http && reading.http->passed)) return Gate::kHttp;
  const bool commanded = reading.command && reading.command->passed;
  return rules.command.empty() || commanded ? std::nullopt : std::optional(Gate::kCommand);
}

std::string why_probe(Gate gate, const std::optional<Probe>& probe) {
  return probe ? fmt::format("{}: {}", describe(gate), probe->why)
               : fmt::format("{} not asked yet", describe(gate));
}

std::string why_load_balancers(const Snapshot& snapshot, const base::InstanceId& id) {
  const std::string& because = snapshot.facts.at(id).not_serving_because;
  return because.empty() ? "not serving" : because;
}

std::string why(const Snapshot& snapshot, const aws::GroupInstance& instance, Gate gate) {
  const std::string& id = instance.id.value;
  if (gate == Gate::kHealth) {
    const bool in_service = instance.lifecycle_state == "InService";
    return fmt::format("{} is {}", id,
                       in_service ? instance.health_status : instance.lifecycle_state);
  }
  if (gate == Gate::kLoadBalancers) {
    return fmt::format("{}: {}", id, why_load_balancers(snapshot, instance.id));
  }
  const InstanceReading& reading = snapshot.gates.instances.at(instance.id);
  if (gate == Gate::kAge) {
    return fmt::format("{}: in service for {} of {} s", id,
                       seconds(age_of(snapshot.gates, reading)),
                       seconds(snapshot.gates.rules.min_age));
  }
  const auto& probe = gate == Gate::kHttp ? reading.http : reading.command;
  return fmt::format("{}: {}", id, why_probe(gate, probe));
}

}  // namespace

std::optional<Gate> gate_before(const Snapshot& snapshot, const aws::GroupInstance& instance) {
  if (std::string_view(instance.lifecycle_state) != "InService") return Gate::kHealth;
  if (!equals_ignoring_case(instance.health_status, "Healthy")) return Gate::kHealth;
  const auto facts = snapshot.facts.find(instance.id);
  if (facts != snapshot.facts.end() && !facts->second.serving) return Gate::kLoadBalancers;
  const auto reading = snapshot.gates.instances.find(instance.id);
  if (reading == snapshot.gates.instances.end()) return std::nullopt;
  return gate_of_reading(snapshot.gates, reading->second);
}

std::optional<Hold> hold_of(const Snapshot& snapshot, const aws::GroupInstance& instance) {
  const auto gate = gate_before(snapshot, instance);
  if (!gate) return std::nullopt;
  return Hold{*gate, why(snapshot, instance, *gate)};
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
