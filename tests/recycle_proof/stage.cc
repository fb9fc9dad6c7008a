#include "tests/recycle_proof/stage.h"

#include "sim/autoscaling_engine.h"
#include "sim/autoscaling_service.h"
#include "sim/ec2_service.h"
#include "sim/elb_service.h"

#include <stdexcept>

namespace proof {

namespace recycle = consumers::recycle;
using sim::Json;

namespace {

sim::WorldConfig world_config(std::uint64_t seed) {
  sim::WorldConfig config;
  config.seed = seed + 1;
  config.keys.clear();  // signatures are not the question here
  return config;
}

}  // namespace

Worker::Worker(int number, sim::Region& region, base::Clock& clock, Exchange& exchange,
               std::uint64_t seed, bool wire)
    : line(exchange, number, seed),
      http(region, line),
      credentials({"AKIDWORKER", base::Secret("worker-secret"), base::Secret(), std::nullopt, "t"}),
      random(seed),
      caller(http, credentials, clock, random,
             aws::EndpointConfig{base::Region("eu-west-2"), "http://aws.test", {}}),
      auto_scaling(caller, region, line),
      ec2(caller, region, line),
      elb(caller, region, line),
      wired_auto_scaling(caller),
      wired_ec2(caller),
      wired_elb(caller),
      step_functions(caller),
      sts(caller),
      services{wire ? wired_auto_scaling : auto_scaling,
               wire ? wired_ec2 : ec2,
               wire ? wired_elb : elb,
               step_functions,
               sts,
               clock,
               random} {}

Stage::Stage(const Scenario& scenario)
    : loop(scenario.starts - std::chrono::minutes(10)),
      region(loop.executor(), loop.clock(), world_config(scenario.seed)),
      exchange{.world = region.world(),
               .misfortunes = scenario.misfortunes,
               .latency = scenario.latency,
               .after = {},
               .before_mutation = {},
               .on_look = {},
               .on_freeze = {}} {
  seed_ = scenario.seed;
  wire_ = scenario.wire;
  build(scenario);
  started = now();
}

Worker& Stage::new_worker() {
  const int number = static_cast<int>(workers.size()) + 1;
  return workers.emplace_back(number, region, loop.clock(), exchange,
                              seed_ * 31 + static_cast<std::uint64_t>(number), wire_);
}

sim::AutoScalingEngine& Stage::engine() { return region.auto_scaling().engine(); }

sim::Group* Stage::group() { return engine().find(kGroup); }

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
  Json tags = Json::array();
  auto given = scenario.tags;
  given[std::string(recycle::kTagRecycleOnUpdate)] = "true";
  given[std::string(recycle::kTagStrategy)] = recycle::to_string(scenario.strategy);
  if (!scenario.window.empty()) given[std::string(recycle::kTagWindow)] = scenario.window;
  if (!scenario.time_zone.empty()) given[std::string(recycle::kTagTimeZone)] = scenario.time_zone;
  for (const auto& [key, value] : given) {
    tags.push_back({{"ResourceId", kGroup},
                    {"ResourceType", "auto-scaling-group"},
                    {"Key", key},
                    {"Value", value}});
  }
  call("autoscaling", "CreateOrUpdateTags", {{"Tags", std::move(tags)}});
  loop.run_for(std::chrono::minutes(4));
  if (!scenario.force) new_template_version();
  if (scenario.kept > 0) {
    call("autoscaling", "UpdateAutoScalingGroup",
         {{"AutoScalingGroupName", kGroup},
          {"MinSize", std::to_string(scenario.min)},
          {"DesiredCapacity", std::to_string(scenario.desired)}});
  }
  loop.run_for(std::chrono::minutes(4));
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
  if (scenario.warm_pool) call("autoscaling", "PutWarmPool", {{"AutoScalingGroupName", kGroup}});
  for (const auto& process : scenario.suspended) {
    call("autoscaling", "SuspendProcesses",
         {{"AutoScalingGroupName", kGroup}, {"ScalingProcesses", Json::array({process})}});
  }
  loop.run_for(std::chrono::minutes(2));
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
}

void Stage::new_template_version() {
  call("ec2", "CreateLaunchTemplateVersion",
       {{"LaunchTemplateName", kTemplate},
        {"SourceVersion", "$Latest"},
        {"LaunchTemplateData", {{"ImageId", "ami-2"}}}});
  ++latest_version_;
}

bool Stage::is_new(const sim::Member& member) const {
  if (force_before && member.launched < *force_before) return false;
  return member.launch_template.version == std::to_string(latest_version_);
}

bool Stage::serves(const sim::Group& group, const sim::Member& member) {
  if (member.state != "InService" || !member.healthy) return false;
  const sim::Ec2Instance* instance = region.ec2().find(member.id);
  if (instance == nullptr || instance->state != "running") return false;
  for (const auto& pool : group.target_groups) {
    if (region.elb().health(pool, member.id) != "healthy") return false;
  }
  return true;
}

int Stage::serving() {
  int count = 0;
  if (const sim::Group* found = group()) {
    for (const auto& member : found->members) {
      if (serves(*found, member)) count += member.weight;
    }
  }
  return count;
}

}  // namespace proof
