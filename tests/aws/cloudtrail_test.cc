#include "aws/cloudtrail.h"

#include "tests/aws/scripted_world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace {

struct World : ScriptedWorld {
  aws::CloudTrail trail{caller};
};

aws::LookupOptions options() {
  aws::LookupOptions options;
  options.event_name = "DeleteTags";
  options.from = base::parse_rfc3339("2026-01-01T00:00:00Z").value();
  options.to = base::parse_rfc3339("2026-01-02T00:00:00.5Z").value();
  return options;
}

TEST(CloudTrail, AsksForOneNameWithinATime) {
  World world;
  world.http.answer(200, R"({"Events":[]})");
  const auto page = world.loop.run(world.trail.lookup_events(options()));
  ASSERT_TRUE(page) << page.error().to_string();
  EXPECT_TRUE(page->events.empty());
  EXPECT_EQ(page->next_token, "");
  EXPECT_EQ(world.http.request(0).url, "https://cloudtrail.eu-west-2.amazonaws.com/");
  EXPECT_EQ(world.http.header(0, "x-amz-target"),
            "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents");
  EXPECT_EQ(world.http.header(0, "content-type"), "application/x-amz-json-1.1");
  EXPECT_EQ(nlohmann::json::parse(world.http.request(0).body),
            nlohmann::json::parse(
                R"({"MaxResults":50,"StartTime":1767225600.0,"EndTime":1767312000.5,
                    "LookupAttributes":[{"AttributeKey":"EventName",
                                         "AttributeValue":"DeleteTags"}]})"));
}

TEST(CloudTrail, ReadsEventsAndThePlaceToGoOn) {
  World world;
  world.http.answer(200, R"({"Events":[{"EventId":"e1","EventName":"DeleteTags",
      "EventTime":1767225601.25,"Username":"alice","CloudTrailEvent":"{}"}],"NextToken":"t"})");
  const auto page = world.loop.run(world.trail.lookup_events(options()));
  ASSERT_TRUE(page) << page.error().to_string();
  ASSERT_EQ(page->events.size(), 1U);
  EXPECT_EQ(page->events[0].id, "e1");
  EXPECT_EQ(base::format_rfc3339(page->events[0].time), "2026-01-01T00:00:01.250Z");
  EXPECT_EQ(page->events[0].user, "alice");
  EXPECT_EQ(page->next_token, "t");
}

TEST(CloudTrail, RefusesAnswersThatAreNone) {
  for (const char* body :
       {"", "[]", R"({"Events":1})", R"({"Events":[{}]})",
        R"({"Events":[{"EventTime":"yesterday"}]})", R"({"Events":[{"EventTime":1e300}]})"}) {
    World world;
    world.http.answer(200, body);
    const auto page = world.loop.run(world.trail.lookup_events(options()));
    ASSERT_FALSE(page) << body;
    EXPECT_EQ(page.error().code, "MalformedResponse");
  }
}

TEST(CloudTrail, GivesAwsReasonWhenItIsDenied) {
  World world;
  world.http.answer(400, R"({"__type":"AccessDeniedException","Message":"not allowed"})");
  const auto page = world.loop.run(world.trail.lookup_events(options()));
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().kind, base::ErrorKind::kDenied);
}

}  // namespace
