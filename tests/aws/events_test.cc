#include "aws/events.h"

#include "tests/aws/scripted_world.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace {

struct World : ScriptedWorld {
  aws::Events events{caller};

  base::Result<std::string> put(const std::string& detail = R"({"a":1})") {
    return loop.run(events.put_events({.bus = "ops",
                                       .source = "autorecycle",
                                       .detail_type = "Recycle Started",
                                       .detail = detail,
                                       .resources = {"arn:x"}}));
  }
};

TEST(PutEvent, SendsOneEntryWithItsDetailAsText) {
  World world;
  world.http.answer(200, R"({"FailedEntryCount":0,"Entries":[{"EventId":"e-1"}]})");
  EXPECT_EQ(world.put().value(), "e-1");
  EXPECT_EQ(nlohmann::json::parse(world.http.request(0).body),
            nlohmann::json::parse(
                R"({"Entries":[{"EventBusName":"ops","Source":"autorecycle","Resources":["arn:x"],
                    "DetailType":"Recycle Started","Detail":"{\"a\":1}"}]})"));
  EXPECT_EQ(world.http.header(0, "x-amz-target"), "AWSEvents.PutEvents");
  EXPECT_EQ(world.http.request(0).url, "https://events.eu-west-2.amazonaws.com/");
}

TEST(PutEvent, FindsTheErrorInsideASuccessfulAnswer) {
  World world;
  world.http.answer(200, R"({"FailedEntryCount":1,"Entries":[{"ErrorCode":"ThrottlingException",
                              "ErrorMessage":"slow down"}]})");
  world.http.answer(200, R"({"FailedEntryCount":1,"Entries":[{"ErrorCode":"MalformedDetail",
                              "ErrorMessage":"Detail is malformed."}]})");
  EXPECT_TRUE(world.put().error().is_transient());
  const auto error = world.put("nonsense").error();
  EXPECT_EQ(error.code, "MalformedDetail");
  EXPECT_FALSE(error.is_transient());
}

TEST(PutEvent, RefusesAnAnswerWithoutTheEntry) {
  for (const char* body : {"{}", R"({"Entries":[]})", R"({"Entries":[{}]})", R"({"Entries":7})"}) {
    World world;
    world.http.answer(200, body);
    EXPECT_EQ(world.put().error().code, "MalformedResponse") << body;
  }
}

}  // namespace
