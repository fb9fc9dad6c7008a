#include "sim/trail.h"

#include "sim/arguments.h"
#include "sim/ec2_service.h"
#include "sim/protocol.h"
#include "sim/sts_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sim {

namespace {

// Query carries every value as text; CloudTrail shows what the API's model calls a number.
constexpr std::array<std::string_view, 16> kNumbers = {"MinSize",
                                                       "MaxSize",
                                                       "DesiredCapacity",
                                                       "DefaultCooldown",
                                                       "HealthCheckGracePeriod",
                                                       "MaxInstanceLifetime",
                                                       "DefaultInstanceWarmup",
                                                       "WeightedCapacity",
                                                       "HeartbeatTimeout",
                                                       "OnDemandBaseCapacity",
                                                       "OnDemandPercentageAboveBaseCapacity",
                                                       "SpotInstancePools",
                                                       "ScalingAdjustment",
                                                       "MinAdjustmentMagnitude",
                                                       "Cooldown",
                                                       "SetDefaultVersion"};

// EC2 keeps the request's own spelling, inside one member named after the request.
bool is_wrapped(const ApiCall& call) {
  return call.service == "ec2" && call.operation.find("LaunchTemplate") != std::string::npos;
}

std::string lower_first(std::string text) {
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] + 32);
  return text;
}

Json shown_scalar(const std::string& name, const Json& value) {
  const std::string text = scalar_text(value).value_or("");
  // A tag's value stays text whatever it says.
  if (name == "Value" || name == "Key") return text;
  if (std::ranges::find(kNumbers, name) != kNumbers.end()) {
    if (const auto number = parse_integer(text)) return *number;
  }
  if (text == "true" || text == "false") return text == "true";
  return value;
}

Json shown(const std::string& name, const Json& value, bool lower) {
  if (value.is_object()) {
    Json out = Json::object();
    for (const auto& [key, member] : value.items()) {
      out[lower ? lower_first(key) : key] = shown(key, member, lower);
    }
    return out;
  }
  if (value.is_array()) {
    Json out = Json::array();
    for (const Json& item : value) out.push_back(shown(name, item, lower));
    return out;
  }
  return shown_scalar(name, value);
}

std::string trail_code(const ApiCall& call, const ApiError& error) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kFaults = {{
      {"ValidationError", "ValidationException"},
      {"Throttling", "ThrottlingException"},
      {"AlreadyExists", "AlreadyExistsFault"},
      {"ResourceInUse", "ResourceInUseFault"},
      {"ResourceContention", "ResourceContentionFault"},
      {"LimitExceeded", "LimitExceededFault"},
      {"ScalingActivityInProgress", "ScalingActivityInProgressFault"},
      {"InstanceRefreshInProgress", "InstanceRefreshInProgressFault"},
      {"ActiveInstanceRefreshNotFound", "ActiveInstanceRefreshNotFoundFault"},
  }};
  if (call.service == "ec2") {
    return fmt::format("{}.{}", error.status < 500 ? "Client" : "Server", error.code);
  }
  for (const auto& [wire, trail] : kFaults) {
    if (error.code == wire) return std::string(trail);
  }
  return error.code;
}

void add_unique(std::vector<std::string>& names, const std::string& name) {
  if (!name.empty() && std::ranges::find(names, name) == names.end()) names.push_back(name);
}

}  // namespace

bool Trail::is_mutation(const std::string& operation) {
  if (operation == "PutMetricData") return false;  // a data event: no trail shows it by itself
  return !operation.starts_with("Describe") && !operation.starts_with("Get") &&
         !operation.starts_with("List") && !operation.starts_with("Receive");
}

