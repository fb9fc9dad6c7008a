#include "sim/event_pattern.h"
#include "sim/events_service.h"
#include "tests/sim/region_rig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sim {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct PatternCase {
  const char* pattern;
  const char* event;
  bool matches;
};

TEST(EventPattern, MatchesAsEventBridgeDocuments) {
  const PatternCase cases[] = {
      {R"({"a":["x"]})", R"({"a":"x"})", true},
      {R"({"a":["x"]})", R"({"a":"X"})", false},
      {R"({"a":["x","y"]})", R"({"a":"y","b":1})", true},
      {R"({"a":["x"],"b":[1]})", R"({"a":"x"})", false},
      {R"({"a":["x"]})", R"({"a":["z","x"]})", true},
      {R"({"a":["x"]})", R"({"a":[]})", false},
      {R"({"a":[1]})", R"({"a":1.0})", true},
      {R"({"a":["1"]})", R"({"a":1})", false},
      {R"({"a":[null]})", R"({"a":null})", true},
      {R"({"a":[true]})", R"({"a":false})", false},
      {R"({"a":{"b":["x"]}})", R"({"a":{"b":"x"}})", true},
      {R"({"a":{"b":["x"]}})", R"({"a":"x"})", false},
      {R"({"a":{"b":["x"]}})", R"({"a":[{"b":"y"},{"b":"x"}]})", true},
      {R"({"a":[{"prefix":"ab"}]})", R"({"a":"abc"})", true},
      {R"({"a":[{"prefix":"ab"}]})", R"({"a":"cab"})", false},
      {R"({"a":[{"prefix":{"equals-ignore-case":"AB"}}]})", R"({"a":"abc"})", true},
      {R"({"a":[{"suffix":"bc"}]})", R"({"a":"abc"})", true},
      {R"({"a":[{"suffix":"bc"}]})", R"({"a":5})", false},
      {R"({"a":[{"equals-ignore-case":"ABC"}]})", R"({"a":"abc"})", true},
      {R"({"a":[{"wildcard":"a*c*"}]})", R"({"a":"abbcd"})", true},
      {R"({"a":[{"wildcard":"a*c"}]})", R"({"a":"abbcd"})", false},
      {R"({"a":[{"anything-but":"x"}]})", R"({"a":"y"})", true},
      {R"({"a":[{"anything-but":"x"}]})", R"({})", false},
      {R"({"a":[{"anything-but":["x","y"]}]})", R"({"a":"y"})", false},
      {R"({"a":[{"anything-but":{"prefix":"i-"}}]})", R"({"a":"i-1"})", false},
      {R"({"a":[{"anything-but":{"suffix":["1","2"]}}]})", R"({"a":"i-3"})", true},
      {R"({"a":[{"exists":true}]})", R"({"a":0})", true},
      {R"({"a":[{"exists":true}]})", R"({"b":0})", false},
      {R"({"a":[{"exists":false}]})", R"({"b":0})", true},
      {R"({"a":{"b":[{"exists":false}]}})", R"({"c":0})", true},
      {R"({"a":[{"numeric":[">",1,"<=",5]}]})", R"({"a":5})", true},
      {R"({"a":[{"numeric":[">",1,"<=",5]}]})", R"({"a":1})", false},
      {R"({"a":[{"numeric":["=",3]}]})", R"({"a":"3"})", false},
      {R"({"$or":[{"a":["x"]},{"b":["y"]}]})", R"({"b":"y"})", true},
      {R"({"$or":[{"a":["x"]},{"b":["y"]}],"c":[1]})", R"({"b":"y","c":2})", false},
      {R"({"a":{"$or":[{"b":["x"]},{"c":["y"]}]}})", R"({"a":{"c":"y"}})", true},
  };
  for (const auto& [pattern, event, matches] : cases) {
    const Json parsed = *parse_json(pattern);
    ASSERT_TRUE(check_event_pattern(parsed)) << pattern;
    EXPECT_EQ(matches_event(parsed, *parse_json(event)), matches) << pattern << " on " << event;
  }
}

