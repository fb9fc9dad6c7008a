#include "messages/decode.h"
#include "tests/messages/examples.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace {

using Json = nlohmann::json;

Json described(const std::string& example) {
  const auto message = messages::decode(examples::read(example));
  EXPECT_TRUE(message.has_value());
  return Json::parse(messages::describe(*message), nullptr, false);
}

TEST(Describe, SaysWhoAndWhenAndWhatWillBeDone) {
  EXPECT_EQ(described("update-group-launch-template"),
            (Json{{"kind", "update-auto-scaling-group"},
                  {"id", "3e3c153a-8339-4e30-8c35-687ebef853fe"},
                  {"time", "2026-01-02T03:04:05Z"},
                  {"actor", "arn:aws:sts::123456789012:assumed-role/deploy/ci"},
                  {"group", "web"},
                  {"intent", "recycle group web if it has drifted"}}));
}

TEST(Describe, ListsSeveralGroups) {
  const Json json = described("tags-created-two-groups");
  EXPECT_EQ(json["groups"], (Json{"web", "api"}));
  EXPECT_EQ(json["intent"], "recycle groups web, api if they have drifted");
  EXPECT_FALSE(json.contains("group"));
}

TEST(Describe, NamesTheLaunchTemplateAndItsVersion) {
  const Json json = described("template-version-created");
  EXPECT_EQ(json["launch_template"], (Json{{"id", "lt-0abc"}, {"name", "web"}, {"version", "7"}}));
}

TEST(Describe, GivesTheReasonInsteadOfAnIntentWhenIgnored) {
  const Json json = described("tags-deleted-journal");
  EXPECT_EQ(json["ignored"], "tag autorecycle:journal is our own journal");
  EXPECT_FALSE(json.contains("intent"));
}

TEST(Describe, OmitsWhatTheMessageDoesNotSay) {
  EXPECT_EQ(described("retirement"),
            (Json{{"kind", "instance-retirement"},
                  {"group", "test-protected-mdtp-asg-20191014094141784800000005"},
                  {"intent",
                   "recycle group test-protected-mdtp-asg-20191014094141784800000005 "
                   "if it has drifted"}}));
}

TEST(Describe, SaysWhatAForcedDryRunWouldDo) {
  EXPECT_EQ(described("recycle-request-full")["intent"],
            "print the plan to recycle group web-asg-1 with strategy in-out, replacing every "
            "instance launched before the request");
}

TEST(Describe, IsAJsonObjectWithAnIntentOrAReasonForEveryExample) {
  for (const std::string& name : examples::names()) {
    if (const auto message = messages::decode(examples::read(name))) {
      const Json json = Json::parse(messages::describe(*message), nullptr, false);
      ASSERT_TRUE(json.is_object()) << name;
      EXPECT_NE(json.contains("intent"), json.contains("ignored")) << name;
    }
  }
}

}  // namespace
