#include "sim/region.h"

#include "tests/sim/region_rig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sim {
namespace {

using ::testing::HasSubstr;

class RegionTest : public RegionRig {
 protected:
  void create_group(const std::string& name) {
    query(
        "Version=2016-11-15&Action=CreateLaunchTemplate&LaunchTemplateName=t&"
        "LaunchTemplateData.ImageId=ami-1");
    autoscaling("CreateAutoScalingGroup&AutoScalingGroupName=" + name +
                "&MinSize=0&MaxSize=5&DesiredCapacity=1&LaunchTemplate.LaunchTemplateName=t&"
                "AvailabilityZones.member.1=eu-west-2a");
  }
  Json control(const std::string& path) {
    const base::HttpResponse response = send({"GET", path, {}, ""});
    EXPECT_EQ(response.status, 200) << path;
    return *parse_json(response.body);
  }
};

TEST_F(RegionTest, TakesAbsoluteUrlsAndNamesQueuesAfterTheHost) {
  base::HttpRequest request = json_request("AmazonSQS.CreateQueue", R"({"QueueName":"q"})");
  request.url = "https://sqs.eu-west-2.amazonaws.com/";
  request.headers.erase(request.headers.begin());  // Host
  EXPECT_EQ(parse_json(send(request).body)->at("QueueUrl"),
            "https://sqs.eu-west-2.amazonaws.com/123456789012/q");
}

TEST_F(RegionTest, CountsMutationsPerGroupAndCallerAndNoReads) {
  create_group("web");
  create_group("api");
  const int before = region.mutations("web");
  autoscaling("DescribeAutoScalingGroups&AutoScalingGroupNames.member.1=web");
  EXPECT_EQ(region.mutations("web"), before);
  autoscaling("SetDesiredCapacity&AutoScalingGroupName=web&DesiredCapacity=9");  // refused: counts
  autoscaling(
      "CreateOrUpdateTags&Tags.member.1.ResourceId=web&Tags.member.1.Key=k&"
      "Tags.member.1.ResourceType=auto-scaling-group&Tags.member.1.PropagateAtLaunch=false");
  EXPECT_EQ(region.mutations("web"), before + 2);
  EXPECT_EQ(region.mutations("api"), 1);
  EXPECT_EQ(region.mutations("web", "AKIDOTHER"), 0);
  const Json shown = control("/_sim/mutations?group=web");
  EXPECT_EQ(shown["count"], before + 2);
  EXPECT_EQ(shown["operations"]["SetDesiredCapacity"], 1);
}

TEST_F(RegionTest, CountsATerminationByInstanceForItsGroup) {
  create_group("web");
  loop.run_for(2min);
  const Json group = control("/_sim/groups")["groups"][0];
  const std::string id = group["instances"][0]["id"].get<std::string>();
  const int before = region.mutations("web");
  autoscaling(
      "TerminateInstanceInAutoScalingGroup&ShouldDecrementDesiredCapacity=true&InstanceId=" + id);
  EXPECT_EQ(region.mutations("web"), before + 1);
}

TEST_F(RegionTest, ShowsItselfThroughItsControlInterface) {
  EXPECT_EQ(control("/_sim/healthz")["status"], "ok");
  create_queue("q");
  EXPECT_EQ(control("/_sim/queues")["q"]["visible"], 0);
  create_group("web");
  EXPECT_EQ(control("/_sim/groups")["groups"][0]["name"], "web");
  EXPECT_EQ(control("/_sim/faults")["rules"], Json::array());
  EXPECT_EQ(send({"POST", "/_sim/config", {}, R"({"launch_lag_ms":1})"}).status, 200);
  for (const char* mistake : {R"({"launch_lag":1})", R"({"launch_lag_ms":"1s"})", "[]", "{",
                              R"({"launch_lag_ms":-1})", R"({"jitter":2})"}) {
    EXPECT_EQ(send({"POST", "/_sim/config", {}, mistake}).status, 400) << mistake;
  }
  const base::HttpResponse unknown = send({"GET", "/_sim/nothing", {}, ""});
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, HasSubstr("GET /_sim/healthz"));
  EXPECT_EQ(send({"DELETE", "/_sim/queues", {}, ""}).status, 404);
  EXPECT_EQ(send({"GET", "/_sim/mutations", {}, ""}).status, 400);
}

TEST_F(RegionTest, OneSeedGivesOneRun) {
  const auto run = [](std::uint64_t seed) {
    VirtualLoop loop;
    WorldConfig config;
    config.keys.clear();
    config.seed = seed;
    Region region(loop.executor(), loop.clock(), config);
    const auto answer = [&](const char* target, const std::string& body) {
      return loop.run(region.handle(json_request(target, body))).body;
    };
    answer("AmazonSQS.CreateQueue", R"({"QueueName":"q"})");
    return answer("AmazonSQS.SendMessage",
                  R"({"QueueUrl":"http://h/123456789012/q","MessageBody":"a"})");
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

}  // namespace
}  // namespace sim