TEST(EventPattern, RefusesWhatEventBridgeRefuses) {
  for (const char* pattern :
       {R"([])", R"({})", R"("x")", R"({"a":"x"})", R"({"a":[]})", R"({"a":{}})",
        R"({"a":[["x"]]})", R"({"a":[{"prefix":1}]})", R"({"a":[{"exists":"yes"}]})",
        R"({"a":[{"numeric":[">"]}]})", R"({"a":[{"numeric":["!",1]}]})",
        R"({"a":[{"numeric":[">","1"]}]})", R"({"a":[{"nope":1}]})",
        R"({"a":[{"prefix":"a","suffix":"b"}]})", R"({"a":[{"anything-but":{}}]})",
        R"({"a":[{"anything-but":[]}]})", R"({"$or":[{"a":["x"]}]})",
        R"({"a":[{"prefix":{"equals-ignore-case":1}}]})"}) {
    EXPECT_FALSE(check_event_pattern(*parse_json(pattern))) << pattern;
  }
}

class Events : public RegionRig {
 protected:
  std::string route(const Json& pattern, const std::string& queue, Json more = Json::object()) {
    const std::string url = create_queue(
        queue, queue.ends_with(".fifo") ? Json{{"FifoQueue", "true"}} : Json::object());
    EXPECT_TRUE(events("PutRule", {{"Name", "rule-" + queue}, {"EventPattern", dump_json(pattern)}})
                    .contains("RuleArn"));
    more["Id"] = "1";
    more["Arn"] = arn(queue);
    EXPECT_EQ(
        events("PutTargets", {{"Rule", "rule-" + queue}, {"Targets", {more}}})["FailedEntryCount"],
        0);
    return url;
  }
  std::vector<Json> delivered(const std::string& url) {
    std::vector<Json> out;
    for (const Json& message : receive(url)) {
      out.push_back(*parse_json(message["Body"].get<std::string>()));
    }
    return out;
  }
  Json put(const std::string& source, const std::string& detail) {
    return events("PutEvents",
                  {{"Entries", {{{"Source", source}, {"DetailType", "t"}, {"Detail", detail}}}}});
  }
};

TEST_F(Events, RoutesMatchingEventsToQueuesWithAFullEnvelope) {
  const std::string url = route({{"source", {"my.app"}}}, "q");
  EXPECT_EQ(put("my.app", R"({"x":1})")["FailedEntryCount"], 0);
  EXPECT_EQ(put("other", R"({"x":1})")["FailedEntryCount"], 0);
  const auto got = delivered(url);
  ASSERT_THAT(got, SizeIs(1));
  for (const char* member : {"version", "id", "detail-type", "source", "account", "time", "region",
                             "resources", "detail"}) {
    EXPECT_TRUE(got[0].contains(member)) << member;
  }
  EXPECT_EQ(got[0]["time"], "2026-01-02T03:04:05Z");
  EXPECT_EQ(got[0]["detail"], Json({{"x", 1}}));
}

TEST_F(Events, ADisabledRuleDeliversNothing) {
  const std::string url = route({{"source", {"my.app"}}}, "q");
  events("DisableRule", {{"Name", "rule-q"}});
  put("my.app", "{}");
  EXPECT_THAT(delivered(url), IsEmpty());
  events("EnableRule", {{"Name", "rule-q"}});
  put("my.app", "{}");
  EXPECT_THAT(delivered(url), SizeIs(1));
}

TEST_F(Events, AFifoTargetNeedsAGroup) {
  const std::string with =
      route({{"source", {"my.app"}}}, "with.fifo", {{"SqsParameters", {{"MessageGroupId", "g"}}}});
  const std::string without = route({{"source", {"my.app"}}}, "without.fifo");
  put("my.app", "{}");
  EXPECT_THAT(delivered(with), SizeIs(1));
  EXPECT_THAT(delivered(without), IsEmpty());
  EXPECT_EQ(region.events().failed_invocations(), 1U);
}

