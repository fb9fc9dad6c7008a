#include "aws/cloudwatch.h"

#include "base/gzip.h"
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

MetricDatum datum(std::vector<double> values, std::vector<double> counts = {}) {
  MetricDatum datum;
  datum.name = "autorecycle_age_seconds";
  datum.dimensions = {{"queue", "events"}};
  datum.at = base::TimePoint(std::chrono::seconds(1'767'323'045));
  datum.unit = "Seconds";
  datum.values = std::move(values);
  datum.counts = std::move(counts);
  return datum;
}

const char* const kTaken = "<PutMetricDataResponse><ResponseMetadata/></PutMetricDataResponse>";

TEST(PutMetricData, WritesOneValueOrValuesWithTheirCounts) {
  test::CannedAws aws;
  aws.http.answer("PutMetricData", kTaken);
  const auto put = aws.loop.run(
      CloudWatch(aws.caller).put_metric_data("Ours", {datum({2.5}), datum({1, 4}, {3, 1})}));
  ASSERT_TRUE(put) << put.error().to_string();
  EXPECT_EQ(aws.request().body,
            "Action=PutMetricData&Version=2010-08-01&Namespace=Ours"
            "&MetricData.member.1.MetricName=autorecycle_age_seconds"
            "&MetricData.member.1.Dimensions.member.1.Name=queue"
            "&MetricData.member.1.Dimensions.member.1.Value=events"
            "&MetricData.member.1.Timestamp=2026-01-02T03%3A04%3A05Z"
            "&MetricData.member.1.Unit=Seconds&MetricData.member.1.Value=2.5"
            "&MetricData.member.2.MetricName=autorecycle_age_seconds"
            "&MetricData.member.2.Dimensions.member.1.Name=queue"
            "&MetricData.member.2.Dimensions.member.1.Value=events"
            "&MetricData.member.2.Timestamp=2026-01-02T03%3A04%3A05Z"
            "&MetricData.member.2.Unit=Seconds"
            "&MetricData.member.2.Values.member.1=1&MetricData.member.2.Values.member.2=4"
            "&MetricData.member.2.Counts.member.1=3&MetricData.member.2.Counts.member.2=1");
}

// CloudWatch would add the second one up, too; and libcurl repeats a POST on a kept connection.
TEST(PutMetricData, IsNotRepeatedWhereItMayHaveArrived) {
  test::CannedAws aws;
  aws.http.fail("PutMetricData", {base::ErrorKind::kRetry, "Timeout", "no answer in time", {}});
  EXPECT_FALSE(aws.loop.run(CloudWatch(aws.caller).put_metric_data("Ours", {datum({1})})));
  EXPECT_EQ(aws.http.requests.size(), 1U);
  EXPECT_TRUE(aws.http.fresh_connections.at(0));
}

TEST(PutMetricData, CompressesWhatIsLong) {
  test::CannedAws aws;
  aws.http.answer("", kTaken);
  const std::vector<MetricDatum> data(500, datum({1}));
  ASSERT_TRUE(aws.loop.run(CloudWatch(aws.caller).put_metric_data("Ours", data)));
  EXPECT_EQ(base::find_header(aws.request().headers, "content-encoding").value_or(""), "gzip");
  const auto body = base::gunzip(aws.request().body, 1U << 20U);
  ASSERT_TRUE(body);
  EXPECT_GT(body->size(), 10 * aws.request().body.size());
  EXPECT_LE(body->size(), 200 + 500 * CloudWatch::body_bytes(datum({1})));
}

}  // namespace
}  // namespace aws
