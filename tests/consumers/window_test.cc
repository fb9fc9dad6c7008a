#include "consumers/recycle/window.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace consumers::recycle {
namespace {

base::TimePoint at(const std::string& text) { return base::parse_rfc3339(text).value(); }

WindowRule rule_of(const std::string& allowed, const std::string& excluded = "",
                   const std::string& zone = "Europe/London") {
  WindowRule rule;
  if (!allowed.empty()) rule.allowed = parse_time_range(allowed).value();
  if (!excluded.empty()) rule.excluded = parse_time_ranges(excluded).value();
  rule.zone = zone;
  return rule;
}

// "" while it is open, else when it opens.
std::string opens(const WindowRule& rule, const std::string& time) {
  const auto answer = check_window(rule, at(time));
  if (!answer) return "error: " + answer.error().message;
  return answer->wait ? base::format_rfc3339(answer->opens_at) : "";
}

struct Case {
  std::string window;
  std::string time;
  std::string opens_at;  // empty: open now
};

TEST(Window, FollowsTheRuleOfTheOriginalInWinter) {
  const std::vector<Case> cases = {
      // The original's own examples.
      {"04:00:00, 05:30:00", "2018-03-22T06:20:00Z", "2018-03-23T04:00:00Z"},
      {"10:45:00, 09:45:00", "2018-03-22T11:00:00Z", ""},
      {"09:00:00, 10:00:00", "2018-03-22T06:00:00Z", "2018-03-22T09:00:00Z"},
      {"", "2018-03-22T06:00:00Z", ""},
      // Both ends inclusive, to the end of the last second.
      {"09:00:00, 10:00:00", "2018-03-22T08:59:59.999999Z", "2018-03-22T09:00:00Z"},
      {"09:00:00, 10:00:00", "2018-03-22T09:00:00Z", ""},
      {"09:00:00, 10:00:00", "2018-03-22T10:00:00Z", ""},
      {"09:00:00, 10:00:00", "2018-03-22T10:00:00.999Z", ""},
      {"09:00:00, 10:00:00", "2018-03-22T10:00:01Z", "2018-03-23T09:00:00Z"},
      // Over midnight.
      {"22:00:00, 02:00:00", "2018-03-22T23:59:59Z", ""},
      {"22:00:00, 02:00:00", "2018-03-22T00:00:00Z", ""},
      {"22:00:00, 02:00:00", "2018-03-22T02:00:00Z", ""},
      {"22:00:00, 02:00:00", "2018-03-22T02:00:01Z", "2018-03-22T22:00:00Z"},
      {"10:45:00, 09:45:00", "2018-03-22T10:00:00Z", "2018-03-22T10:45:00Z"},
      // Start equal to end is the whole day.
      {"07:00:00, 07:00:00", "2018-03-22T06:00:00Z", ""},
      // Over the end of the year.
      {"04:00:00, 05:30:00", "2018-12-31T06:00:00Z", "2019-01-01T04:00:00Z"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(opens(rule_of(one.window), one.time), one.opens_at) << one.window << " " << one.time;
  }
}

TEST(Window, MeansLocalTimeInSummer) {
  EXPECT_EQ(opens(rule_of("04:00:00, 05:30:00"), "2026-07-01T02:59:59Z"), "2026-07-01T03:00:00Z");
  EXPECT_EQ(opens(rule_of("04:00:00, 05:30:00"), "2026-07-01T04:30:00Z"), "");
  EXPECT_EQ(opens(rule_of("04:00:00, 05:30:00"), "2026-07-01T04:30:01Z"), "2026-07-02T03:00:00Z");
  EXPECT_EQ(opens(rule_of("04:00:00, 05:30:00", "", "UTC"), "2026-07-01T03:30:00Z"),
            "2026-07-01T04:00:00Z");
}

// Europe/London 2026: 29 March 01:00 -> 02:00; 25 October 02:00 -> 01:00.
// America/New_York 2026: 8 March 02:00 -> 03:00; 1 November 02:00 -> 01:00.
TEST(Window, OpensAfterTheGapWhenTheClocksGoForward) {
  const WindowRule london = rule_of("01:30:00, 02:30:00");
  EXPECT_EQ(opens(london, "2026-03-29T00:30:00Z"), "2026-03-29T01:00:00Z");
  EXPECT_EQ(opens(london, "2026-03-29T01:00:00Z"), "");
  const WindowRule new_york = rule_of("02:30:00, 03:30:00", "", "America/New_York");
  EXPECT_EQ(opens(new_york, "2026-03-08T06:59:59Z"), "2026-03-08T07:00:00Z");
}

TEST(Window, SkipsADayWhoseClockJumpsOverAllOfIt) {
  EXPECT_EQ(opens(rule_of("01:10:00, 01:50:00"), "2026-03-28T12:00:00Z"), "2026-03-30T00:10:00Z");
  EXPECT_EQ(opens(rule_of("02:10:00, 02:50:00", "", "America/New_York"), "2026-03-07T12:00:00Z"),
            "2026-03-09T06:10:00Z");
}

TEST(Window, OpensAtTheFirstOfTwoEqualLocalTimes) {
  const WindowRule london = rule_of("01:30:00, 01:40:00");
  EXPECT_EQ(opens(london, "2026-10-24T12:00:00Z"), "2026-10-25T00:30:00Z");
  EXPECT_EQ(opens(london, "2026-10-25T00:35:00Z"), "");
  // The hour comes again, and with it the window.
  EXPECT_EQ(opens(london, "2026-10-25T00:45:00Z"), "2026-10-25T01:30:00Z");
  EXPECT_EQ(opens(london, "2026-10-25T01:45:00Z"), "2026-10-26T01:30:00Z");
  EXPECT_EQ(opens(rule_of("01:30:00, 01:40:00", "", "America/New_York"), "2026-10-31T12:00:00Z"),
            "2026-11-01T05:30:00Z");
}

TEST(Window, OpensAgainWhenTheClocksGoBackIntoIt) {
  EXPECT_EQ(opens(rule_of("00:30:00, 01:15:00"), "2026-10-25T00:20:00Z"), "2026-10-25T01:00:00Z");
}

TEST(Window, KeepsTheLocalTimeFromOneDayToTheNextOverAClockChange) {
  EXPECT_EQ(opens(rule_of("04:00:00, 05:30:00"), "2026-03-28T06:00:00Z"), "2026-03-29T03:00:00Z");
  EXPECT_EQ(opens(rule_of("04:00:00, 05:30:00"), "2026-10-24T06:00:00Z"), "2026-10-25T04:00:00Z");
}

TEST(Window, OpensTheSecondAfterAnExclusionEnds) {
  EXPECT_EQ(opens(rule_of("", "09:45:00-10:45:00"), "2026-01-05T09:44:59Z"), "");
  EXPECT_EQ(opens(rule_of("", "09:45:00-10:45:00"), "2026-01-05T09:45:00Z"),
            "2026-01-05T10:45:01Z");
  EXPECT_EQ(opens(rule_of("", "09:45:00-10:45:00"), "2026-01-05T10:45:00Z"),
            "2026-01-05T10:45:01Z");
}

TEST(Window, GivesExclusionsTheLastWord) {
  const WindowRule rule = rule_of("09:00:00, 17:00:00", "08:00:00-12:00:00 + 12:00:01-13:00:00");
  EXPECT_EQ(opens(rule, "2026-01-05T07:00:00Z"), "2026-01-05T13:00:01Z");
  EXPECT_EQ(opens(rule, "2026-01-05T14:00:00Z"), "");
  EXPECT_EQ(opens(rule, "2026-01-05T17:00:01Z"), "2026-01-06T13:00:01Z");
}

TEST(Window, OpensInTheVeryLastSecondOfTheDay) {
  EXPECT_EQ(opens(rule_of("", "00:00:00-23:59:58"), "2026-01-05T00:00:00Z"),
            "2026-01-05T23:59:59Z");
  EXPECT_EQ(opens(rule_of("", "12:00:00-23:59:59"), "2026-01-05T12:00:00Z"),
            "2026-01-06T00:00:00Z");
}

TEST(Window, RefusesARuleThatNeverOpens) {
  for (const auto& rule :
       {rule_of("", "07:00:00-07:00:00"), rule_of("09:00:00,10:00:00", "08:00:00-11:00:00"),
        rule_of("", "00:00:00-12:00:00;12:00:01-23:59:59")}) {
    const auto answer = check_window(rule, at("2026-01-05T12:00:00Z"));
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().message.find("never opens"), std::string::npos);
  }
}

TEST(Window, NamesAnUnknownZone) {
  for (const char* zone : {"Europe/Lundon", "", "../../etc/passwd", "BST", "+01:00"}) {
    const auto answer =
        check_window(rule_of("09:00:00,10:00:00", "", zone), at("2026-01-05T12:00:00Z"));
    ASSERT_FALSE(answer) << zone;
    EXPECT_EQ(answer.error().kind, base::ErrorKind::kInvalid);
    EXPECT_NE(answer.error().message.find(std::string("\"") + zone + "\""), std::string::npos);
    EXPECT_NE(answer.error().message.find("IANA"), std::string::npos);
  }
}

TEST(Window, SurvivesTimesFarAway) {
  const WindowRule rule = rule_of("09:00:00,10:00:00");
  EXPECT_FALSE(check_window(rule, base::TimePoint::max()));
  EXPECT_FALSE(check_window(rule, base::TimePoint::min()));
  EXPECT_TRUE(check_window(rule, base::TimePoint()));
}

TEST(TimeRange, IsReadInTheFormOfTheOriginalAndInThatOfTags) {
  const TimeRange expected{.start = std::chrono::seconds(4 * 3600),
                           .end = std::chrono::seconds(5 * 3600 + 30 * 60 + 15)};
  for (const char* text : {"04:00:00, 05:30:15", "04:00:00,05:30:15", "04:00:00-05:30:15",
                           " 04:00:00 - 05:30:15 ", "4:0:0, 5:30:15"}) {
    const auto range = parse_time_range(text);
    ASSERT_TRUE(range) << text;
    EXPECT_EQ(*range, expected) << text;
  }
}

TEST(TimeRange, IsRefusedWithTheTextAndWhatIsExpected) {
  for (const char* text :
       {"10.00.00, 11.00.00", "111:000:000, 10:00:00", "10:00:00", "", ",", "10:00:00,",
        "24:00:00, 01:00:00", "10:60:00, 11:00:00", "10:00:60, 11:00:00", "10:00, 11:00",
        "10:00:00:00, 11:00:00", "-1:00:00, 11:00:00", "1a:00:00, 11:00:00",
        "10:00:00, 11:00:00, 12:00:00", "10:00:00, 11:00:00 x", "+1:00:00, 11:00:00"}) {
    const auto range = parse_time_range(text);
    ASSERT_FALSE(range) << text;
    EXPECT_EQ(range.error().kind, base::ErrorKind::kInvalid);
    EXPECT_NE(range.error().message.find(text), std::string::npos);
    EXPECT_NE(range.error().message.find("HH:MM:SS, HH:MM:SS"), std::string::npos);
  }
}

TEST(TimeRanges, AreJoinedByPlusOrSemicolon) {
  EXPECT_EQ(parse_time_ranges("01:00:00-02:00:00").value().size(), 1U);
  EXPECT_EQ(parse_time_ranges("01:00:00-02:00:00 + 03:00:00-04:00:00").value().size(), 2U);
  EXPECT_EQ(parse_time_ranges("01:00:00, 02:00:00; 03:00:00, 04:00:00").value().size(), 2U);
  for (const char* text : {"", "+", "01:00:00-02:00:00 +", "01:00:00-02:00:00 03:00:00-04:00:00"}) {
    EXPECT_FALSE(parse_time_ranges(text)) << text;
  }
  std::string many = "01:00:00-02:00:00";
  for (std::size_t i = 0; i < kTimeRangesMax; ++i) many += "+01:00:00-02:00:00";
  EXPECT_FALSE(parse_time_ranges(many));
}

TEST(TimeRanges, MayBeOfSomeWeekdaysOnly) {
  const auto ranges = parse_time_ranges("Fri 16:00:00-23:59:59 + Sat-Sun + Mon 00:00:00-06:00:00");
  ASSERT_TRUE(ranges) << ranges.error().message;
  EXPECT_EQ((*ranges)[0].days, 1U << 5U);
  EXPECT_EQ((*ranges)[1].days, (1U << 6U) | 1U);
  EXPECT_EQ((*ranges)[2].start, std::chrono::seconds(0));
  for (const char* text : {"Fry 16:00:00-17:00:00", "Fri-", "-Fri", "fri", "Sat Sun",
                           "Fri 16:00:00", "Fri-Sat-Sun", "16:00:00-17:00:00 Fri"}) {
    const auto range = parse_time_range(text);
    ASSERT_FALSE(range) << text;
    EXPECT_NE(range.error().message.find("Mon-Fri"), std::string::npos) << range.error().message;
  }
}

// 2026-01-02 is a Friday, and London's clock shows UTC.
TEST(Window, StaysShutOverAnExcludedWeekend) {
  const WindowRule rule = rule_of("", "Fri 16:00:00-23:59:59 + Sat-Sun");
  EXPECT_EQ(opens(rule, "2026-01-02T15:59:59Z"), "");
  EXPECT_EQ(opens(rule, "2026-01-02T16:00:00Z"), "2026-01-05T00:00:00Z");
  EXPECT_EQ(opens(rule, "2026-01-04T23:59:59Z"), "2026-01-05T00:00:00Z");
  EXPECT_EQ(opens(rule, "2026-01-05T00:00:00Z"), "");
}

TEST(Window, CountsARangeOverMidnightToTheDayOnWhichItBegins) {
  const WindowRule rule = rule_of("Fri 22:00:00-05:30:00");
  EXPECT_EQ(opens(rule, "2026-01-03T05:30:00Z"), "") << "Saturday morning belongs to Friday";
  EXPECT_EQ(opens(rule, "2026-01-03T05:30:01Z"), "2026-01-09T22:00:00Z");
  EXPECT_EQ(opens(rule, "2026-01-02T05:00:00Z"), "2026-01-02T22:00:00Z")
      << "Friday morning belongs to Thursday";
}

TEST(Window, CoversTheWholeDayWhereStartIsEnd) {
  EXPECT_EQ(opens(rule_of("05:00:00, 05:00:00"), "2026-01-02T04:59:59Z"), "");
  EXPECT_EQ(opens(rule_of("Sat 05:00:00-05:00:00"), "2026-01-02T23:59:59Z"),
            "2026-01-03T00:00:00Z");
}

TEST(Window, FindsAWeeklyOpeningThatAClockChangeSkipsOnce) {
  // Sunday 29 March 2026, London: 01:00 is followed by 02:00.
  const WindowRule rule = rule_of("Sun 01:10:00-01:50:00");
  EXPECT_EQ(opens(rule, "2026-03-28T12:00:00Z"), "2026-04-05T00:10:00Z");
}

// The answer of the rule over both clock changes, in small steps.
TEST(Window, IsShutUpToTheInstantThatItNamesAndOpenThere) {
  const WindowRule rule = rule_of("00:30:00, 02:10:00", "01:20:00-01:40:00 + 02:05:00-02:06:00");
  for (const char* start : {"2026-03-28T22:00:00Z", "2026-10-24T22:00:00Z"}) {
    std::optional<base::TimePoint> promised;
    for (int second = 0; second < 6 * 3600; second += 7) {
      const auto now = at(start) + std::chrono::seconds(second);
      const auto answer = check_window(rule, now).value();
      if (promised && now < *promised) {
        ASSERT_TRUE(answer.wait) << base::format_rfc3339(now);
        ASSERT_EQ(answer.opens_at, *promised);
        continue;
      }
      promised.reset();
      if (!answer.wait) continue;
      promised = answer.opens_at;
      ASSERT_GT(*promised, now);
      ASSERT_FALSE(check_window(rule, *promised).value().wait);
      ASSERT_TRUE(check_window(rule, *promised - std::chrono::seconds(1)).value().wait);
    }
  }
}

}  // namespace
}  // namespace consumers::recycle
