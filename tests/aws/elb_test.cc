#include "aws/elb.h"

#include "tests/support/canned_aws.h"

#include <gtest/gtest.h>

namespace aws {
namespace {

TEST(DescribeTargetHealth, ReadsOneEntryPerTargetAndPort) {
  test::CannedAws aws;
  aws.http.answer(
      "DescribeTargetHealth",
      "<DescribeTargetHealthResponse><DescribeTargetHealthResult><TargetHealthDescriptions>"
      "<member><Target><Id>i-1</Id><Port>80</Port></Target><TargetHealth><State>healthy</State>"
      "</TargetHealth></member><member><Target><Id>i-1</Id><Port>81</Port></Target><TargetHealth>"
      "<State>initial</State><Reason>Elb.RegistrationInProgress</Reason></TargetHealth></member>"
      "</TargetHealthDescriptions></DescribeTargetHealthResult></DescribeTargetHealthResponse>");
  const auto targets = aws.loop.run(Elb(aws.caller).describe_target_health("arn:tg/web/1"));
  ASSERT_TRUE(targets) << targets.error().to_string();
  ASSERT_EQ(targets->size(), 2U);
  EXPECT_EQ((*targets)[0].state, "healthy");
  EXPECT_EQ((*targets)[1].target.value, "i-1");
  EXPECT_EQ((*targets)[1].reason, "Elb.RegistrationInProgress");
  EXPECT_EQ(aws.request().body,
            "Action=DescribeTargetHealth&Version=2015-12-01&TargetGroupArn=arn%3Atg%2Fweb%2F1");
}

TEST(DescribeInstanceHealth, ReadsTheClassicStates) {
  test::CannedAws aws;
  aws.http.answer(
      "DescribeInstanceHealth",
      "<DescribeInstanceHealthResponse><DescribeInstanceHealthResult><InstanceStates><member>"
      "<InstanceId>i-1</InstanceId><State>OutOfService</State><ReasonCode>ELB</ReasonCode></member>"
      "</InstanceStates></DescribeInstanceHealthResult></DescribeInstanceHealthResponse>");
  const auto targets = aws.loop.run(Elb(aws.caller).describe_instance_health("classic-1"));
  ASSERT_TRUE(targets) << targets.error().to_string();
  ASSERT_EQ(targets->size(), 1U);
  EXPECT_EQ(targets->front().state, "OutOfService");
  EXPECT_EQ(aws.request().body,
            "Action=DescribeInstanceHealth&Version=2012-06-01&LoadBalancerName=classic-1");
}

TEST(ElbClients, SignBothVersionsWithTheSameServiceName) {
  test::CannedAws aws;
  (void)aws.loop.run(Elb(aws.caller).describe_target_health("arn"));
  (void)aws.loop.run(Elb(aws.caller).describe_instance_health("name"));
  for (std::size_t i = 0; i < 2; ++i) {
    const auto header = base::find_header(aws.request(i).headers, "authorization");
    ASSERT_TRUE(header);
    EXPECT_NE(header->find("/elasticloadbalancing/aws4_request"), std::string_view::npos);
  }
}

}  // namespace
}  // namespace aws