TEST_F(Events, DeliversAConstantOrAPartInPlaceOfTheEvent) {
  const std::string constant = route({{"source", {"my.app"}}}, "a", {{"Input", R"({"c":1})"}});
  const std::string part = route({{"source", {"my.app"}}}, "b", {{"InputPath", "$.detail.x"}});
  put("my.app", R"({"x":{"y":2}})");
  EXPECT_EQ(delivered(constant).at(0), Json({{"c", 1}}));
  EXPECT_EQ(delivered(part).at(0), Json({{"y", 2}}));
}

TEST_F(Events, RefusesEventsInAwsName) {
  const Json answer = put("aws.autoscaling", "{}");
  EXPECT_EQ(answer["FailedEntryCount"], 1);
  EXPECT_EQ(answer["Entries"][0]["ErrorCode"], "NotAuthorizedForSourceException");
  EXPECT_EQ(put("my.app", "[]")["Entries"][0]["ErrorCode"], "MalformedDetail");
}

TEST_F(Events, KeepsRulesAndTargetsAsTheyWerePut) {
  route({{"source", {"my.app"}}}, "q");
  EXPECT_EQ(events("DescribeRule", {{"Name", "rule-q"}})["State"], "ENABLED");
  EXPECT_EQ(events("ListTargetsByRule", {{"Rule", "rule-q"}})["Targets"][0]["Arn"], arn("q"));
  EXPECT_THAT(events("DeleteRule", {{"Name", "rule-q"}})["message"].get<std::string>(),
              HasSubstr("since it has targets"));
  events("RemoveTargets", {{"Rule", "rule-q"}, {"Ids", {"1"}}});
  EXPECT_EQ(events("DeleteRule", {{"Name", "rule-q"}}), Json::object());
  EXPECT_EQ(events("ListRules", Json::object())["Rules"], Json::array());
  EXPECT_EQ(error_of(events("DescribeRule", {{"Name", "rule-q"}})), "ResourceNotFoundException");
  EXPECT_EQ(error_of(events("PutRule", {{"Name", "r"}, {"EventPattern", R"({"a":1})"}})),
            "InvalidEventPatternException");
}

TEST_F(Events, TheRegionsOwnCallsArriveAsCloudTrailTellsThem) {
  const std::string url = route(
      {{"detail-type", {"AWS API Call via CloudTrail"}}, {"source", {"aws.autoscaling"}}}, "q");
  query(
      "Version=2016-11-15&Action=CreateLaunchTemplate&LaunchTemplateName=t&"
      "LaunchTemplateData.ImageId=ami-1");
  autoscaling(
      "CreateAutoScalingGroup&AutoScalingGroupName=web&MinSize=0&MaxSize=3&"
      "LaunchTemplate.LaunchTemplateName=t&AvailabilityZones.member.1=eu-west-2a");
  autoscaling("DescribeAutoScalingGroups");
  autoscaling("SetDesiredCapacity&AutoScalingGroupName=web&DesiredCapacity=9");
  loop.run_for(99ms);
  EXPECT_THAT(receive(url), IsEmpty());
  loop.run_for(1ms);
  const auto got = delivered(url);
  ASSERT_THAT(got, SizeIs(2));
  EXPECT_EQ(got[0]["detail"]["eventName"], "CreateAutoScalingGroup");
  EXPECT_EQ(got[0]["detail"]["eventSource"], "autoscaling.amazonaws.com");
  EXPECT_EQ(got[0]["detail"]["requestParameters"]["autoScalingGroupName"], "web");
  EXPECT_EQ(got[0]["detail"]["requestParameters"]["maxSize"], 3);
  EXPECT_FALSE(got[0]["detail"].contains("errorCode"));
  EXPECT_EQ(got[1]["detail"]["requestParameters"]["desiredCapacity"], 9);
  EXPECT_EQ(got[1]["detail"]["errorCode"], "ValidationException");
  EXPECT_EQ(got[1]["detail"]["errorMessage"],
            "New SetDesiredCapacity value 9 is above max value 3 for the AutoScalingGroup.");
}

}  // namespace
}  // namespace sim
