#include "consumers/oncall/jobs/params.h"

#include <gtest/gtest.h>

namespace {

using consumers::oncall::cut;
using consumers::oncall::in_words;
using consumers::oncall::Params;
using consumers::oncall::time_range_of;
using namespace std::chrono_literals;

const base::TimePoint kNow = base::parse_rfc3339("2026-03-04T12:00:00Z").value();

std::string range_of(const char* params) {
  const auto range = time_range_of(Params(params), kNow);
  if (!range) return range.error().message;
  return base::format_rfc3339(range->from) + " " + base::format_rfc3339(range->to);
}

TEST(TimeRange, CountsBackFromNowOrFromTheEndThatIsNamed) {
  EXPECT_EQ(range_of("{}"), "2026-03-04T11:00:00Z 2026-03-04T12:00:00Z");
  EXPECT_EQ(range_of(R"({"since":"90s"})"), "2026-03-04T11:58:30Z 2026-03-04T12:00:00Z");
  EXPECT_EQ(range_of(R"({"since":"7d"})"), "2026-02-25T12:00:00Z 2026-03-04T12:00:00Z");
  EXPECT_EQ(range_of(R"({"since":"2h","to":"2026-03-04T10:00:00+01:00"})"),
            "2026-03-04T07:00:00Z 2026-03-04T09:00:00Z");
  EXPECT_EQ(range_of(R"({"since":"2h","from":"2026-03-01T00:00:00Z"})"),
            "2026-03-01T00:00:00Z 2026-03-04T12:00:00Z");
}

TEST(TimeRange, NamesTheParameterThatIsWrong) {
  EXPECT_TRUE(range_of(R"({"from":"noon"})").starts_with("from: \"noon\" is no time"));
  EXPECT_TRUE(range_of(R"({"to":"2026-13-01T00:00:00Z"})").starts_with("to: "));
  EXPECT_TRUE(range_of(R"({"from":"2026-03-05T00:00:00Z"})").starts_with("from: 2026-03-05"));
  EXPECT_TRUE(range_of(R"({"since":"0s"})").starts_with("from: "));
}

TEST(Cut, NeverEndsInsideACharacter) {
  EXPECT_EQ(cut("abcdef", 6), "abcdef");
  EXPECT_EQ(cut("abcdefg", 6), "abc...");
  EXPECT_EQ(cut("\xC3\xA9\xC3\xA9\xC3\xA9\xC3\xA9", 6), "\xC3\xA9...");
  EXPECT_EQ(cut("abcdef", 2), "...");
}

TEST(InWords, NamesTheTwoGreatestUnits) {
  EXPECT_EQ(in_words(45s), "45s");
  EXPECT_EQ(in_words(90s), "1m30s");
  EXPECT_EQ(in_words(2h + 5min), "2h5m");
}

}  // namespace
