// How the group, its surroundings and what is in store for its recycle are set up.
#include "sim/cloudwatch_service.h"
#include "sim/faults.h"
#include "tests/recycle_proof/stage.h"

#include <algorithm>
#include <stdexcept>

namespace proof {

namespace recycle = consumers::recycle;
using sim::Json;

void Stage::call(const std::string& service, const std::string& operation, Json arguments) {
  sim::ApiCall api_call;
  api_call.service = service;
  api_call.operation = operation;
  api_call.arguments = std::move(arguments);
  api_call.api_version = "2015-12-01";
  sim::ApiOutcome outcome;
  if (service == "autoscaling") outcome = region.auto_scaling().carry_out(api_call);
  if (service == "ec2") outcome = region.ec2().carry_out(api_call);
  if (service == "elasticloadbalancing") {
    outcome = loop.run(region.elb().handle(std::move(api_call)));
  }
  if (const auto* error = std::get_if<sim::ApiError>(&outcome)) {
    throw std::runtime_error(operation + ": " + error->message);
  }
}

void Stage::build(const Scenario& scenario) {
  engine().lags().jitter = scenario.jitter;
  call("ec2", "CreateLaunchTemplate",
       {{"LaunchTemplateName", kTemplate}, {"LaunchTemplateData", {{"ImageId", "ami-1"}}}});
  versions_.push_back(now());
  create_group(scenario);
  if (scenario.sibling) create_sibling(scenario);
  loop.run_for(std::chrono::minutes(4));
  const bool changes_later = scenario.cause == Scenario::Cause::kTemplateChanged;
  if (!scenario.force && !(changes_later && scenario.kept == 0)) new_template_version();
  if (scenario.kept > 0) {
    call("autoscaling", "UpdateAutoScalingGroup",
         {{"AutoScalingGroupName", kGroup},
          {"MinSize", std::to_string(scenario.min)},
          {"DesiredCapacity", std::to_string(scenario.desired)}});
  }
  loop.run_for(std::chrono::minutes(4));
  put_hooks(scenario);
  if (scenario.warm_pool) call("autoscaling", "PutWarmPool", {{"AutoScalingGroupName", kGroup}});
  for (const auto& process : scenario.suspended) {
    call("autoscaling", "SuspendProcesses",
         {{"AutoScalingGroupName", kGroup}, {"ScalingProcesses", Json::array({process})}});
  }
  loop.run_for(std::chrono::minutes(2));
  cause_events(scenario);
  put_faults(scenario);
}

void Stage::create_group(const Scenario& scenario) {
  Json zones = Json::array();
  for (int i = 0; i < scenario.zones; ++i) {
    zones.push_back(std::string("eu-west-2") + static_cast<char>('a' + i));
  }
  Json arguments = {{"AutoScalingGroupName", kGroup},
                    {"MinSize", std::to_string(std::min(scenario.min, scenario.desired))},
                    {"MaxSize", std::to_string(scenario.max)},
                    {"DesiredCapacity", std::to_string(scenario.desired - scenario.kept)},
                    {"LaunchTemplate", {{"LaunchTemplateName", kTemplate}, {"Version", "$Latest"}}},
                    {"HealthCheckType", scenario.health_check},
                    {"AvailabilityZones", std::move(zones)}};
  if (scenario.kept > 0) arguments["MinSize"] = "0";
  if (scenario.weight > 1) {
    const Json heavy = {{"InstanceType", "t3.large"},
                        {"WeightedCapacity", std::to_string(scenario.weight)}};
    arguments["MixedInstancesPolicy"] = {
        {"LaunchTemplate",
         {{"LaunchTemplateSpecification", arguments["LaunchTemplate"]},
          {"Overrides", Json::array({heavy})}}}};
    arguments.erase("LaunchTemplate");
  }
  if (scenario.target_group) {
    call("elasticloadbalancing", "CreateTargetGroup", {{"Name", "web"}});
    sim::ApiCall describe;
    describe.service = "elasticloadbalancing";
    describe.operation = "DescribeTargetGroups";
    describe.api_version = "2015-12-01";
    const auto outcome = loop.run(region.elb().handle(std::move(describe)));
    const Json& found = std::get<sim::ApiAnswer>(outcome).result;
    arguments["TargetGroupARNs"] = Json::array({found["TargetGroups"][0]["TargetGroupArn"]});
    region.elb().set_deregistration_delay(std::chrono::seconds(30));
  }
  call("autoscaling", "CreateAutoScalingGroup", arguments);
  set_tags(scenario, kGroup);
}

void Stage::create_sibling(const Scenario& scenario) {
  const int size = 1 + static_cast<int>(scenario.seed % 3);
  call("autoscaling", "CreateAutoScalingGroup",
       {{"AutoScalingGroupName", kSibling},
        {"MinSize", std::to_string(size)},
        {"MaxSize", std::to_string(size)},
        {"DesiredCapacity", std::to_string(size)},
        {"LaunchTemplate", {{"LaunchTemplateName", kTemplate}, {"Version", "$Latest"}}},
        {"AvailabilityZones", Json::array({"eu-west-2c"})}});
  set_tags(scenario, kSibling);
}

void Stage::set_tags(const Scenario& scenario, const char* group) {
  auto given = scenario.tags;
  given[std::string(recycle::kTagRecycleOnUpdate)] = "true";
  given[std::string(recycle::kTagStrategy)] = recycle::to_string(scenario.strategy);
  if (!scenario.window.empty()) given[std::string(recycle::kTagWindow)] = scenario.window;
  if (!scenario.time_zone.empty()) given[std::string(recycle::kTagTimeZone)] = scenario.time_zone;
  std::string excluded = scenario.excluded;
  if (scenario.no_weekends) excluded += excluded.empty() ? "Sat-Sun" : " + Sat-Sun";
  if (!excluded.empty()) given[std::string(recycle::kTagExcludeWindow)] = excluded;
  set_up_gates(scenario, given);
  Json tags = Json::array();
  for (const auto& [key, value] : given) {
    tags.push_back({{"ResourceId", group},
                    {"ResourceType", "auto-scaling-group"},
                    {"Key", key},
                    {"Value", value}});
  }
  call("autoscaling", "CreateOrUpdateTags", {{"Tags", std::move(tags)}});
}

void Stage::set_up_gates(const Scenario& scenario, std::map<std::string, std::string>& tags) {
  const auto text = [](base::Duration duration) {
    return std::to_string(duration.count() / 1'000) + "s";
  };
  const Gates& gates = scenario.gates;
  if (gates.min_age.count() > 0) tags["autorecycle_gate_min_age"] = text(gates.min_age);
  if (gates.http) tags["autorecycle_gate_http"] = "http:8080/health";
  if (gates.command) tags["autorecycle_gate_command"] = kProbe;
  if (gates.alarms) {
    tags["autorecycle_gate_alarms"] = kAlarm;
    tags["autorecycle_gate_bake"] = text(gates.bake);
    region.cloudwatch().set_alarm(kAlarm, "OK");
  }
  if (!scenario.hooks.any) return;
  for (const char* point : {"before_start", "before_terminate", "after_end"}) {
    tags[std::string("autorecycle_hook_") + point] = kHook;
  }
  tags["autorecycle_hook_failure"] = scenario.hooks.failure_stops ? "fail" : "continue";
}

void Stage::put_hooks(const Scenario& scenario) {
  const auto hook = [&](const char* name, const char* transition) {
    call("autoscaling", "PutLifecycleHook",
         {{"AutoScalingGroupName", kGroup},
          {"LifecycleHookName", name},
          {"LifecycleTransition", transition},
          {"HeartbeatTimeout", scenario.stuck_hook ? "3600" : "60"},
          {"DefaultResult", scenario.stuck_hook ? "ABANDON" : "CONTINUE"}});
  };
  if (scenario.launch_hook) hook("ready", "autoscaling:EC2_INSTANCE_LAUNCHING");
  if (scenario.terminate_hook) hook("bye", "autoscaling:EC2_INSTANCE_TERMINATING");
}

void Stage::put_faults(const Scenario& scenario) {
  sim::Faults& faults = region.faults();
  faults.settings().stale_reads = scenario.stale;
  const auto rule = [&](sim::FaultKind kind, double probability) {
    if (probability <= 0) return;
    sim::FaultRule one;
    one.kind = kind;
    one.probability = probability;
    faults.add(one);
  };
  rule(sim::FaultKind::kThrottle, scenario.throttle);
  rule(sim::FaultKind::kError, scenario.error);
  rule(sim::FaultKind::kLost, scenario.lost);
  const auto contention = [&](const char* operation, const char* code) {
    if (scenario.contention <= 0) return;
    sim::FaultRule one;
    one.kind = sim::FaultKind::kError;
    one.probability = scenario.contention;
    one.service = "autoscaling";
    one.operation = operation;
    one.status = 400;
    one.code = code;
    one.message = "another activity is in progress";
    faults.add(one);
  };
  contention("UpdateAutoScalingGroup", "ScalingActivityInProgress");
  contention("TerminateInstanceInAutoScalingGroup", "ScalingActivityInProgress");
  contention("CreateOrUpdateTags", "ResourceContention");
  contention("SuspendProcesses", "ResourceContention");
}

// The change that the workers are to hear of goes over the wire, so that it leaves a trail.
void Stage::cause_events(const Scenario& scenario) {
  std::string body;
  if (scenario.cause == Scenario::Cause::kGroupChanged) {
    body = std::string("Version=2011-01-01&Action=UpdateAutoScalingGroup") +
           "&LaunchTemplate.Version=%24Latest&LaunchTemplate.LaunchTemplateName=" + kTemplate +
           "&AutoScalingGroupName=" + kGroup;
  } else if (scenario.cause == Scenario::Cause::kTemplateChanged) {
    body =
        std::string("Version=2016-11-15&Action=CreateLaunchTemplateVersion") +
        "&SourceVersion=%24Latest&LaunchTemplateData.ImageId=ami-2&LaunchTemplateName=" + kTemplate;
  } else {
    return;
  }
  region.world().listen([this](const Json& event) {
    const auto type = event.find("detail-type");
    const bool told = type != event.end() && *type == "AWS API Call via CloudTrail";
    if (told && events.empty()) events.push_back(event);
  });
  base::HttpRequest request;
  request.method = "POST";
  request.url = "http://aws.test/";
  request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
  request.body = std::move(body);
  const base::HttpResponse response = loop.run(region.handle(std::move(request)));
  if (response.status != 200) throw std::runtime_error(response.body);
  if (scenario.cause == Scenario::Cause::kTemplateChanged) versions_.push_back(now());
  loop.run_for(std::chrono::seconds(1));
}

}  // namespace proof
