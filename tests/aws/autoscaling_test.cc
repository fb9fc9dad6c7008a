#include "aws/autoscaling.h"

#include "tests/support/canned_aws.h"

#include <gtest/gtest.h>

namespace aws {
namespace {

using base::GroupName;
using base::InstanceId;

std::string answer_of(const std::string& operation, const std::string& result) {
  return "<" + operation + "Response xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\"><" +
         operation + "Result>" + result + "</" + operation +
         "Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></" + operation +
         "Response>";
}

std::string groups_answer(const std::string& members, const std::string& token = "") {
  return answer_of("DescribeAutoScalingGroups",
                   "<AutoScalingGroups>" + members + "</AutoScalingGroups>" +
                       (token.empty() ? "" : "<NextToken>" + token + "</NextToken>"));
}

std::string small_group(const std::string& name) {
  return "<member><AutoScalingGroupName>" + name +
         "</AutoScalingGroupName><MinSize>0</MinSize><MaxSize>1</MaxSize><DesiredCapacity>0"
         "</DesiredCapacity></member>";
}

constexpr const char* kFullGroup = R"(
<member>
  <AutoScalingGroupName>web-asg-1</AutoScalingGroupName>
  <AutoScalingGroupARN>arn:aws:autoscaling:eu-west-2:1:autoScalingGroup:u:n</AutoScalingGroupARN>
  <MinSize>2</MinSize><MaxSize>8</MaxSize><DesiredCapacity>4</DesiredCapacity>
  <DefaultCooldown>300</DefaultCooldown><HealthCheckType>ELB</HealthCheckType>
  <HealthCheckGracePeriod>120</HealthCheckGracePeriod>
  <NewInstancesProtectedFromScaleIn>true</NewInstancesProtectedFromScaleIn>
  <MixedInstancesPolicy><LaunchTemplate>
    <LaunchTemplateSpecification><LaunchTemplateId>lt-1</LaunchTemplateId>
      <LaunchTemplateName>web</LaunchTemplateName><Version>$Latest</Version>
    </LaunchTemplateSpecification>
    <Overrides>
      <member><InstanceType>m6i.large</InstanceType><WeightedCapacity>2</WeightedCapacity></member>
      <member><InstanceType>m6g.large</InstanceType><LaunchTemplateSpecification>
        <LaunchTemplateId>lt-2</LaunchTemplateId><Version>3</Version>
      </LaunchTemplateSpecification></member>
    </Overrides></LaunchTemplate></MixedInstancesPolicy>
  <AvailabilityZones><member>eu-west-2a</member><member>eu-west-2b</member></AvailabilityZones>
  <LoadBalancerNames><member>classic-1</member></LoadBalancerNames>
  <TargetGroupARNs><member>arn:tg/web/1</member></TargetGroupARNs>
  <TrafficSources>
    <member><Identifier>arn:tg/web/1</Identifier><Type>elbv2</Type></member>
    <member><Identifier>arn:tg/web/2</Identifier><Type>elbv2</Type></member>
    <member><Identifier>arn:lattice</Identifier><Type>vpc-lattice</Type></member>
  </TrafficSources>
  <Instances>
    <member><InstanceId>i-1</InstanceId><InstanceType>m6i.large</InstanceType>
      <AvailabilityZone>eu-west-2a</AvailabilityZone><LifecycleState>InService</LifecycleState>
      <HealthStatus>Healthy</HealthStatus><ProtectedFromScaleIn>true</ProtectedFromScaleIn>
      <WeightedCapacity>2</WeightedCapacity>
      <LaunchTemplate><LaunchTemplateId>lt-1</LaunchTemplateId>
        <LaunchTemplateName>web</LaunchTemplateName><Version>6</Version></LaunchTemplate></member>
    <member><InstanceId>i-2</InstanceId><LifecycleState>Quarantined</LifecycleState>
      <LaunchConfigurationName>lc-1</LaunchConfigurationName></member>
  </Instances>
  <SuspendedProcesses><member><ProcessName>AZRebalance</ProcessName>
    <SuspensionReason>User suspended at 2026-09-27T04:49:13Z</SuspensionReason></member>
  </SuspendedProcesses>
  <Tags><member><ResourceId>web-asg-1</ResourceId><ResourceType>auto-scaling-group</ResourceType>
    <Key>autorecycle_strategy</Key><Value>out-in &amp; more</Value>
    <PropagateAtLaunch>true</PropagateAtLaunch></member>
    <member><Key>empty</Key><Value/></member></Tags>
  <WarmPoolConfiguration><MinSize>0</MinSize></WarmPoolConfiguration>
</member>)";

TEST(DescribeAutoScalingGroups, ReadsEveryFieldThatIsUsed) {
  test::CannedAws aws;
  aws.http.answer("DescribeAutoScalingGroups", groups_answer(kFullGroup));
  const auto groups = aws.loop.run(AutoScaling(aws.caller).describe_auto_scaling_groups({}));
  ASSERT_TRUE(groups) << groups.error().to_string();
  ASSERT_EQ(groups->size(), 1U);
  const AutoScalingGroup& group = groups->front();
  EXPECT_EQ(group.name.value, "web-asg-1");
  EXPECT_EQ(group.min_size, 2);
  EXPECT_EQ(group.max_size, 8);
  EXPECT_EQ(group.desired_capacity, 4);
  EXPECT_EQ(group.health_check_type, "ELB");
  EXPECT_EQ(group.health_check_grace_period, std::chrono::seconds(120));
  EXPECT_TRUE(group.new_instances_protected_from_scale_in);
  EXPECT_TRUE(group.status.empty());
  EXPECT_FALSE(group.launch_template);
  EXPECT_TRUE(group.has_warm_pool);
  ASSERT_TRUE(group.mixed_instances_policy);
  const LaunchTemplateSpecification latest{"lt-1", "web", "$Latest"};
  EXPECT_EQ(group.mixed_instances_policy->launch_template, latest);
  ASSERT_EQ(group.mixed_instances_policy->overrides.size(), 2U);
  EXPECT_EQ(group.mixed_instances_policy->overrides[0].weighted_capacity, 2);
  EXPECT_FALSE(group.mixed_instances_policy->overrides[0].launch_template);
  const LaunchTemplateSpecification own{"lt-2", "", "3"};
  EXPECT_EQ(group.mixed_instances_policy->overrides[1].launch_template, own);
  EXPECT_EQ(group.availability_zones, (std::vector<std::string>{"eu-west-2a", "eu-west-2b"}));
  EXPECT_EQ(group.load_balancer_names, std::vector<std::string>{"classic-1"});
  ASSERT_EQ(group.suspended_processes.size(), 1U);
  EXPECT_EQ(group.suspended_processes[0].reason, "User suspended at 2026-09-27T04:49:13Z");
  EXPECT_EQ(group.tags.at("autorecycle_strategy"), "out-in & more");
  EXPECT_EQ(group.tags.at("empty"), "");
}

TEST(DescribeAutoScalingGroups, ReadsInstancesByTemplateAndByConfiguration) {
  test::CannedAws aws;
  aws.http.answer("DescribeAutoScalingGroups", groups_answer(kFullGroup));
  const auto groups = aws.loop.run(AutoScaling(aws.caller).describe_auto_scaling_groups({}));
  ASSERT_TRUE(groups);
  ASSERT_EQ(groups->front().instances.size(), 2U);
  const GroupInstance& first = groups->front().instances[0];
  EXPECT_EQ(first.id.value, "i-1");
  EXPECT_EQ(first.availability_zone, "eu-west-2a");
  EXPECT_TRUE(first.protected_from_scale_in);
  EXPECT_EQ(first.weighted_capacity, 2);
  EXPECT_EQ(first.launch_template->version, "6");
  const GroupInstance& second = groups->front().instances[1];
  EXPECT_EQ(second.lifecycle_state, "Quarantined");
  EXPECT_FALSE(second.launch_template);
  EXPECT_EQ(second.launch_configuration_name, "lc-1");
  EXPECT_EQ(second.weighted_capacity, 1);
}

TEST(DescribeAutoScalingGroups, NamesATargetGroupOnceHoweverItIsAttached) {
  test::CannedAws aws;
  aws.http.answer("DescribeAutoScalingGroups", groups_answer(kFullGroup));
  const auto groups = aws.loop.run(AutoScaling(aws.caller).describe_auto_scaling_groups({}));
  ASSERT_TRUE(groups);
  EXPECT_EQ(groups->front().target_group_arns,
            (std::vector<std::string>{"arn:tg/web/1", "arn:tg/web/2"}));
}

TEST(DescribeAutoScalingGroups, AsksForNamesTagsAndNoInstances) {
  test::CannedAws aws;
  aws.http.answer("DescribeAutoScalingGroups", groups_answer(""));
  DescribeAutoScalingGroupsOptions options;
  options.names = {GroupName("a b"), GroupName("c")};
  options.tag_keys = {"k1", "k2"};
  options.tag_values = {"v"};
  options.include_instances = false;
  const auto groups = aws.loop.run(AutoScaling(aws.caller).describe_auto_scaling_groups(options));
  ASSERT_TRUE(groups);
  EXPECT_TRUE(groups->empty());
  EXPECT_EQ(aws.request().body,
            "Action=DescribeAutoScalingGroups&Version=2011-01-01"
            "&AutoScalingGroupNames.member.1=a+b&AutoScalingGroupNames.member.2=c"
            "&Filters.member.1.Name=tag-key&Filters.member.1.Values.member.1=k1"
            "&Filters.member.1.Values.member.2=k2"
            "&Filters.member.2.Name=tag-value&Filters.member.2.Values.member.1=v&IncludeInstances="
            "false&MaxRecords=100");
}

TEST(DescribeAutoScalingGroups, ReadsAllPages) {
  test::CannedAws aws;
  aws.http.answer("DescribeAutoScalingGroups", groups_answer(small_group("a"), "t/1"));
  aws.http.answer("DescribeAutoScalingGroups", groups_answer(small_group("b"), "t/2"));
  aws.http.answer("DescribeAutoScalingGroups", groups_answer(small_group("c")));
  const auto groups = aws.loop.run(AutoScaling(aws.caller).describe_auto_scaling_groups({}));
  ASSERT_TRUE(groups);
  EXPECT_EQ(groups->size(), 3U);
  EXPECT_EQ(aws.parameter("NextToken", 0), "");
  EXPECT_EQ(aws.parameter("NextToken", 1), "t/1");
  EXPECT_EQ(aws.parameter("NextToken", 2), "t/2");
}

TEST(DescribeAutoScalingGroups, EndsWhenThePagesDoNot) {
  test::CannedAws aws;
  aws.http.answer("DescribeAutoScalingGroups", groups_answer("", "again"));
  const auto groups = aws.loop.run(AutoScaling(aws.caller).describe_auto_scaling_groups({}));
  ASSERT_FALSE(groups);
  EXPECT_EQ(groups.error().kind, base::ErrorKind::kFatal);
}

TEST(DescribeAutoScalingGroups, RefusesAGroupWithoutItsBounds) {
  test::CannedAws aws;
  aws.http.answer("DescribeAutoScalingGroups",
                  groups_answer("<member><AutoScalingGroupName>a</AutoScalingGroupName><MinSize>1"
                                "</MinSize></member>"));
  const auto groups = aws.loop.run(AutoScaling(aws.caller).describe_auto_scaling_groups({}));
  ASSERT_FALSE(groups);
  EXPECT_EQ(groups.error().code, "MalformedResponse");
  EXPECT_NE(groups.error().message.find("<MaxSize>"), std::string::npos);
}

struct Command {
  std::string operation;
  std::string parameters;  // after Action and Version
  std::function<boost::asio::awaitable<base::Result<void>>(AutoScaling&)> send;
  bool idempotent = true;
};

std::vector<Command> commands() {
  const GroupName web("web");
  return {
      {"UpdateAutoScalingGroup", "AutoScalingGroupName=web&MinSize=0&DesiredCapacity=4",
       [web](AutoScaling& client) {
         UpdateAutoScalingGroupOptions options;
         options.group = web;
         options.min_size = 0;
         options.desired_capacity = 4;
         return client.update_auto_scaling_group(options);
       }},
      {"UpdateAutoScalingGroup",
       "AutoScalingGroupName=web&LaunchTemplate.LaunchTemplateId=lt-1&LaunchTemplate.Version=6",
       [web](AutoScaling& client) {
         UpdateAutoScalingGroupOptions options;
         options.group = web;
         options.launch_template = {.id = "lt-1", .name = "web", .version = "6"};
         return client.update_auto_scaling_group(options);
       }},
      {"SetDesiredCapacity", "AutoScalingGroupName=web&DesiredCapacity=3",
       [web](AutoScaling& client) { return client.set_desired_capacity(web, 3); }},
      {"TerminateInstanceInAutoScalingGroup", "InstanceId=i-1&ShouldDecrementDesiredCapacity=true",
       [](AutoScaling& client) {
         return client.terminate_instance_in_auto_scaling_group(InstanceId("i-1"), true);
       },
       false},
      {"SuspendProcesses", "AutoScalingGroupName=web&ScalingProcesses.member.1=AZRebalance",
       [web](AutoScaling& client) { return client.suspend_processes(web, {"AZRebalance"}); }},
      {"ResumeProcesses",
       "AutoScalingGroupName=web&ScalingProcesses.member.1=A&ScalingProcesses.member.2=B",
       [web](AutoScaling& client) {
         return client.resume_processes(web, {"A", "B"});
       }},
      {"SetInstanceProtection",
       "AutoScalingGroupName=web&InstanceIds.member.1=i-1&ProtectedFromScaleIn=false",
       [web](AutoScaling& client) {
         return client.set_instance_protection(web, {InstanceId("i-1")}, false);
       }},
      {"CreateOrUpdateTags",
       "Tags.member.1.ResourceId=web&Tags.member.1.ResourceType=auto-scaling-group"
       "&Tags.member.1.Key=a%3Ab&Tags.member.1.Value=1+2&Tags.member.1.PropagateAtLaunch=false",
       [web](AutoScaling& client) {
         return client.create_or_update_tags(web, {{"a:b", "1 2"}});
       }},
      {"DeleteTags",
       "Tags.member.1.ResourceId=web&Tags.member.1.ResourceType=auto-scaling-group"
       "&Tags.member.1.Key=a&Tags.member.2.ResourceId=web"
       "&Tags.member.2.ResourceType=auto-scaling-group&Tags.member.2.Key=b",
       [web](AutoScaling& client) {
         return client.delete_tags(web, {"a", "b"});
       },
       false},
  };
}

TEST(AutoScalingCommands, SendExactlyTheDocumentedParameters) {
  for (const Command& command : commands()) {
    test::CannedAws aws;
    aws.http.answer(command.operation, answer_of(command.operation, ""));
    AutoScaling client(aws.caller);
    const auto done = aws.loop.run(command.send(client));
    ASSERT_TRUE(done) << command.operation << done.error().to_string();
    EXPECT_EQ(aws.request().body,
              "Action=" + command.operation + "&Version=2011-01-01&" + command.parameters);
    EXPECT_EQ(aws.http.fresh_connections.front(), !command.idempotent) << command.operation;
  }
}

TEST(AutoScalingCommands, AreSentOnceAfterALostAnswerUnlessIdempotent) {
  for (const Command& command : commands()) {
    test::CannedAws aws;
    aws.http.fail(command.operation, {base::ErrorKind::kRetry, "Timeout", "no answer", {}});
    aws.http.answer(command.operation, answer_of(command.operation, ""));
    AutoScaling client(aws.caller);
    const auto done = aws.loop.run(command.send(client));
    EXPECT_EQ(done.has_value(), command.idempotent) << command.operation;
    EXPECT_EQ(aws.http.requests.size(), command.idempotent ? 2U : 1U) << command.operation;
  }
}

TEST(AutoScalingCommands, NeverResumeProcessesWithoutNamingThem) {
  test::CannedAws aws;
  AutoScaling client(aws.caller);
  EXPECT_FALSE(aws.loop.run(client.resume_processes(GroupName("web"), {})));
  EXPECT_TRUE(aws.http.requests.empty());
}

TEST(DescribeInstanceRefreshes, TellsOnlyOfOneThatRuns) {
  const auto read = [](const std::string& status) {
    test::CannedAws aws;
    aws.http.answer(
        "DescribeInstanceRefreshes",
        answer_of("DescribeInstanceRefreshes",
                  "<InstanceRefreshes><member><InstanceRefreshId>r-1</InstanceRefreshId><Status>" +
                      status +
                      "</Status><PercentageComplete>40</PercentageComplete></member>"
                      "</InstanceRefreshes>"));
    return aws.loop.run(AutoScaling(aws.caller).describe_running_refresh(GroupName("web"))).value();
  };
  for (const char* running : {"Pending", "InProgress", "Baking", "Cancelling", "SomethingNew"}) {
    const auto refresh = read(running);
    ASSERT_TRUE(refresh) << running;
    EXPECT_EQ(refresh->id, "r-1");
    EXPECT_EQ(refresh->percentage_complete, 40);
  }
  for (const char* ended : {"Successful", "Failed", "Cancelled", "RollbackSuccessful"}) {
    EXPECT_FALSE(read(ended)) << ended;
  }
}

TEST(DescribeScalingActivities, ReadsOnePage) {
  test::CannedAws aws;
  aws.http.answer(
      "DescribeScalingActivities",
      answer_of("DescribeScalingActivities",
                "<Activities><member><ActivityId>a-1</ActivityId><StatusCode>Failed</StatusCode>"
                "<StatusMessage>no capacity</StatusMessage><Cause>c</Cause><Progress>100</Progress>"
                "<StartTime>2026-01-02T03:04:06.915Z</StartTime></member></Activities>"
                "<NextToken>more</NextToken>"));
  const auto activities =
      aws.loop.run(AutoScaling(aws.caller).describe_scaling_activities(GroupName("web"), 20));
  ASSERT_TRUE(activities);
  ASSERT_EQ(activities->size(), 1U);
  EXPECT_EQ(activities->front().status_message, "no capacity");
  EXPECT_EQ(activities->front().progress, 100);
  EXPECT_EQ(aws.parameter("MaxRecords"), "20");
  EXPECT_EQ(aws.http.requests.size(), 1U);
}

}  // namespace
}  // namespace aws
