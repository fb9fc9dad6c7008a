#include "aws/ec2.h"

#include "tests/support/canned_aws.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace aws {
namespace {

using base::InstanceId;

std::string versions_answer(const std::string& items) {
  return "<DescribeLaunchTemplateVersionsResponse><requestId>r</requestId>"
         "<launchTemplateVersionSet>" +
         items + "</launchTemplateVersionSet></DescribeLaunchTemplateVersionsResponse>";
}

std::string instance(const std::string& id, const std::string& state) {
  return fmt::format(
      "<item><instanceId>{}</instanceId><instanceState><code>16</code><name>{}</name>"
      "</instanceState><launchTime>2026-01-02T03:04:05.000Z</launchTime></item>",
      id, state);
}

std::string instances_answer(const std::string& items, const std::string& token = "") {
  return "<DescribeInstancesResponse><reservationSet><item><reservationId>r-1</reservationId>"
         "<instancesSet>" +
         items + "</instancesSet></item></reservationSet>" +
         (token.empty() ? "" : "<nextToken>" + token + "</nextToken>") +
         "</DescribeInstancesResponse>";
}

TEST(DescribeLaunchTemplateVersions, ReadsVersionNumbersAndTheDefault) {
  test::CannedAws aws;
  aws.http.answer("DescribeLaunchTemplateVersions",
                  versions_answer("<item><launchTemplateId>lt-1</launchTemplateId>"
                                  "<launchTemplateName>web</launchTemplateName><versionNumber>7"
                                  "</versionNumber><defaultVersion>true</defaultVersion></item>"));
  const auto versions = aws.loop.run(
      Ec2(aws.caller).describe_launch_template_versions({"lt-1", "web", ""}, {"$Latest", "3"}));
  ASSERT_TRUE(versions) << versions.error().to_string();
  ASSERT_EQ(versions->size(), 1U);
  EXPECT_EQ(versions->front().template_id, "lt-1");
  EXPECT_EQ(versions->front().version, 7);
  EXPECT_TRUE(versions->front().is_default);
  EXPECT_EQ(aws.request().body,
            "Action=DescribeLaunchTemplateVersions&Version=2016-11-15&LaunchTemplateId=lt-1"
            "&LaunchTemplateVersion.1=%24Latest&LaunchTemplateVersion.2=3");
}

TEST(DescribeLaunchTemplateVersions, NamesTheTemplateWhenItsIdIsUnknown) {
  test::CannedAws aws;
  aws.http.answer("DescribeLaunchTemplateVersions", versions_answer(""));
  const auto versions =
      aws.loop.run(Ec2(aws.caller).describe_launch_template_versions({"", "web", ""}, {"1"}));
  ASSERT_TRUE(versions);
  EXPECT_EQ(aws.parameter("LaunchTemplateName"), "web");
  EXPECT_EQ(aws.parameter("LaunchTemplateId"), "");
}

TEST(DescribeLaunchTemplateVersions, SaysNotFoundForAMissingTemplate) {
  test::CannedAws aws;
  aws.http.answer("DescribeLaunchTemplateVersions",
                  "<Response><Errors><Error><Code>InvalidLaunchTemplateId.NotFound</Code><Message>"
                  "gone</Message></Error></Errors><RequestID>r-9</RequestID></Response>",
                  400);
  const auto versions =
      aws.loop.run(Ec2(aws.caller).describe_launch_template_versions({"lt-1", "", ""}, {"1"}));
  ASSERT_FALSE(versions);
  EXPECT_EQ(versions.error().kind, base::ErrorKind::kNotFound);
  EXPECT_EQ(versions.error().request_id, "r-9");
}

TEST(DescribeInstances, AsksByFilterSoThatUnknownIdsAreSimplyAbsent) {
  test::CannedAws aws;
  aws.http.answer("DescribeInstances", instances_answer(instance("i-1", "shutting-down")));
  const auto found =
      aws.loop.run(Ec2(aws.caller).describe_instances({InstanceId("i-1"), InstanceId("i-2")}));
  ASSERT_TRUE(found) << found.error().to_string();
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().state, "shutting-down");
  EXPECT_EQ(base::format_rfc3339(found->front().launch_time), "2026-01-02T03:04:05Z");
  EXPECT_EQ(aws.request().body,
            "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=instance-id"
            "&Filter.1.Value.1=i-1&Filter.1.Value.2=i-2");
}

TEST(DescribeInstances, AsksInChunksAndReadsAllPages) {
  test::CannedAws aws;
  aws.http.answer("DescribeInstances", instances_answer(instance("i-1", "running"), "next"));
  aws.http.answer("DescribeInstances", instances_answer(instance("i-2", "running")));
  std::vector<InstanceId> ids;
  for (int i = 0; i < 150; ++i) ids.emplace_back(fmt::format("i-{}", i));
  const auto found = aws.loop.run(Ec2(aws.caller).describe_instances(ids));
  ASSERT_TRUE(found);
  ASSERT_EQ(aws.http.requests.size(), 3U);  // two pages of the first chunk, one of the second
  EXPECT_EQ(aws.parameter("Filter.1.Value.100", 0), "i-99");
  EXPECT_EQ(aws.parameter("Filter.1.Value.101", 0), "");
  EXPECT_EQ(aws.parameter("NextToken", 1), "next");
  EXPECT_EQ(aws.parameter("Filter.1.Value.50", 2), "i-149");
}

TEST(DescribeInstances, AsksNothingForNoIds) {
  test::CannedAws aws;
  const auto found = aws.loop.run(Ec2(aws.caller).describe_instances({}));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->empty());
  EXPECT_TRUE(aws.http.requests.empty());  // without a filter EC2 would list the whole account
}

TEST(DescribeInstances, RefusesAnInstanceWithoutItsState) {
  test::CannedAws aws;
  aws.http.answer("DescribeInstances",
                  instances_answer("<item><instanceId>i-1</instanceId></item>"));
  const auto found = aws.loop.run(Ec2(aws.caller).describe_instances({InstanceId("i-1")}));
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find("<instanceState>"), std::string::npos);
}

}  // namespace
}  // namespace aws
