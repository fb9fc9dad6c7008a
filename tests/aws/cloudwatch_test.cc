#include "aws/cloudwatch.h"

#include "tests/support/canned_aws.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace aws {
namespace {

std::string member(const std::string& name, const std::string& state, const std::string& times) {
  return fmt::format("<member><AlarmName>{}</AlarmName><StateValue>{}</StateValue>{}</member>",
                     name, state, times);
}

std::string answer(const std::string& metric, const std::string& composite,
                   const std::string& token = {}) {
  return fmt::format(
      "<DescribeAlarmsResponse><DescribeAlarmsResult><MetricAlarms>{}</MetricAlarms>"
      "<CompositeAlarms>{}</CompositeAlarms>{}</DescribeAlarmsResult></DescribeAlarmsResponse>",
      metric, composite, token.empty() ? "" : "<NextToken>" + token + "</NextToken>");
}

const std::string kBoth =
    "<StateUpdatedTimestamp>2026-01-02T03:00:00.5Z</StateUpdatedTimestamp>"
    "<StateTransitionedTimestamp>2026-01-02T02:00:00Z</StateTransitionedTimestamp>";
const std::string kUpdatedOnly =
    "<StateUpdatedTimestamp>2026-01-02T03:00:00Z</StateUpdatedTimestamp>";

TEST(DescribeAlarms, ReadsMetricAndCompositeAlarmsWithTheTimeOfTheirLastChange) {
  test::CannedAws aws;
  aws.http.answer("DescribeAlarms",
                  answer(member("web-5xx", "ALARM", kBoth), member("web", "OK", kUpdatedOnly)));
  const auto alarms = aws.loop.run(CloudWatch(aws.caller).describe_alarms({"web-5xx", "web"}));
  ASSERT_TRUE(alarms) << alarms.error().to_string();
  ASSERT_EQ(alarms->size(), 2U);
  EXPECT_EQ((*alarms)[0].name, "web-5xx");
  EXPECT_EQ((*alarms)[0].state, "ALARM");
  EXPECT_EQ(base::format_rfc3339((*alarms)[0].since), "2026-01-02T02:00:00Z");
  EXPECT_EQ(base::format_rfc3339((*alarms)[1].since), "2026-01-02T03:00:00Z");
  EXPECT_EQ(aws.request().body,
            "Action=DescribeAlarms&Version=2010-08-01&AlarmNames.member.1=web-5xx&"
            "AlarmNames.member.2=web&AlarmTypes.member.1=CompositeAlarm&"
            "AlarmTypes.member.2=MetricAlarm&MaxRecords=100");
}

TEST(DescribeAlarms, AsksForAHundredNamesAtATimeAndForEveryPage) {
  test::CannedAws aws;
  aws.http.answer("DescribeAlarms", answer(member("a-0", "OK", kBoth), "", "more"));
  aws.http.answer("DescribeAlarms", answer(member("a-1", "OK", kBoth), ""));
  std::vector<std::string> names;
  for (int i = 0; i < 150; ++i) names.push_back(fmt::format("a-{}", i));
  const auto alarms = aws.loop.run(CloudWatch(aws.caller).describe_alarms(names));
  ASSERT_TRUE(alarms) << alarms.error().to_string();
  ASSERT_EQ(aws.http.requests.size(), 3U);
  EXPECT_EQ(aws.parameter("AlarmNames.member.100"), "a-99");
  EXPECT_EQ(aws.parameter("AlarmNames.member.101"), "");
  EXPECT_EQ(aws.parameter("NextToken", 1), "more");
  EXPECT_EQ(aws.parameter("AlarmNames.member.50", 2), "a-149");
}

TEST(DescribeAlarms, AsksNothingForNoNames) {
  test::CannedAws aws;
  const auto alarms = aws.loop.run(CloudWatch(aws.caller).describe_alarms({}));
  ASSERT_TRUE(alarms);
  EXPECT_TRUE(aws.http.requests.empty());
}

TEST(DescribeAlarms, RefusesAnAnswerWithoutAState) {
  test::CannedAws aws;
  aws.http.answer("DescribeAlarms", answer("<member><AlarmName>x</AlarmName></member>", ""));
  const auto alarms = aws.loop.run(CloudWatch(aws.caller).describe_alarms({"x"}));
  ASSERT_FALSE(alarms);
  EXPECT_EQ(alarms.error().code, "MalformedResponse");
}

}  // namespace
}  // namespace aws
