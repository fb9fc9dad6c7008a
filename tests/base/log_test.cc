#include "base/log.h"

#include <gtest/gtest.h>

namespace {

using base::LogFormat;
using base::LogLevel;

TEST(LogLine, QuotesOnlyValuesThatNeedIt) {
  EXPECT_EQ(
      base::render_log_line(
          LogFormat::kText, LogLevel::kInfo, "worker", "message handled",
          {{"queue", "events"}, {"attempt", 2}, {"why", "a b=\"c\""}, {"empty", ""}}, "T"),
      "T info  worker: message handled queue=events attempt=2 why=\"a b=\\\"c\\\"\" empty=\"\"");
}

TEST(LogLine, HostileValuesCannotForgeALine) {
  for (const LogFormat format : {LogFormat::kText, LogFormat::kJson}) {
    const std::string line = base::render_log_line(format, LogLevel::kError, "aws", "x",
                                                   {{"value", "a\nT error b: \x01\"}"}}, "T");
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_EQ(line.find('\x01'), std::string::npos);
  }
}

TEST(LogLine, IsOneJsonObject) {
  EXPECT_EQ(base::render_log_line(LogFormat::kJson, LogLevel::kWarn, "aws", "call failed",
                                  {{"code", "Throttling"}}, "2026-01-02T03:04:05Z"),
            R"({"time":"2026-01-02T03:04:05Z","level":"warn","logger":"aws",)"
            R"("message":"call failed","code":"Throttling"})");
}

}  // namespace
