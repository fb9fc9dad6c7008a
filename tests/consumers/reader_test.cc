#include "consumers/recycle/reader.h"

#include "tests/consumers/canned_services.h"
#include "tests/consumers/canned_xml.h"

#include <gtest/gtest.h>

namespace consumers::recycle {
namespace {

using base::GroupName;
using base::InstanceId;

constexpr const char* kWebTargets = "arn:aws:elasticloadbalancing:eu-west-2:1:targetgroup/web/0a";

aws::AutoScalingGroup group_of(const std::vector<std::string>& instances,
                               const std::string& version = "7") {
  aws::AutoScalingGroup group;
  group.name = GroupName("web");
  group.max_size = 8;
  group.launch_template = aws::LaunchTemplateSpecification{"lt-1", "web", version};
  for (const std::string& id : instances) {
    aws::GroupInstance& instance = group.instances.emplace_back();
    instance.id = InstanceId(id);
    instance.lifecycle_state = "InService";
    instance.health_status = "Healthy";
    instance.launch_template = aws::LaunchTemplateSpecification{"lt-1", "web", "6"};
  }
  return group;
}

std::vector<test::Ec2State> running(const std::vector<std::string>& ids) {
  std::vector<test::Ec2State> states;
  for (const std::string& id : ids) states.push_back({id, "running"});
  return states;
}

struct Fixture : test::CannedServices {
  Observer observer{services};
  Reader reader{observer, GroupName("web")};

