// The short cut says what the wire says, in every state that a group goes through.
#include "tests/recycle_proof/stage.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace proof {
namespace {

Scenario any_group() {
  Scenario scenario;
  scenario.seed = 7;
  scenario.target_group = true;
  scenario.suspended = {"AlarmNotification"};
  scenario.starts = base::parse_rfc3339("2026-01-02T03:04:05Z").value();
  return scenario;
}

std::string text_of(const aws::AutoScalingGroup& group) {
  std::string text = group.name.value + group.arn + group.status + group.health_check_type;
  text += fmt::format(" {} {} {} {} {}", group.min_size, group.desired_capacity, group.max_size,
                      group.new_instances_protected_from_scale_in, group.has_warm_pool);
  for (const auto& zone : group.availability_zones) text += " " + zone;
  for (const auto& arn : group.target_group_arns) text += " " + arn;
  for (const auto& one : group.suspended_processes) text += " " + one.name + one.reason;
  for (const auto& [key, value] : group.tags) text += fmt::format(" {}={}", key, value);
  const auto of_template = [&](const std::optional<aws::LaunchTemplateSpecification>& used) {
    return used ? used->id + used->name + used->version : "none";
  };
  text += " " + of_template(group.launch_template);
  for (const auto& one : group.instances) {
    text += fmt::format("\n{} {} {} {} {} {} {} {}", one.id.value, one.availability_zone,
                        one.lifecycle_state, one.health_status, one.instance_type,
                        one.protected_from_scale_in, of_template(one.launch_template),
                        one.weighted_capacity);
  }
  return text;
}

// The clients that go over the wire beside those that do not.
struct BothWays {
  explicit BothWays(Stage& stage)
      : worker(stage.new_worker()), wire(worker.caller), ec2(worker.caller), elb(worker.caller) {}
  Worker& worker;
  aws::AutoScaling wire;
  aws::Ec2 ec2;
  aws::Elb elb;
};

void expect_the_same(Stage& stage, BothWays& both) {
  const auto by_wire = stage.loop.run(both.wire.describe_auto_scaling_groups({}));
  const auto direct = stage.loop.run(both.worker.auto_scaling.describe_auto_scaling_groups({}));
  ASSERT_TRUE(by_wire && direct);
  ASSERT_EQ(by_wire->size(), 1U);
  ASSERT_EQ(text_of(direct->front()), text_of(by_wire->front()));
  std::vector<base::InstanceId> ids = {base::InstanceId("i-00000000000000000")};
  for (const auto& one : direct->front().instances) ids.push_back(one.id);
  const auto instances = stage.loop.run(both.ec2.describe_instances(ids));
  const auto direct_instances = stage.loop.run(both.worker.ec2.describe_instances(ids));
  ASSERT_TRUE(instances && direct_instances);
  ASSERT_EQ(instances->size(), direct_instances->size());
  for (std::size_t i = 0; i < instances->size(); ++i) {
    EXPECT_EQ((*instances)[i].id, (*direct_instances)[i].id);
    EXPECT_EQ((*instances)[i].state, (*direct_instances)[i].state);
    EXPECT_EQ((*instances)[i].launch_time, (*direct_instances)[i].launch_time);
  }
  const std::string arn = direct->front().target_group_arns.at(0);
  const auto targets = stage.loop.run(both.elb.describe_target_health(arn));
  const auto direct_targets = stage.loop.run(both.worker.elb.describe_target_health(arn));
  ASSERT_TRUE(targets && direct_targets);
  ASSERT_EQ(targets->size(), direct_targets->size());
  for (std::size_t i = 0; i < targets->size(); ++i) {
    EXPECT_EQ((*targets)[i].target, (*direct_targets)[i].target);
    EXPECT_EQ((*targets)[i].state, (*direct_targets)[i].state);
    EXPECT_EQ((*targets)[i].reason, (*direct_targets)[i].reason);
  }
}

TEST(DirectClients, ReadWhatTheWireReadsWhileAGroupGrowsAndShrinks) {
  Stage stage(any_group());
  BothWays both(stage);
  expect_the_same(stage, both);
  auto& asg = both.worker.auto_scaling;
  const base::GroupName name(kGroup);
  ASSERT_TRUE(stage.loop.run(asg.set_desired_capacity(name, 6)));
  ASSERT_TRUE(stage.loop.run(asg.suspend_processes(name, {"AZRebalance"})));
  ASSERT_TRUE(stage.loop.run(asg.create_or_update_tags(name, {{"a", "b c"}})));
  for (int i = 0; i < 20; ++i) {
    stage.loop.run_for(std::chrono::seconds(3));
    expect_the_same(stage, both);
  }
  const base::InstanceId victim(stage.group()->members.front().id);
  ASSERT_TRUE(stage.loop.run(asg.set_instance_protection(name, {victim}, true)));
  expect_the_same(stage, both);
  ASSERT_TRUE(stage.loop.run(asg.terminate_instance_in_auto_scaling_group(victim, true)));
  for (int i = 0; i < 20; ++i) {
    stage.loop.run_for(std::chrono::seconds(5));
    expect_the_same(stage, both);
  }
}

TEST(DirectClients, ShowLaunchTemplatesAsTheWireDoes) {
  Stage stage(any_group());
  BothWays both(stage);
  const auto expect_same = [&](const aws::DescribeLaunchTemplatesOptions& options) {
    const auto wire = stage.loop.run(both.ec2.describe_launch_templates(options));
    const auto direct = stage.loop.run(both.worker.ec2.describe_launch_templates(options));
    ASSERT_TRUE(wire && direct);
    ASSERT_EQ(wire->size(), 1U);
    EXPECT_EQ(wire->at(0).id, direct->at(0).id);
    EXPECT_EQ(wire->at(0).name, direct->at(0).name);
    EXPECT_EQ(wire->at(0).latest_version, direct->at(0).latest_version);
    EXPECT_EQ(wire->at(0).default_version, direct->at(0).default_version);
  };
  expect_same({.ids = {}, .names = {kTemplate}});
  const auto named =
      stage.loop.run(both.ec2.describe_launch_templates({.ids = {}, .names = {kTemplate}}));
  ASSERT_TRUE(named);
  expect_same({.ids = {named->at(0).id}, .names = {}});
}

TEST(DirectClients, AreRefusedInTheSameWords) {
  Stage stage(any_group());
  BothWays both(stage);
  const auto of = [&](const auto& result) {
    EXPECT_FALSE(result);
    const base::Error error = result ? base::Error{} : result.error();
    return fmt::format("{} {} {}", base::to_string(error.kind), error.code, error.message);
  };
  const base::GroupName name(kGroup);
  auto& direct = both.worker.auto_scaling;
  EXPECT_EQ(of(stage.loop.run(direct.set_desired_capacity(name, 99))),
            of(stage.loop.run(both.wire.set_desired_capacity(name, 99))));
  const base::InstanceId nobody("i-00000000000000000");
  EXPECT_EQ(of(stage.loop.run(direct.terminate_instance_in_auto_scaling_group(nobody, true))),
            of(stage.loop.run(both.wire.terminate_instance_in_auto_scaling_group(nobody, true))));
  const base::GroupName missing("missing");
  EXPECT_EQ(of(stage.loop.run(direct.suspend_processes(missing, {"Launch"}))),
            of(stage.loop.run(both.wire.suspend_processes(missing, {"Launch"}))));
}

}  // namespace
}  // namespace proof
