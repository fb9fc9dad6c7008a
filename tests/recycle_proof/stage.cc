#include "tests/recycle_proof/stage.h"

#include "sim/autoscaling_engine.h"
#include "sim/autoscaling_service.h"
#include "sim/cloudwatch_service.h"
#include "sim/ec2_service.h"
#include "sim/elb_service.h"

#include <algorithm>
#include <set>
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

Worker::Worker(int number, Stage& stage, std::uint64_t seed, bool wire)
    : line(stage.exchange, number, seed),
      http(stage.region, line),
      credentials({"AKIDWORKER", base::Secret("worker-secret"), base::Secret(), std::nullopt, "t"}),
      random(seed),
      caller(http, credentials, stage.loop.clock(), random,
             aws::EndpointConfig{base::Region("eu-west-2"), "http://aws.test", {}}),
      auto_scaling(caller, stage.region, line),
      ec2(caller, stage.region, line),
      elb(caller, stage.region, line),
      wired_auto_scaling(caller),
      wired_ec2(caller),
      wired_elb(caller),
      step_functions(caller),
      sts(caller),
      cloudwatch(caller),
      alarms(cloudwatch, stage.loop.clock()),
      outdoors(stage.surroundings, line),
      outside{.alarms = alarms,
              .http = outdoors,
              .run =
                  [this](std::vector<std::string> words, aws::ProcessLimits limits) {
                    return outdoors.run(std::move(words), std::move(limits));
                  },
              .commands = {{kProbe, {kProbe}}},
              .hooks = {{kHook, {base::Secret(), {kHook}}}}},
      services{wire ? wired_auto_scaling : auto_scaling,
               wire ? wired_ec2 : ec2,
               wire ? wired_elb : elb,
               step_functions,
               sts,
               stage.loop.clock(),
               random,
               &outside} {}

Stage::Stage(const Scenario& scenario)
    : loop(scenario.starts - std::chrono::minutes(10)),
      region(loop.executor(), loop.clock(), world_config(scenario.seed)),
      exchange{.world = region.world(),
               .misfortunes = scenario.misfortunes,
               .latency = scenario.latency,
               .after = {},
               .before_mutation = {},
               .on_look = {},
               .on_freeze = {}},
      surroundings{.region = region,
                   .passes_after = scenario.gates.passes_after,
                   .failures_left = scenario.hooks.failures} {
  gates_ = scenario.gates;
  seed_ = scenario.seed;
  wire_ = scenario.wire;
  build(scenario);
  started = now();
}

Worker& Stage::new_worker() {
  const int number = static_cast<int>(workers.size()) + 1;
  return workers.emplace_back(number, *this, seed_ * 31 + static_cast<std::uint64_t>(number),
                              wire_);
}

sim::AutoScalingEngine& Stage::engine() { return region.auto_scaling().engine(); }

sim::Group* Stage::group() { return engine().find(kGroup); }

void Stage::new_template_version() {
  call("ec2", "CreateLaunchTemplateVersion",
       {{"LaunchTemplateName", kTemplate},
        {"SourceVersion", "$Latest"},
        {"LaunchTemplateData", {{"ImageId", "ami-2"}}}});
  versions_.push_back(now());
}

int Stage::target_version_at(const sim::Group& group, base::TimePoint at) const {
  const auto& named = group.mixed ? group.mixed->launch_template : group.launch_template;
  if (!named.version.starts_with('$')) return std::stoi(named.version);  // by a roll-back
  return static_cast<int>(
      std::ranges::count_if(versions_, [at](base::TimePoint since) { return since <= at; }));
}

int Stage::target_version(const sim::Group& group) const {
  return target_version_at(group, base::TimePoint::max());
}

int Stage::version_of(const sim::Member& member) {
  return std::stoi(member.launch_template.version);
}

bool Stage::any_tag(std::string_view prefix) {
  return std::ranges::any_of(engine().groups(), [&](const auto& entry) {
    const sim::Group& group = entry.second;
    return group.status.empty() && std::ranges::any_of(group.tags, [&](const auto& tag) {
             return tag.first.starts_with(prefix);
           });
  });
}

int Stage::versions() {
  std::set<int> versions;
  if (const sim::Group* found = group()) {
    for (const auto& member : found->members) {
      if (!member.is_in("Terminat")) versions.insert(version_of(member));
    }
  }
  return static_cast<int>(versions.size());
}

bool Stage::is_forced_out(const sim::Group& group, const sim::Member& member) const {
  const auto& named = group.mixed ? group.mixed->launch_template : group.launch_template;
  const bool rolled_back = !named.version.starts_with('$');
  return force_before && member.launched < *force_before && !rolled_back;
}

bool Stage::is_new_in(const sim::Group& group, const sim::Member& member) {
  if (is_forced_out(group, member)) return false;
  return version_of(member) == target_version(group);
}

bool Stage::is_new(const sim::Member& member) {
  const sim::Group* found = group();
  return found != nullptr && is_new_in(*found, member);
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

bool Stage::is_proven(const sim::Group& group, const sim::Member& member) {
  if (!serves(group, member)) return false;
  if (!is_new_in(group, member)) return true;
  if (gates_.min_age.count() > 0) {
    if (!member.in_service_since || now() < *member.in_service_since + gates_.min_age) return false;
  }
  const bool asked = gates_.http || gates_.command;
  return !asked || surroundings.is_up(*region.ec2().find(member.id));
}

int Stage::proven() {
  int count = 0;
  if (const sim::Group* found = group()) {
    for (const auto& member : found->members) {
      if (is_proven(*found, member)) count += member.weight;
    }
  }
  return count;
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
