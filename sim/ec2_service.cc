#include "sim/ec2_service.h"

#include "sim/ec2_support.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sim {

Ec2Service::Ec2Service(World& world) : world_(world) {
  // "eu-west-2" -> zone ids "euw2-az1", as AWS abbreviates.
  const std::string& region = world.config().region;
  std::string short_name;
  for (std::size_t i = 0, word = 0; i < region.size(); ++i) {
    if (region[i] == '-') {
      ++word;
    } else if (word != 1 ? (word == 0 || i + 1 == region.size()) : region[i - 1] == '-') {
      short_name += region[i];
    }
  }
  for (int i = 0; i < 3; ++i) {
    const char letter = static_cast<char>('a' + i);
    zones_.push_back({.name = region + letter,
                      .id = fmt::format("{}-az{}", short_name, i + 1),
                      .subnet = fmt::format("subnet-0000000000000000{}", letter)});
  }
}

namespace {

// The instance runs all the while, as far as EC2 says.
ApiOutcome reboot_instances(const Ec2Service& ec2, const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kEc2);
  const std::vector<std::string> ids = args.required_texts("InstanceId");
  if (args.error()) return *args.error();
  for (const std::string& id : ids) {
    const Ec2Instance* instance = ec2.find(id);
    if (instance == nullptr) {
      return api_error("InvalidInstanceID.NotFound",
                       fmt::format("The instance ID '{}' does not exist", id));
    }
    if (instance->state != "running") {
      return api_error(
          "IncorrectState",
          fmt::format("The instance '{}' is not in a valid state to be rebooted.", id));
    }
  }
  return ApiAnswer{};
}

}  // namespace

const std::map<std::string, Ec2Service::Operation>& Ec2Service::operations() {
  static const std::map<std::string, Operation> kOperations = {
      {"CreateLaunchTemplate", &Ec2Service::create_launch_template},
      {"CreateLaunchTemplateVersion", &Ec2Service::create_launch_template_version},
      {"ModifyLaunchTemplate", &Ec2Service::modify_launch_template},
      {"DescribeLaunchTemplates", &Ec2Service::describe_launch_templates},
      {"DescribeLaunchTemplateVersions", &Ec2Service::describe_launch_template_versions},
      {"DeleteLaunchTemplate", &Ec2Service::delete_launch_template},
      {"DeleteLaunchTemplateVersions", &Ec2Service::delete_launch_template_versions},
      {"DescribeInstances", &Ec2Service::describe_instances},
      {"RunInstances", &Ec2Service::run_instances},
      {"TerminateInstances", &Ec2Service::terminate_instances},
      {"StopInstances", &Ec2Service::stop_instances},
      {"StartInstances", &Ec2Service::start_instances},
      {"CreateTags", &Ec2Service::create_tags},
      {"DescribeSubnets", &Ec2Service::describe_subnets},
      {"DescribeAvailabilityZones", &Ec2Service::describe_availability_zones},
  };
  return kOperations;
}

ApiOutcome Ec2Service::carry_out(const ApiCall& call) {
  if (call.operation == "RebootInstances") return reboot_instances(*this, call);
  const auto found = operations().find(call.operation);
  if (found == operations().end()) {
    return api_error("InvalidAction", fmt::format("The action {} is not valid for this web "
                                                  "service.",
                                                  call.operation));
  }
  return (this->*found->second)(call);
}

boost::asio::awaitable<ApiOutcome> Ec2Service::handle(ApiCall call) { co_return carry_out(call); }

const Zone* Ec2Service::find_zone(const std::string& name_or_subnet) const {
  const auto found = std::find_if(zones_.begin(), zones_.end(), [&](const auto& zone) {
    return zone.name == name_or_subnet || zone.subnet == name_or_subnet;
  });
  return found == zones_.end() ? nullptr : &*found;
}

std::string Ec2Service::user_arn() const {
  return fmt::format("arn:aws:iam::{}:user/simulated", world_.config().account);
}

ApiOutcome Ec2Service::create_tags(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kEc2);
  const std::vector<std::string> ids = args.required_texts("ResourceId");
  const std::vector<Json> tags = args.objects("Tag");
  if (args.error()) return *args.error();
  for (const auto& id : ids) {
    std::map<std::string, std::string>* target = nullptr;
    if (const auto found = instances_.find(id); found != instances_.end()) {
      target = &found->second.tags;
    } else if (const auto other = templates_.find(id); other != templates_.end()) {
      target = &other->second.tags;
    }
    if (target == nullptr) {
      return api_error("InvalidID", fmt::format("The ID '{}' is not valid", id));
    }
    for (const auto& tag : tags) {
      Arguments tag_args(tag, ErrorStyle::kEc2);
      const std::string key = tag_args.required_text("Key");
      if (tag_args.error()) return *tag_args.error();
      (*target)[key] = tag_args.text_or("Value", "");
    }
  }
  return ApiAnswer{.result = {{"return", true}}, .trail_request = {}, .trail_response = {}};
}

ApiOutcome Ec2Service::describe_subnets(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kEc2);
  const std::vector<std::string> ids = args.texts("SubnetId");
  if (args.error()) return *args.error();
  for (const auto& id : ids) {
    if (!id.starts_with("subnet-") || find_zone(id) == nullptr) {
      return api_error("InvalidSubnetID.NotFound",
                       fmt::format("The subnet ID '{}' does not exist", id));
    }
  }
  Json subnets = Json::array();
  for (const auto& zone : zones_) {
    if (!ids.empty() && std::find(ids.begin(), ids.end(), zone.subnet) == ids.end()) continue;
    subnets.push_back({{"subnetId", zone.subnet},
                       {"state", "available"},
                       {"vpcId", "vpc-00000000000000001"},
                       {"cidrBlock", fmt::format("10.0.{}.0/24", subnets.size())},
                       {"availabilityZone", zone.name},
                       {"availabilityZoneId", zone.id},
                       {"defaultForAz", true},
                       {"ownerId", world_.config().account}});
  }
  return ApiAnswer{
      .result = {{"subnetSet", std::move(subnets)}}, .trail_request = {}, .trail_response = {}};
}

ApiOutcome Ec2Service::describe_availability_zones(const ApiCall&) {
  Json zones = Json::array();
  for (const auto& zone : zones_) {
    zones.push_back({{"zoneName", zone.name},
                     {"zoneId", zone.id},
                     {"zoneState", "available"},
                     {"zoneType", "availability-zone"},
                     {"regionName", world_.config().region},
                     {"optInStatus", "opt-in-not-required"}});
  }
  return ApiAnswer{.result = {{"availabilityZoneInfo", std::move(zones)}},
                   .trail_request = {},
                   .trail_response = {}};
}

}  // namespace sim
