// The simulated CloudWatch alarms, SNS topics and the web servers on simulated instances.
#include "aws/cloudwatch.h"
#include "aws/events.h"
#include "aws/sns.h"
#include "sim/cloudwatch_service.h"
#include "sim/ec2_service.h"
#include "sim/instance_http.h"
#include "sim/region.h"
#include "sim/sns_service.h"
#include "sim/virtual_loop.h"
#include "tests/support/sim_http_client.h"

#include <gtest/gtest.h>

namespace sim {
namespace {

struct Rig {
  VirtualLoop loop;
  Region region{loop.executor(), loop.clock(), WorldConfig{}};
  test::SimHttpClient http{
      [this](base::HttpRequest request) { return region.handle(std::move(request)); },
      loop.clock()};
  base::Random random{1};
  aws::StaticCredentials credentials{
      {"AKIDSIMULATED", base::Secret("simulated-secret"), base::Secret(), std::nullopt, "test"}};
  aws::Caller caller{http, credentials, loop.clock(), random,
                     aws::EndpointConfig{base::Region("eu-west-2"), "http://aws.test", {}}};
};

TEST(SimulatedAlarms, AreDescribedByNameWithTheTimeOfTheirChange) {
  Rig rig;
  rig.region.cloudwatch().set_alarm("web-5xx", "OK");
  rig.loop.run_for(std::chrono::minutes(5));
  const base::TimePoint rang = rig.loop.clock().now();
  rig.region.cloudwatch().set_alarm("web-5xx", "ALARM");
  rig.region.cloudwatch().set_alarm("other", "OK");
  rig.loop.run_for(std::chrono::minutes(1));
  const auto alarms =
      rig.loop.run(aws::CloudWatch(rig.caller).describe_alarms({"web-5xx", "missing"}));
  ASSERT_TRUE(alarms) << alarms.error().to_string();
  ASSERT_EQ(alarms->size(), 1U);
  EXPECT_EQ(alarms->front().state, "ALARM");
  EXPECT_EQ(alarms->front().since, rang);
}

TEST(SimulatedAlarms, TellTheBusWhenTheyChange) {
  Rig rig;
  std::vector<std::string> seen;
  rig.region.world().listen([&](const Json& event) {
    if (event.at("source") == "aws.cloudwatch") {
      seen.push_back(event.at("detail").at("state").at("value").get<std::string>());
    }
  });
  rig.region.cloudwatch().set_alarm("a", "OK");
  rig.region.cloudwatch().set_alarm("a", "OK");
  rig.region.cloudwatch().set_alarm("a", "ALARM");
  rig.loop.run_for(std::chrono::seconds(1));
  EXPECT_EQ(seen, (std::vector<std::string>{"OK", "ALARM"}));
}

TEST(SimulatedTopics, KeepWhatIsPublished) {
  Rig rig;
  const std::string arn = rig.region.sns().create_topic("recycles");
  const auto id = rig.loop.run(aws::Sns(rig.caller)
                                   .publish({.topic_arn = arn,
                                             .message = "hello",
                                             .subject = "s",
                                             .attributes = {{"kind", "done"}}}));
  ASSERT_TRUE(id) << id.error().to_string();
  const auto& messages = rig.region.sns().messages(arn);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].id, *id);
  EXPECT_EQ(messages[0].body, "hello");
  EXPECT_EQ(messages[0].attributes.at("kind"), "done");
  const auto missing =
      rig.loop.run(aws::Sns(rig.caller).publish({.topic_arn = arn + "x", .message = "m"}));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, base::ErrorKind::kNotFound);
}

TEST(SimulatedBus, TakesEventsOfOurs) {
  Rig rig;
  std::string type;
  rig.region.world().listen([&](const Json& event) { type = event.at("detail-type"); });
  const auto id = rig.loop.run(aws::Events(rig.caller)
                                   .put_events({.bus = "",
                                                .source = "autorecycle",
                                                .detail_type = "Recycle Started",
                                                .detail = "{}"}));
  ASSERT_TRUE(id) << id.error().to_string();
  rig.loop.run_for(std::chrono::seconds(1));
  EXPECT_EQ(type, "Recycle Started");
}

base::HttpResponse get(Rig& rig, InstanceHttp& instances, const std::string& url) {
  return rig.loop.run(instances.handle({.method = "GET", .url = url, .headers = {}, .body = {}}));
}

TEST(SimulatedInstances, AnswerHttpAtTheirOwnAddressOnly) {
  Rig rig;
  const std::string id = rig.region.ec2().launch(
      {.image = "ami-1", .type = "t3.nano", .zone = "eu-west-2a", .tags = {}});
  const std::string address = rig.region.ec2().find(id)->private_ip;
  InstanceHttp instances(rig.region.ec2());
  EXPECT_EQ(get(rig, instances, "http://" + address + ":80/").status, 0) << "still pending";
  rig.region.ec2().set_state(id, "running");
  EXPECT_EQ(get(rig, instances, "http://" + address + ":8080/health").status, 200);
  EXPECT_EQ(get(rig, instances, "http://169.254.169.254/latest").status, 0);
  EXPECT_EQ(instances.strangers(), std::vector<std::string>{"http://169.254.169.254/latest"});
}

}  // namespace
}  // namespace sim