  void show(const aws::AutoScalingGroup& group, const std::vector<test::Ec2State>& instances) {
    http.answer("DescribeAutoScalingGroups", test::groups_xml({group}));
    http.answer("DescribeInstances", test::instances_xml(instances));
  }
  Snapshot read() {
    auto snapshot = loop.run(reader.read());
    if (!snapshot) throw std::runtime_error(snapshot.error().to_string());
    return **snapshot;
  }
  int count(const std::string& operation) const {
    const auto operations = http.operations();
    return static_cast<int>(std::count(operations.begin(), operations.end(), operation));
  }
};

TEST(Reader, GivesNothingForAGroupThatDoesNotExist) {
  Fixture aws;
  aws.http.answer("DescribeAutoScalingGroups", test::groups_xml({}));
  const auto snapshot = aws.loop.run(aws.reader.read());
  ASSERT_TRUE(snapshot);
  EXPECT_FALSE(*snapshot);
}

TEST(Reader, ReadsLaunchTimesFromEc2) {
  Fixture aws;
  aws.show(group_of({"i-1", "i-2"}), running({"i-1"}));
  const Snapshot snapshot = aws.read();
  ASSERT_TRUE(snapshot.facts.at(InstanceId("i-1")).launch_time);
  EXPECT_EQ(base::format_rfc3339(*snapshot.facts.at(InstanceId("i-1")).launch_time),
            "2026-01-02T03:00:00Z");
  EXPECT_FALSE(snapshot.facts.at(InstanceId("i-2")).launch_time);
  EXPECT_TRUE(snapshot.facts.at(InstanceId("i-1")).serving);
  EXPECT_TRUE(snapshot.still_terminating.empty());
}

TEST(Reader, TakesANumberedVersionAsItIs) {
  Fixture aws;
  aws.show(group_of({"i-1"}), running({"i-1"}));
  EXPECT_EQ(aws.read().target.describe(), "lt-1:7");
  EXPECT_EQ(aws.count("DescribeLaunchTemplates"), 0);
}

TEST(Reader, AsksWhatLatestMeansOnceAMinute) {
  Fixture aws;
  aws.show(group_of({"i-1"}, "$Latest"), running({"i-1"}));
  aws.http.answer("DescribeLaunchTemplates", test::template_xml("lt-1", 7));
  aws.http.answer("DescribeLaunchTemplates", test::template_xml("lt-1", 8));
  EXPECT_EQ(aws.read().target.describe(), "lt-1:7");
  EXPECT_EQ(aws.read().target.describe(), "lt-1:7");
  aws.loop.run_for(std::chrono::seconds(61));
  EXPECT_EQ(aws.read().target.describe(), "lt-1:8");
}

TEST(Reader, AsksWhatLatestMeansBeforeItTakesALaunchedInstanceForOld) {
  Fixture aws;
  aws.show(group_of({"i-1"}, "$Latest"), running({"i-1"}));
  aws::AutoScalingGroup grown = group_of({"i-1", "i-2"}, "$Latest");
  grown.instances.back().launch_template->version = "8";
  aws.show(grown, running({"i-1", "i-2"}));
  aws.http.answer("DescribeLaunchTemplates", test::template_xml("lt-1", 7));
  aws.http.answer("DescribeLaunchTemplates", test::template_xml("lt-1", 8));
  EXPECT_EQ(aws.read().target.describe(), "lt-1:7");
  aws.loop.run_for(std::chrono::seconds(1));
  EXPECT_EQ(aws.read().target.describe(), "lt-1:8");
}

TEST(Reader, AsksWhatLatestMeansOnceAnEventSaidThatItChanged) {
  Fixture aws;
  aws.show(group_of({"i-1"}, "$Latest"), running({"i-1"}));
  aws.http.answer("DescribeLaunchTemplates", test::template_xml("lt-1", 7));
  aws.http.answer("DescribeLaunchTemplates", test::template_xml("lt-1", 8));
  EXPECT_EQ(aws.read().target.describe(), "lt-1:7");
  aws.observer.template_changed({"lt-other", "other", "8"});
  EXPECT_EQ(aws.read().target.describe(), "lt-1:7");
  aws.observer.template_changed({"lt-1", "", "8"});
  EXPECT_EQ(aws.read().target.describe(), "lt-1:8");
}

TEST(Reader, AsksEc2OnceWhenAnInstanceWasLaunched) {
  Fixture aws;
  aws.show(group_of({"i-1"}), running({"i-1"}));
  aws.show(group_of({"i-1", "i-2"}), {});
  aws.show(group_of({"i-1", "i-2"}), running({"i-2"}));
  aws.read();
  EXPECT_FALSE(aws.read().facts.at(InstanceId("i-2")).launch_time);
  EXPECT_EQ(aws.parameter("Filter.1.Value.1", aws.http.requests.size() - 1), "i-2");
  EXPECT_TRUE(aws.read().facts.at(InstanceId("i-2")).launch_time);
  EXPECT_TRUE(aws.read().facts.at(InstanceId("i-1")).launch_time);
  EXPECT_EQ(aws.count("DescribeInstances"), 3);
}

TEST(Reader, TakesNoVersionForTheDefaultOne) {
  Fixture aws;
  aws.show(group_of({"i-1"}, ""), running({"i-1"}));
  aws.http.answer("DescribeLaunchTemplates", test::template_xml("lt-1", 9, 3));
  EXPECT_EQ(aws.read().target.describe(), "lt-1:3");
}

TEST(Reader, AsksOnceForTheIdOfANumberedVersionKnownByName) {
  Fixture aws;
  aws::AutoScalingGroup group = group_of({"i-1"});
  group.launch_template->id.clear();
  aws.show(group, running({"i-1"}));
  aws.http.answer("DescribeLaunchTemplates", test::template_xml("lt-9", 9));
  EXPECT_EQ(aws.read().target.describe(), "lt-9:7");
  EXPECT_EQ(aws.read().target.describe(), "lt-9:7");
  EXPECT_EQ(aws.count("DescribeLaunchTemplates"), 1);
}

TEST(Reader, ResolvesThePolicyAndTheOverridesOwnTemplates) {
  Fixture aws;
  aws::AutoScalingGroup group = group_of({"i-1"});
  group.launch_template.reset();
  group.mixed_instances_policy.emplace();
  group.mixed_instances_policy->launch_template = {"lt-1", "", "$Latest"};
  group.mixed_instances_policy->overrides = {
      {"m6i.large", 1, std::nullopt},
      {"m6g.large", 1, aws::LaunchTemplateSpecification{"lt-2", "", "4"}},
      {"m7g.large", 1, aws::LaunchTemplateSpecification{"lt-2", "", "4"}}};
  aws.show(group, running({"i-1"}));
  aws.http.answer("DescribeLaunchTemplates", test::template_xml("lt-1", 7));
  EXPECT_EQ(aws.read().target.describe(), "lt-1:7,lt-2:4");
}

TEST(Reader, NamesTheTemplateThatDoesNotExist) {
  Fixture aws;
  aws.show(group_of({"i-1"}, "$Latest"), running({"i-1"}));
  aws.http.answer("DescribeLaunchTemplates", "<DescribeLaunchTemplatesResponse/>");
  const auto snapshot = aws.loop.run(aws.reader.read());
  ASSERT_FALSE(snapshot);
  EXPECT_EQ(snapshot.error().kind, base::ErrorKind::kNotFound);
  EXPECT_NE(snapshot.error().message.find("no launch template lt-1"), std::string::npos);
}

TEST(Reader, TakesForServingOnlyWhatIsHealthyOnEveryPort) {
  Fixture aws;
  aws::AutoScalingGroup group = group_of({"i-1", "i-2", "i-3", "i-4"});
  group.target_group_arns = {kWebTargets};
  aws.show(group, running({"i-1", "i-2", "i-3", "i-4"}));
  aws.http.answer("DescribeTargetHealth",
                  test::target_health_xml({{"i-1", "healthy", ""},
                                           {"i-2", "healthy", ""},
                                           {"i-2", "initial", "Elb.RegistrationInProgress"},
                                           {"i-3", "draining", ""},
                                           {"i-9", "unhealthy", ""}}));
  const Snapshot snapshot = aws.read();
  const auto why = [&](const char* id) {
    const InstanceFacts& facts = snapshot.facts.at(InstanceId(id));
    return facts.serving ? "serving" : facts.not_serving_because;
  };
  EXPECT_EQ(why("i-1"), "serving");
  EXPECT_EQ(why("i-2"), "target group web: initial (Elb.RegistrationInProgress)");
  EXPECT_EQ(why("i-3"), "target group web: draining");
  EXPECT_EQ(why("i-4"), "target group web: not registered");
}

TEST(Reader, AsksEveryLoadBalancerAndGivesTheFirstReason) {
  Fixture aws;
  aws::AutoScalingGroup group = group_of({"i-1", "i-2"});
  group.target_group_arns = {kWebTargets};
  group.load_balancer_names = {"classic-1"};
  aws.show(group, running({"i-1", "i-2"}));
  aws.http.answer("DescribeTargetHealth",
                  test::target_health_xml({{"i-1", "healthy", ""}, {"i-2", "unused", ""}}));
  aws.http.answer("DescribeInstanceHealth",
                  test::answer_xml("DescribeInstanceHealth",
                                   "<InstanceStates><member><InstanceId>i-1</InstanceId><State>"
                                   "OutOfService</State></member></InstanceStates>"));
  const Snapshot snapshot = aws.read();
  EXPECT_EQ(snapshot.facts.at(InstanceId("i-1")).not_serving_because,
            "load balancer classic-1: OutOfService");
  EXPECT_EQ(snapshot.facts.at(InstanceId("i-2")).not_serving_because, "target group web: unused");
}

TEST(Reader, RemembersWhoLeftUntilEc2SaysTerminated) {
  Fixture aws;
  Journal journal;
  journal.run_id = "r";
  journal.strategy = Strategy::kInOut;
  journal.phase = Phase::kSwap;
  const auto shown = [&](const std::vector<std::string>& ids) {
    aws::AutoScalingGroup group = group_of(ids);
    group.tags = to_tags(journal);
    return group;
  };
  aws.show(shown({"i-1", "i-2"}), running({"i-1", "i-2"}));
  aws.show(shown({"i-2"}), {{"i-1", "shutting-down"}});
  aws.show(shown({"i-2"}), {{"i-1", "terminated"}});
  aws.show(shown({"i-2"}), {});
  EXPECT_TRUE(aws.read().still_terminating.empty());
  EXPECT_EQ(aws.read().still_terminating, std::vector<InstanceId>{InstanceId("i-1")});
  EXPECT_TRUE(aws.read().still_terminating.empty());
  EXPECT_TRUE(aws.read().still_terminating.empty());
  EXPECT_EQ(aws.count("DescribeInstances"), 3);  // then it is forgotten
}

TEST(Reader, DoesNotAskAfterThoseThatLeftUnlessTheyAreWaitedFor) {
  Fixture aws;
  aws.show(group_of({"i-1", "i-2"}), running({"i-1", "i-2"}));
  aws.show(group_of({"i-2"}), {{"i-1", "shutting-down"}});
  aws.read();
  EXPECT_TRUE(aws.read().still_terminating.empty());
  EXPECT_EQ(aws.count("DescribeInstances"), 1);
}

TEST(Reader, KnowsTheJournalsVictimWithoutHavingSeenIt) {
  Fixture aws;
  Journal journal;
  journal.run_id = "r";
  journal.strategy = Strategy::kInOut;
  journal.phase = Phase::kSwap;
  journal.victim = InstanceId("i-1");
  aws::AutoScalingGroup group = group_of({"i-2"});
  group.tags = to_tags(journal);
  aws.show(group, {{"i-1", "shutting-down"}, {"i-2", "running"}});
  EXPECT_EQ(aws.read().still_terminating, std::vector<InstanceId>{InstanceId("i-1")});
}

TEST(Reader, SaysWhatItWasDoingWhenItFails) {
  Fixture aws;
  aws::AutoScalingGroup group = group_of({"i-1"});
  group.target_group_arns = {kWebTargets};
  aws.show(group, running({"i-1"}));
  aws.http.answer("DescribeTargetHealth",
                  "<ErrorResponse><Error><Code>TargetGroupNotFound</Code><Message>gone</Message>"
                  "</Error></ErrorResponse>",
                  400);
  const auto snapshot = aws.loop.run(aws.reader.read());
  ASSERT_FALSE(snapshot);
  EXPECT_EQ(snapshot.error().code, "TargetGroupNotFound");
  EXPECT_NE(snapshot.error().message.find("reading the health of target group web"),
            std::string::npos);
}

}  // namespace
}  // namespace consumers::recycle
