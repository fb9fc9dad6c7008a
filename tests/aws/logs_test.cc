#include "aws/logs.h"

#include "tests/aws/scripted_world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace {

using nlohmann::json;

struct World : ScriptedWorld {
  aws::Logs logs{caller};
  json sent(std::size_t index) { return json::parse(http.request(index).body); }
};

base::TimePoint at(int seconds) {
  return base::parse_rfc3339("2026-01-02T03:04:05Z").value() + std::chrono::seconds(seconds);
}

TEST(Logs, FiltersEventsOfATimeRange) {
  World world;
  world.http.answer(200, R"({"events":[{"logStreamName":"s1","timestamp":1767323045123,
    "message":"ERROR x","eventId":"1"}],"nextToken":"n"})");
  aws::FilterLogEventsOptions options;
  options.group = "/aws/lambda/web";
  options.pattern = "ERROR";
  options.from = at(0);
  options.to = at(60);
  options.next_token = "m";
  const auto page = world.loop.run(world.logs.filter_log_events(options)).value();
  ASSERT_EQ(page.events.size(), 1U);
  EXPECT_EQ(base::format_rfc3339(page.events[0].time), "2026-01-02T03:04:05.123Z");
  EXPECT_EQ(page.events[0].stream, "s1");
  EXPECT_EQ(page.next_token, "n");
  EXPECT_EQ(world.sent(0), json::parse(R"({"logGroupName":"/aws/lambda/web","filterPattern":"ERROR",
    "startTime":1767323045000,"endTime":1767323105000,"limit":10000,"nextToken":"m"})"));
  EXPECT_EQ(world.http.header(0, "x-amz-target"), "Logs_20140328.FilterLogEvents");
}

TEST(Logs, AnEmptyPageIsNotTheLastOne) {
  World world;
  world.http.answer(200, R"({"events":[],"nextToken":"n"})");
  EXPECT_EQ(world.loop.run(world.logs.filter_log_events({})).value().next_token, "n");
}

TEST(Logs, AStreamEndsWhereTheTokenStaysTheSame) {
  World world;
  world.http.answer(200, R"({"events":[{"timestamp":1,"message":"a"}],"nextForwardToken":"f/1"})");
  world.http.answer(200, R"({"events":[],"nextForwardToken":"f/1"})");
  aws::GetLogEventsOptions options;
  options.group = "g";
  options.stream = "s";
  const auto first = world.loop.run(world.logs.get_log_events(options)).value();
  EXPECT_EQ(first.events.at(0).stream, "s");
  EXPECT_EQ(first.next_token, "f/1");
  options.next_token = first.next_token;
  EXPECT_EQ(world.loop.run(world.logs.get_log_events(options)).value().next_token, "");
  EXPECT_EQ(world.sent(0)["startFromHead"], true);
}

TEST(Logs, AStreamWithoutEventsHasNoTimes) {
  World world;
  world.http.answer(200, R"({"logStreams":[{"logStreamName":"a","firstEventTimestamp":1000,
    "lastEventTimestamp":2000},{"logStreamName":"b"}]})");
  aws::LogStreamsOptions options;
  options.group = "g";
  options.newest_first = true;
  const auto page = world.loop.run(world.logs.describe_log_streams(options)).value();
  ASSERT_EQ(page.streams.size(), 2U);
  EXPECT_EQ(page.streams[0].last_event, base::TimePoint(std::chrono::seconds(2)));
  EXPECT_FALSE(page.streams[1].last_event);
  EXPECT_EQ(world.sent(0)["orderBy"], "LastEventTime");
  EXPECT_EQ(world.sent(0)["descending"], true);
}

TEST(Logs, PutsLinesInTheOrderOfTimeAndInBatchesThatAwsTakes) {
  World world;
  world.http.otherwise(200, "{}");
  const std::string half(600'000, 'x');  // two of them are too much for one call
  std::vector<aws::LogLine> lines = {{at(20), half}, {at(10), half}, {at(24 * 3600 + 10), "late"}};
  EXPECT_EQ(world.loop.run(world.logs.put_log_events("g", "s", lines)).value(), 0U);
  ASSERT_EQ(world.http.sent().size(), 2U);
  EXPECT_EQ(world.sent(0)["logEvents"].size(), 1U);
  EXPECT_EQ(world.sent(0)["logEvents"][0]["timestamp"], 1767323055000);
  EXPECT_EQ(world.sent(1)["logEvents"].size(), 2U);
}

TEST(Logs, ABatchSpansLessThanADayAndHoldsTenThousandLines) {
  World world;
  world.http.otherwise(200, "{}");
  world.loop.run(world.logs.put_log_events("g", "s", {{at(0), "a"}, {at(24 * 3600), "b"}})).value();
  EXPECT_EQ(world.http.sent().size(), 2U);
  std::vector<aws::LogLine> many(10'001, aws::LogLine{at(0), "x"});
  world.loop.run(world.logs.put_log_events("g", "s", many)).value();
  EXPECT_EQ(world.sent(2)["logEvents"].size(), 10'000U);
  EXPECT_EQ(world.sent(3)["logEvents"].size(), 1U);
}

TEST(Logs, CountsTheLinesThatAwsRefused) {
  World world;
  world.http.answer(200, R"({"rejectedLogEventsInfo":{"tooOldLogEventEndIndex":1,
    "tooNewLogEventStartIndex":3}})");
  std::vector<aws::LogLine> lines(4, aws::LogLine{at(0), "x"});
  EXPECT_EQ(world.loop.run(world.logs.put_log_events("g", "s", lines)).value(), 2U);
}

TEST(Logs, RefusesALineThatNoCallCanCarryBeforeAnythingIsSent) {
  World world;
  for (const std::size_t size :
       {std::size_t(0), aws::kLogBatchBytesMax - aws::kLogLineOverhead + 1}) {
    std::vector<aws::LogLine> lines = {{at(0), "fine"}, {at(0), std::string(size, 'x')}};
    EXPECT_EQ(world.loop.run(world.logs.put_log_events("g", "s", lines)).error().kind,
              base::ErrorKind::kInvalid);
  }
  EXPECT_TRUE(world.http.sent().empty());
}

TEST(Logs, AStreamThatExistsIsAsGoodAsCreated) {
  World world;
  world.http.answer(400, R"({"__type":"ResourceAlreadyExistsException","message":"there"})");
  world.http.answer(200, "");
  world.http.answer(400, R"({"__type":"ResourceNotFoundException","message":"no group"})");
  EXPECT_TRUE(world.loop.run(world.logs.create_log_stream("g", "s")).has_value());
  EXPECT_TRUE(world.loop.run(world.logs.create_log_stream("g", "s")).has_value());
  EXPECT_EQ(world.loop.run(world.logs.create_log_stream("g", "s")).error().kind,
            base::ErrorKind::kNotFound);
}

}  // namespace