std::vector<std::string> Trail::groups_of(const ApiCall& call) const {
  std::vector<std::string> names;
  if (call.service != "autoscaling" && call.service != "ec2") return names;
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  add_unique(names, args.text_or("AutoScalingGroupName", {}));
  if (call.operation == "CreateOrUpdateTags" || call.operation == "DeleteTags") {
    for (const Json& tag : args.objects("Tags")) {
      Arguments member(tag, ErrorStyle::kAutoScaling);
      add_unique(names, member.text_or("ResourceId", {}));
    }
  }
  std::vector<std::string> instances;
  for (const char* member : {"InstanceId", "InstanceIds"}) {
    const auto value = call.arguments.find(member);
    if (value == call.arguments.end()) continue;
    if (value->is_array()) {
      for (const Json& id : *value) instances.push_back(scalar_text(id).value_or(""));
    } else {
      instances.push_back(scalar_text(*value).value_or(""));
    }
  }
  for (const std::string& id : instances) {
    const Ec2Instance* instance = ec2_ == nullptr ? nullptr : ec2_->find(id);
    if (instance == nullptr) continue;
    const auto tag = instance->tags.find("aws:autoscaling:groupName");
    if (tag != instance->tags.end()) add_unique(names, tag->second);
  }
  return names;
}

void Trail::record(const ApiCall& call, const ApiOutcome& outcome,
                   const std::vector<std::string>& groups) {
  if (!is_mutation(call.operation)) return;
  for (const std::string& group : groups) ++counts_[{group, call.access_key_id, call.operation}];
  if (call.service != "autoscaling" && call.service != "ec2") return;
  Json event = {{"source", "aws." + call.service},
                {"detail-type", "AWS API Call via CloudTrail"},
                {"resources", Json::array()},
                {"detail", detail_of(call, outcome)}};
  world_.after(world_.config().trail_delay,
               [&world = world_, event = std::move(event)] { world.emit(event); });
}

Json Trail::detail_of(const ApiCall& call, const ApiOutcome& outcome) {
  const WorldConfig& config = world_.config();
  const ServiceInfo* service = find_service(call.service, call.api_version);
  Json detail = {{"eventVersion", "1.11"},
                 {"userIdentity",
                  {{"type", "IAMUser"},
                   {"principalId", call.access_key_id},
                   {"arn", user_arn(config, call.access_key_id)},
                   {"accountId", config.account},
                   {"accessKeyId", call.access_key_id}}},
                 {"eventTime", base::format_rfc3339(
                                   std::chrono::floor<std::chrono::seconds>(world_.clock().now()))},
                 {"eventSource", service == nullptr ? "" : std::string(service->event_source)},
                 {"eventName", call.operation},
                 {"awsRegion", config.region},
                 {"sourceIPAddress", "127.0.0.1"},
                 {"userAgent", call.user_agent}};
  const auto* error = std::get_if<ApiError>(&outcome);
  const auto* answer = std::get_if<ApiAnswer>(&outcome);
  if (error != nullptr) {
    detail["errorCode"] = trail_code(call, *error);
    detail["errorMessage"] = error->message;
  }
  if (answer != nullptr && answer->trail_request) {
    detail["requestParameters"] = *answer->trail_request;
  } else {
    Json parameters = shown({}, call.arguments, !is_wrapped(call));
    if (is_wrapped(call)) parameters = {{call.operation + "Request", std::move(parameters)}};
    detail["requestParameters"] = std::move(parameters);
  }
  detail["responseElements"] =
      answer != nullptr && answer->trail_response ? *answer->trail_response : Json();
  detail["requestID"] = call.request_id;
  detail["eventID"] = world_.random().uuid();
  detail["readOnly"] = false;
  detail["eventType"] = "AwsApiCall";
  detail["managementEvent"] = true;
  detail["recipientAccountId"] = config.account;
  detail["eventCategory"] = "Management";
  return detail;
}

int Trail::mutations(const std::string& group, const std::string& access_key) const {
  int total = 0;
  for (const auto& [key, count] : counts_) {
    if (key.group == group && (access_key.empty() || key.access_key == access_key)) total += count;
  }
  return total;
}

Json Trail::mutations_by_operation(const std::string& group, const std::string& access_key) const {
  std::map<std::string, int> sums;
  for (const auto& [key, count] : counts_) {
    if (key.group == group && (access_key.empty() || key.access_key == access_key)) {
      sums[key.operation] += count;
    }
  }
  Json json = Json::object();
  for (const auto& [operation, count] : sums) json[operation] = count;
  return json;
}

}  // namespace sim
