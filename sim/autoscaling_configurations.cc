// Launch configurations, the predecessors of launch templates.
#include "sim/autoscaling_operations.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim::autoscaling {
namespace {

constexpr ErrorStyle kStyle = ErrorStyle::kAutoScaling;

}  // namespace

ApiOutcome create_launch_configuration(AutoScalingEngine& engine, const ApiCall& call) {
  Arguments args(call.arguments, kStyle);
  LaunchConfiguration created;
  created.name = args.required_text("LaunchConfigurationName");
  created.image = args.text_or("ImageId", "");
  created.type = args.text_or("InstanceType", "");
  if (args.error()) return *args.error();
  if (created.image.empty() || created.type.empty()) {
    return validation_error(
        "Valid requests must contain either the InstanceID parameter or both the ImageId and "
        "InstanceType parameters.");
  }
  if (engine.has_launch_configuration(created.name)) {
    return api_error("AlreadyExists",
                     fmt::format("Launch Configuration by this name already exists - A launch "
                                 "configuration already exists with the name {}",
                                 created.name));
  }
  created.created = engine.world().clock().now();
  created.described = {
      {"LaunchConfigurationName", created.name},
      {"LaunchConfigurationARN",
       engine.world().arn("autoscaling",
                          fmt::format("launchConfiguration:{}:launchConfigurationName/{}",
                                      engine.world().random().uuid(), created.name))},
      {"ImageId", created.image},
      {"InstanceType", created.type},
      {"KeyName", args.text_or("KeyName", "")},
      {"UserData", args.text_or("UserData", "")},
      {"SecurityGroups", args.texts("SecurityGroups")},
      {"ClassicLinkVPCSecurityGroups", Json::array()},
      {"BlockDeviceMappings", Json::array()},
      {"InstanceMonitoring", {{"Enabled", true}}},
      {"EbsOptimized", args.boolean_or("EbsOptimized", false)},
      {"KernelId", ""},
      {"RamdiskId", ""},
      {"CreatedTime", wire_time(created.created)}};
  if (args.error()) return *args.error();
  engine.launch_configurations()[created.name] = std::move(created);
  return ApiAnswer{};
}

ApiOutcome describe_launch_configurations(AutoScalingEngine& engine, const ApiCall& call) {
  Arguments args(call.arguments, kStyle);
  const std::vector<std::string> names = args.texts("LaunchConfigurationNames");
  if (args.error()) return *args.error();
  std::vector<std::string> keys;
  for (const auto& [name, configuration] : engine.launch_configurations()) {
    if (names.empty() || std::find(names.begin(), names.end(), name) != names.end()) {
      keys.push_back(name);
    }
  }
  auto page = take_page(args, keys, {"MaxRecords", 50, 100});
  if (const auto* error = std::get_if<ApiError>(&page)) return *error;
  const Page& range = std::get<Page>(page);
  Json list = Json::array();
  for (std::size_t i = range.begin; i < range.end; ++i) {
    list.push_back(engine.launch_configurations().at(keys[i]).described);
  }
  ApiAnswer answer;
  answer.result["LaunchConfigurations"] = std::move(list);
  if (!range.next_token.empty()) answer.result["NextToken"] = range.next_token;
  return answer;
}

ApiOutcome delete_launch_configuration(AutoScalingEngine& engine, const ApiCall& call) {
  Arguments args(call.arguments, kStyle);
  const std::string name = args.required_text("LaunchConfigurationName");
  if (args.error()) return *args.error();
  if (!engine.has_launch_configuration(name)) {
    return validation_error(fmt::format(
        "Launch configuration name not found - Launch configuration {} not found", name));
  }
  for (const auto& [group_name, group] : engine.groups()) {
    if (group.launch_configuration != name) continue;
    return api_error("ResourceInUse",
                     fmt::format("Cannot delete launch configuration {} because it is attached to "
                                 "AutoScalingGroup {}",
                                 name, group_name));
  }
  engine.launch_configurations().erase(name);
  return ApiAnswer{};
}

}  // namespace sim::autoscaling
