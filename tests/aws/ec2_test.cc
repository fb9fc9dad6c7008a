#include "aws/ec2.h"

#include "tests/support/canned_aws.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace aws {
namespace {

using base::InstanceId;

std::string templates_answer(const std::string& items) {
  return "<DescribeLaunchTemplatesResponse><requestId>r</requestId><launchTemplates>" + items +
         "</launchTemplates></DescribeLaunchTemplatesResponse>";
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

TEST(DescribeLaunchTemplates, ReadsTheLatestAndTheDefaultVersion) {
  test::CannedAws aws;
  aws.http.answer("DescribeLaunchTemplates",
                  templates_answer("<item><launchTemplateId>lt-1</launchTemplateId>"
                                   "<launchTemplateName>web</launchTemplateName>"
                                   "<createTime>2026-01-02T03:04:05.000Z</createTime>"
                                   "<defaultVersionNumber>3</defaultVersionNumber>"
                                   "<latestVersionNumber>7</latestVersionNumber></item>"));
  const auto templates = aws.loop.run(
      Ec2(aws.caller).describe_launch_templates({.ids = {"lt-1", "lt-2"}, .names = {}}));
  ASSERT_TRUE(templates) << templates.error().to_string();
  ASSERT_EQ(templates->size(), 1U);
  EXPECT_EQ(templates->front().id, "lt-1");
  EXPECT_EQ(templates->front().name, "web");
  EXPECT_EQ(templates->front().latest_version, 7);
  EXPECT_EQ(templates->front().default_version, 3);
  EXPECT_EQ(aws.request().body,
            "Action=DescribeLaunchTemplates&Version=2016-11-15&LaunchTemplateId.1=lt-1"
            "&LaunchTemplateId.2=lt-2");
}

TEST(DescribeLaunchTemplates, NamesTheTemplateWhenItsIdIsUnknown) {
  test::CannedAws aws;
  aws.http.answer("DescribeLaunchTemplates", templates_answer(""));
  const auto templates =
      aws.loop.run(Ec2(aws.caller).describe_launch_templates({.ids = {}, .names = {"web"}}));
  ASSERT_TRUE(templates);
  EXPECT_EQ(aws.parameter("LaunchTemplateName.1"), "web");
  EXPECT_EQ(aws.parameter("LaunchTemplateId.1"), "");
}

TEST(DescribeLaunchTemplates, NeverListsAllOfTheAccounts) {
  test::CannedAws aws;
  const auto templates = aws.loop.run(Ec2(aws.caller).describe_launch_templates({}));
  ASSERT_TRUE(templates);
  EXPECT_TRUE(templates->empty());
  EXPECT_TRUE(aws.http.requests.empty());
}

TEST(DescribeLaunchTemplates, SaysNotFoundForAMissingTemplate) {
  test::CannedAws aws;
  aws.http.answer("DescribeLaunchTemplates",
                  "<Response><Errors><Error><Code>InvalidLaunchTemplateId.NotFound</Code><Message>"
                  "gone</Message></Error></Errors><RequestID>r-9</RequestID></Response>",
                  400);
  const auto templates =
      aws.loop.run(Ec2(aws.caller).describe_launch_templates({.ids = {"lt-1"}, .names = {}}));
  ASSERT_FALSE(templates);
  EXPECT_EQ(templates.error().kind, base::ErrorKind::kNotFound);
  EXPECT_EQ(templates.error().request_id, "r-9");
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
  for (int i = 0; i < 250; ++i) ids.emplace_back(fmt::format("i-{}", i));
  const auto found = aws.loop.run(Ec2(aws.caller).describe_instances(ids));
  ASSERT_TRUE(found);
  ASSERT_EQ(aws.http.requests.size(), 3U);  // two pages of the first chunk, one of the second
  EXPECT_EQ(aws.parameter("Filter.1.Value.200", 0), "i-199");
  EXPECT_EQ(aws.parameter("Filter.1.Value.201", 0), "");
  EXPECT_EQ(aws.parameter("NextToken", 1), "next");
  EXPECT_EQ(aws.parameter("Filter.1.Value.50", 2), "i-249");
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
