#include "tests/oncall/rig.h"

#include <fmt/format.h>

namespace test {
namespace {

class LogJobs : public OncallRig {
 protected:
  static constexpr const char* kGroup = "/aws/lambda/checkout";
  void write(base::Duration ago, const std::string& stream, const std::string& message) {
    region.logs().write_at(loop.clock().now() - ago, kGroup, stream, message);
  }
};

TEST_F(LogJobs, LogsOfAServiceInTheSeedsWords) {
  write(10min, "2026/01/02/[$LATEST]a", "START");
  write(9min, "2026/01/02/[$LATEST]a", "ERROR no stock");
  write(8min, "2026/01/02/[$LATEST]b", "ERROR timeout");
  const auto outcome = run("debug-logs", {{"service_name", "checkout"}});
  EXPECT_EQ(outcome.status, 200) << outcome.text();
  EXPECT_EQ(outcome.body["log_group"], kGroup);
  ASSERT_EQ(outcome.body["streams"].size(), 2U);
  EXPECT_EQ(outcome.body["streams"][0]["name"], "2026/01/02/[$LATEST]b") << "the newest first";
  ASSERT_EQ(outcome.body["events"].size(), 3U);
  EXPECT_EQ(outcome.body["events"][1]["message"], "ERROR no stock");
  EXPECT_EQ(outcome.body["events_complete"], true);
  EXPECT_EQ(outcome.body["streams_complete"], true);
}

TEST_F(LogJobs, LogsOfEveryPageAlsoOfEmptyOnes) {
  region.logs().set_scan_max(10);  // most pages hold nothing that fits
  for (int i = 0; i < 95; ++i) {
    write(std::chrono::seconds(1000 - i), "s", i % 30 == 29 ? "ERROR here" : "fine");
  }
  for (int i = 0; i < 120; ++i) write(30min, fmt::format("stream-{:03}", i), "old");
  const auto outcome =
      run("debug-logs", {{"service_name", "checkout"}, {"pattern", "ERROR"}, {"streams", 1000}});
  EXPECT_EQ(outcome.body["events"].size(), 3U);
  EXPECT_GT(outcome.calls.at("logs:FilterLogEvents"), 9);
  EXPECT_EQ(outcome.body["streams"].size(), 121U);
  EXPECT_EQ(outcome.calls.at("logs:DescribeLogStreams"), 3);
}

TEST_F(LogJobs, LogsStopAtTheirLimitsAndSayThatThereIsMore) {
  for (int i = 0; i < 30; ++i) write(5min, fmt::format("s{}", i), "line");
  const auto few =
      run("debug-logs", {{"service_name", "checkout"}, {"events", 10}, {"streams", 5}});
  EXPECT_EQ(few.body["events"].size(), 10U);
  EXPECT_EQ(few.body["events_complete"], false);
  EXPECT_EQ(few.body["streams"].size(), 5U);
  EXPECT_EQ(few.body["streams_complete"], false);
  const auto all =
      run("debug-logs", {{"service_name", "checkout"}, {"events", 30}, {"streams", 30}});
  EXPECT_EQ(all.body["events_complete"], true) << "exactly the limit is everything";
  EXPECT_EQ(all.body["streams_complete"], true);
}

TEST_F(LogJobs, LogsFitIntoAMessageWhateverTheyHold) {
  for (int i = 0; i < 400; ++i) write(5min, "s", std::string(10'000, 'x'));
  const auto outcome = run("debug-logs", {{"service_name", "checkout"}, {"events", 5000}});
  EXPECT_EQ(outcome.status, 200);
  EXPECT_LT(outcome.body.dump().size(), 256'000U);
  EXPECT_EQ(outcome.body["events_complete"], false);
  EXPECT_EQ(outcome.body["events"][0]["message"].get<std::string>().size(), 2'000U);
}

TEST_F(LogJobs, LogsOfAPeriodOnly) {
  write(3h, "s", "early");
  write(2h, "s", "middle");
  write(1h, "s", "late");
  const auto at = [&](base::Duration ago) {
    return base::format_rfc3339(loop.clock().now() - ago);
  };
  const auto since = run("debug-logs", {{"service_name", "checkout"}, {"since", "150m"}});
  EXPECT_EQ(since.body["events"].size(), 2U);
  const auto period =
      run("debug-logs", {{"service_name", "checkout"}, {"from", at(150min)}, {"to", at(90min)}});
  ASSERT_EQ(period.body["events"].size(), 1U);
  EXPECT_EQ(period.body["events"][0]["message"], "middle");
  const auto backwards =
      run("debug-logs", {{"service_name", "checkout"}, {"from", at(90min)}, {"to", at(150min)}});
  EXPECT_EQ(backwards.status, 400);
  EXPECT_NE(backwards.text().find("from: "), std::string::npos) << backwards.text();
  EXPECT_EQ(run("debug-logs", {{"service_name", "checkout"}, {"from", "yesterday"}}).status, 400);
  EXPECT_EQ(run("debug-logs", {{"service_name", "checkout"}, {"since", "1 hour"}}).status, 400);
}

TEST_F(LogJobs, LogsOfStreamsThatBeginAsAsked) {
  write(5min, "web/1", "a");
  write(5min, "api/1", "b");
  const auto outcome = run("debug-logs", {{"log_group", kGroup}, {"stream", "web/"}});
  EXPECT_EQ(outcome.body["streams"].size(), 1U);
  ASSERT_EQ(outcome.body["events"].size(), 1U);
  EXPECT_EQ(outcome.body["events"][0]["stream"], "web/1");
}

TEST_F(LogJobs, LogsOfNobodyAre404AndOfNoOneNamed400) {
  const auto nobody = run("debug-logs", {{"service_name", "nobody"}});
  EXPECT_EQ(nobody.status, 404);
  EXPECT_TRUE(nobody.text().starts_with("Error reading logs: ")) << nobody.text();
  EXPECT_EQ(run("debug-logs", Json::object()).status, 400);
  EXPECT_EQ(run("debug-logs", {{"service_name", "a b"}}).status, 400);
  write(1min, "s", "x");
  // A pattern that CloudWatch Logs refuses.
  EXPECT_EQ(run("debug-logs", {{"service_name", "checkout"}, {"pattern", "{ $.a = 1 }"}}).status,
            400);
}

TEST_F(LogJobs, ErrorsAreCountedByWhatTheySay) {
  for (int i = 0; i < 5; ++i) {
    write(std::chrono::minutes(10 - i), fmt::format("s{}", i % 2),
          fmt::format("ERROR order {} failed: timeout after 30.{}s", 4700 + i, i));
  }
  write(3min, "s0", "ERROR no connection to \"db-7\"");
  write(2min, "s0", "all is well");
  const auto outcome = run("debug-errors", {{"service_name", "checkout"}, {"top", 1}});
  EXPECT_EQ(outcome.status, 200) << outcome.text();
  EXPECT_EQ(outcome.body["events"], 6);
  EXPECT_EQ(outcome.body["patterns"], 2);
  ASSERT_EQ(outcome.body["top"].size(), 1U);
  const Json& first = outcome.body["top"][0];
  EXPECT_EQ(first["pattern"], "ERROR order <n> failed: timeout after <n>s");
  EXPECT_EQ(first["count"], 5);
  EXPECT_EQ(first["streams"], 2);
  EXPECT_LT(first["first_seen"], first["last_seen"]);
  EXPECT_EQ(first["example"], "ERROR order 4700 failed: timeout after 30.0s");
}

TEST_F(LogJobs, ErrorsSayWhenNotAllWereRead) {
  for (int i = 0; i < 20; ++i) write(5min, "s", "ERROR x");
  const auto some = run("debug-errors", {{"service_name", "checkout"}, {"events", 10}});
  EXPECT_EQ(some.body["events"], 10);
  EXPECT_EQ(some.body["events_complete"], false);
  const auto none = run("debug-errors", {{"service_name", "checkout"}, {"since", "1s"}});
  EXPECT_EQ(none.body["events"], 0);
  EXPECT_TRUE(none.body["top"].empty());
  EXPECT_EQ(run("debug-errors", {{"log_group", "/none"}}).status, 404);
  EXPECT_EQ(run("debug-errors", {{"service_name", "checkout"}, {"top", 0}}).status, 400);
  EXPECT_EQ(run("debug-errors", Json::object()).status, 400);
}

}  // namespace
}  // namespace test
