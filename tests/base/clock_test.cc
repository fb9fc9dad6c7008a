#include "base/clock.h"

#include <gtest/gtest.h>

namespace {

TEST(Rfc3339, RoundTripsWholeAndFractionalSeconds) {
  for (const char* text :
       {"2026-01-02T03:04:05Z", "1999-12-31T23:59:59Z", "2026-01-02T03:04:05.678Z"}) {
    EXPECT_EQ(base::format_rfc3339(base::parse_rfc3339(text).value()), text);
  }
}

TEST(Rfc3339, AppliesOffsets) {
  EXPECT_EQ(base::parse_rfc3339("2026-07-01T10:00:00+01:00").value(),
            base::parse_rfc3339("2026-07-01T09:00:00Z").value());
  EXPECT_EQ(base::parse_rfc3339("2026-07-01T10:00:00.5-02:30").value(),
            base::parse_rfc3339("2026-07-01T12:30:00.5Z").value());
}

TEST(Rfc3339, CutsFractionsAfterTheMicrosecond) {
  EXPECT_EQ(base::parse_rfc3339("2026-07-01T10:00:00.123456789Z").value(),
            base::parse_rfc3339("2026-07-01T10:00:00.123456Z").value());
  EXPECT_EQ(base::parse_rfc3339("1969-12-31T23:59:59.5Z").value().time_since_epoch(),
            std::chrono::milliseconds(-500));
}

TEST(Rfc3339, RefusesDaysAndTimesThatThereAreNot) {
  for (const char* text : {"2026-02-29T00:00:00Z", "2026-06-31T00:00:00Z", "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z",
                           "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00-01:60"}) {
    EXPECT_TRUE(base::parse_rfc3339(text).has_error()) << text;
  }
  EXPECT_TRUE(base::parse_rfc3339("2024-02-29T23:59:59+23:59"));
}

TEST(Rfc3339, RefusesWhatIsNotATimeAndNamesIt) {
  for (const char* text :
       {"", "yesterday", "2026-01-02", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z",
        "2026-01-02 03:04:05Z", "2026-01-02T03:04:05Zx", "2026-01-02T25:04:05Z",
        "2026-01-02T0autos06.789Z", "2026-01-02T03:04:nanZ", "2026-01-02T03:04:05.Z",
        "2026-01-02T03:04:05.1234567890Z", "2026-01-02T03:04:05+0100", "+026-01-02T03:04:05Z"}) {
    const auto parsed = base::parse_rfc3339(text);
    ASSERT_TRUE(parsed.has_error()) << text;
    EXPECT_NE(parsed.error().message.find(std::string("'") + text), std::string::npos);
  }
}

}  // namespace
