#include "sim/faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sim {

namespace {

constexpr std::size_t kRulesMax = 1'000;

constexpr std::array<std::pair<FaultKind, std::string_view>, 4> kKinds = {{
    {FaultKind::kThrottle, "throttle"},
    {FaultKind::kError, "error"},
    {FaultKind::kLost, "lost"},
    {FaultKind::kLatency, "latency"},
}};

struct Probability {
  std::string_view name;
  double Faults::Settings::*member;
};

struct Time {
  std::string_view name;
  base::Duration Faults::Settings::*member;
};

constexpr std::array<Time, 3> kTimes = {{
    {"stale_age_ms", &Faults::Settings::stale_age},
    {"visibility_early_ms", &Faults::Settings::visibility_early},
    {"visibility_late_ms", &Faults::Settings::visibility_late},
}};

constexpr std::array<Probability, 10> kProbabilities = {{
    {"stale_reads", &Faults::Settings::stale_reads},
    {"launch_fails", &Faults::Settings::launch_fails},
    {"never_healthy", &Faults::Settings::never_healthy},
    {"duplicate_delivery", &Faults::Settings::duplicate_delivery},
    {"empty_receive", &Faults::Settings::empty_receive},
    {"partial_receive", &Faults::Settings::partial_receive},
    {"batch_entry_fails", &Faults::Settings::batch_entry_fails},
    {"batch_entry_refused", &Faults::Settings::batch_entry_refused},
    {"any_order", &Faults::Settings::any_order},
    {"delete_undone", &Faults::Settings::delete_undone},
}};

bool matches(const std::string& pattern, const std::string& name) {
  if (pattern.empty()) return true;
  if (pattern.back() == '*') return name.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == name;
}

ApiError throttling_error(const ApiCall& call, const FaultRule& rule) {
  ApiError error{"Throttling", "Rate exceeded", 400, {}};
  if (call.service == "ec2") {
    error = {"RequestLimitExceeded", "Request limit exceeded.", 503, {}};
  } else if (call.service == "sqs") {
    error = {"RequestThrottled", "Request is throttled.", 400, {}};
  } else if (call.service == "s3") {
    error = {"SlowDown", "Please reduce your request rate.", 503, {}};
  } else if (call.service == "dynamodb") {
    error = {"ProvisionedThroughputExceededException",
             "The level of configured provisioned throughput for the table was exceeded. Consider "
             "increasing your provisioning level with the UpdateTable API.",
             400,
             {}};
  } else if (call.service == "events" || call.service == "states") {
    error = {"ThrottlingException", "Rate exceeded", 400, {}};
  }
  if (!rule.code.empty()) error.code = rule.code;
  if (!rule.message.empty()) error.message = rule.message;
  return error;
}

ApiError server_error(const ApiCall& call, const FaultRule& rule) {
  const bool unavailable = rule.status == 503;
  std::string code = unavailable ? "ServiceUnavailable" : "InternalFailure";
  if (call.service == "s3" && !unavailable) code = "InternalError";
  if (call.service == "ec2") code = unavailable ? "Unavailable" : "InternalError";
  if (!rule.code.empty()) code = rule.code;
  std::string message = rule.message;
  if (message.empty()) {
    message = unavailable ? "The service is unavailable. Please try again shortly."
                          : "An internal error has occurred";
  }
  return {code, message, rule.status, {}};
}

base::Result<double> read_probability(const Json& value, std::string_view name) {
  if (!value.is_number() || value.get<double>() < 0 || value.get<double>() > 1) {
    return base::invalid(fmt::format("'{}' must be a number from 0 to 1", name));
  }
  return value.get<double>();
}

base::Result<std::int64_t> read_count(const Json& value, std::string_view name, std::int64_t max) {
  if (!value.is_number_integer() || value.get<std::int64_t>() < 0 ||
      value.get<std::int64_t>() > max) {
    return base::invalid(fmt::format("'{}' must be an integer from 0 to {}", name, max));
  }
  return value.get<std::int64_t>();
}

base::Result<FaultRule> read_rule(const Json& json) {
  if (!json.is_object()) return base::invalid("every rule must be an object");
  FaultRule rule;
  bool has_kind = false;
  for (const auto& [name, value] : json.items()) {
    if (name == "kind") {
      const auto kind = std::ranges::find_if(kKinds, [&, &v = value](const auto& entry) {
        return v.is_string() && v.template get<std::string>() == entry.second;
      });
      if (kind == kKinds.end()) {
        return base::invalid("rule 'kind' must be one of throttle, error, lost, latency");
      }
      rule.kind = kind->first;
      has_kind = true;
    } else if (name == "service" || name == "operation" || name == "code" || name == "message") {
      if (!value.is_string()) return base::invalid(fmt::format("rule '{}' must be a string", name));
      std::string& member = name == "service"     ? rule.service
                            : name == "operation" ? rule.operation
                            : name == "code"      ? rule.code
                                                  : rule.message;
      member = value.get<std::string>();
    } else if (name == "probability") {
      const auto read = read_probability(value, "probability");
      if (!read) return read.error();
      rule.probability = *read;
    } else if (name == "count" || name == "status" || name == "latency_ms") {
      const auto read = read_count(value, name, name == "status" ? 599 : 1'000'000'000);
      if (!read) return read.error();
      if (name == "count") rule.count = static_cast<int>(*read);
      if (name == "status") rule.status = static_cast<int>(*read);
      if (name == "latency_ms") rule.latency = base::Duration(*read);
    } else {
      return base::invalid(fmt::format("unknown member '{}' of a rule", name));
    }
  }
  if (!has_kind) return base::invalid("rule without 'kind': throttle, error, lost or latency");
  if (rule.status < 400) return base::invalid("rule 'status' must be from 400 to 599");
  return rule;
}

Json rule_json(const FaultRule& rule) {
  Json json;
  for (const auto& [kind, name] : kKinds) {
    if (kind == rule.kind) json["kind"] = name;
  }
  json["service"] = rule.service;
  json["operation"] = rule.operation;
  json["probability"] = rule.probability;
  if (rule.count) json["count"] = *rule.count;
  if (rule.kind == FaultKind::kError) json["status"] = rule.status;
  if (!rule.code.empty()) json["code"] = rule.code;
  if (!rule.message.empty()) json["message"] = rule.message;
  if (rule.kind == FaultKind::kLatency) json["latency_ms"] = rule.latency.count();
  return json;
}

}  // namespace

Faults::Decision Faults::decide(const ApiCall& call) {
  Decision decision;
  for (FaultRule& rule : settings_.rules) {
    if (!matches(rule.service, call.service) || !matches(rule.operation, call.operation)) continue;
    if (rule.count && *rule.count <= 0) continue;
    if (rule.probability < 1 && !draw(rule.probability)) continue;
    // A refusal ends the matter: no later rule may spend its burst on a call that never happens.
    if (rule.count) --*rule.count;
    switch (rule.kind) {
      case FaultKind::kThrottle:
        decision.refuse = throttling_error(call, rule);
        return decision;
      case FaultKind::kError:
        decision.refuse = server_error(call, rule);
        return decision;
      case FaultKind::kLost:
        decision.lose_response = true;
        break;
      case FaultKind::kLatency:
        decision.latency += rule.latency;
        break;
    }
  }
  return decision;
}

base::Duration Faults::read_age() {
  return draw(settings_.stale_reads) ? settings_.stale_age : base::Duration(0);
}

int Faults::receive_at_most(int available) {
  if (available < 2 || !draw(settings_.partial_receive)) return available;
  return 1 + static_cast<int>(random_.below(available));
}

std::uint64_t Faults::pick(std::uint64_t bound) {
  return static_cast<std::uint64_t>(random_.below(static_cast<std::int64_t>(bound)));
}

base::Duration Faults::timer_error(base::Duration visibility, bool fifo) {
  const auto early = fifo ? 0 : std::min(settings_.visibility_early, visibility).count();
  const auto range = early + settings_.visibility_late.count();
  if (range == 0 || visibility.count() == 0) return base::Duration(0);
  return base::Duration(random_.below(range + 1) - early);
}

void Faults::chaos(std::uint64_t seed) {
  base::Random dice(seed);
  clear();
  for (const char* service : {"sqs", "autoscaling", "ec2", "elasticloadbalancing", "states"}) {
    const auto add_rule = [&](FaultKind kind, double probability_max) {
      FaultRule rule;
      rule.kind = kind;
      rule.service = service;
      rule.probability = dice.uniform() * probability_max;
      rule.status = dice.chance(0.5) ? 500 : 503;
      rule.latency = base::Duration(dice.below(2'000));
      add(rule);
    };
    if (dice.chance(0.6)) add_rule(FaultKind::kThrottle, 0.10);
    if (dice.chance(0.6)) add_rule(FaultKind::kError, 0.05);
    if (dice.chance(0.6)) add_rule(FaultKind::kLost, 0.05);
    if (dice.chance(0.6)) add_rule(FaultKind::kLatency, 0.20);
  }
  settings_.stale_reads = dice.uniform() * 0.2;
  settings_.stale_age = base::Duration(500 + dice.below(8'000));
  settings_.launch_fails = dice.uniform() * 0.05;
  settings_.never_healthy = dice.uniform() * 0.02;
  settings_.duplicate_delivery = dice.uniform() * 0.05;
  settings_.empty_receive = dice.uniform() * 0.2;
  settings_.partial_receive = dice.uniform() * 0.5;
  settings_.batch_entry_fails = dice.uniform() * 0.05;
}

base::Result<void> Faults::apply(const Json& request) {
  if (!request.is_object()) return base::invalid("the body must be a JSON object");
  const Settings before = settings_;
  const auto refuse = [&](base::Error error) -> base::Result<void> {
    settings_ = before;
    return error;
  };
  // These replace everything, so they come first wherever they stand in the object.
  if (request.value("clear", Json(false)) == Json(true)) clear();
  if (const auto seed = request.find("chaos"); seed != request.end()) {
    const auto read = read_count(*seed, "chaos", INT64_MAX);
    if (!read) return refuse(read.error());
    chaos(static_cast<std::uint64_t>(*read));
  }
  for (const auto& [name, value] : request.items()) {
    if (name == "clear" || name == "chaos") continue;
    const auto known = std::ranges::find(kProbabilities, name, &Probability::name);
    if (known != kProbabilities.end()) {
      const auto read = read_probability(value, name);
      if (!read) return refuse(read.error());
      settings_.*(known->member) = *read;
    } else if (const auto time = std::ranges::find(kTimes, name, &Time::name);
               time != kTimes.end()) {
      const auto read = read_count(value, name, 86'400'000);
      if (!read) return refuse(read.error());
      settings_.*(time->member) = base::Duration(*read);
    } else if (name == "rules") {
      if (!value.is_array()) return refuse(base::invalid("'rules' must be an array"));
      for (const Json& item : value) {
        const auto rule = read_rule(item);
        if (!rule) return refuse(rule.error());
        if (settings_.rules.size() >= kRulesMax) return refuse(base::invalid("too many rules"));
        add(*rule);
      }
    } else {
      return refuse(base::invalid(fmt::format("unknown member '{}'", name)));
    }
  }
  return {};
}

Json Faults::to_json() const {
  Json json;
  json["rules"] = Json::array();
  for (const FaultRule& rule : settings_.rules) json["rules"].push_back(rule_json(rule));
  for (const Probability& probability : kProbabilities) {
    json[std::string(probability.name)] = settings_.*(probability.member);
  }
  for (const Time& time : kTimes) {
    json[std::string(time.name)] = (settings_.*(time.member)).count();
  }
  return json;
}

}  // namespace sim
