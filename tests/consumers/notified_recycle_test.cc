// Recycles of which people are told: that it costs the recycle nothing, and what they are told.
#include "consumers/recycle/notify/aws_sinks.h"
#include "consumers/recycle/notify/notifier.h"
#include "consumers/recycle/notify/pager_duty.h"
#include "consumers/recycle/notify/slack.h"
#include "sim/region.h"
#include "sim/sns_service.h"
#include "tests/consumers/notify_rig.h"
#include "tests/consumers/sim_services.h"

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace consumers::recycle {
namespace {

using nlohmann::json;
using std::chrono::minutes;
using std::chrono::seconds;
using test::Receiver;

constexpr const char* kGroup = "payments-asg-1";
constexpr const char* kSecret = test::kNotifySecret;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A group to be recycled, over the simulated region, with somebody to be told.
struct Told : test::SimServices {
  Receiver receiver{loop.clock()};
  test::SimHttpClient http{
      [this](base::HttpRequest request) { return receiver.handle(std::move(request)); },
      loop.clock()};
  base::Random random{5};
  std::unique_ptr<Notifier> notifier;
  aws::Sns sns{worker.caller};
  aws::Events events{worker.caller};

  explicit Told(std::map<std::string, std::string> tags = {}) {
    tags.merge(test::tags_for("out-in"));
    tags["autorecycle_notify_pager_duty"] = "true";
    tags["autorecycle_slack_monitoring_channel"] = "alerts";
    create_group({.name = kGroup, .tags = std::move(tags)});
    create_template_version();
  }
  void start(std::vector<std::unique_ptr<Sink>> more = {}) {
    std::vector<std::unique_ptr<Sink>> sinks = std::move(more);
    SlackConfig slack;
    slack.token = base::Secret(kSecret);
    sinks.push_back(std::make_unique<SlackSink>(http, slack));
    sinks.push_back(std::make_unique<PagerDutySink>(
        http, PagerDutyConfig{
                  .routing_key = base::Secret(kSecret), .region = "eu-west-2", .environment = ""}));
    notifier = std::make_unique<Notifier>(std::move(sinks), loop.executor(), loop.clock(), random);
    boost::asio::co_spawn(loop.executor(), notifier->run(), [](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
    });
  }
  Verdict recycle() {
    RecycleConsumer consumer(worker.services, config, [this](const Progress& step) {
      progress.push_back(step);
      if (notifier) notifier->post(step);
    });
    Delivery delivery;
    delivery.queue = "recycles";
    delivery.message.payload = test::request_for(kGroup);
    return loop.run(consumer.consume(std::move(delivery)));
  }
  void end() {
    notifier->close(seconds(10));
    loop.run_for(minutes(1));
  }
};

base::Duration time_of_a_recycle(const std::function<void(Told&)>& prepare) {
  Told told;
  prepare(told);
  const base::TimePoint began = told.loop.clock().now();
  const Verdict verdict = told.recycle();
  const auto took = std::chrono::duration_cast<base::Duration>(told.loop.clock().now() - began);
  EXPECT_TRUE(std::holds_alternative<Done>(verdict));
  if (told.notifier) told.end();
  return took;
}

TEST(Notifications, CostARecycleNothingWhateverBecomesOfThem) {
  const base::Duration untold = time_of_a_recycle([](Told&) {});
  EXPECT_GT(untold, seconds(30));
  EXPECT_EQ(untold, time_of_a_recycle([](Told& told) { told.start(); }));
  EXPECT_EQ(untold, time_of_a_recycle([](Told& told) {
              told.receiver.hangs = true;
              told.start();
            }));
  EXPECT_EQ(untold, time_of_a_recycle([](Told& told) {
              told.receiver.answer = [](const auto&) { return base::HttpResponse{500, {}, ""}; };
              told.start();
            }));
}

TEST(Notifications, TellOfStartAndSuccessOnEveryPlace) {
  Told told;
  std::vector<std::pair<std::string, json>> bus;
  told.region.world().listen([&](const sim::Json& event) {
    if (event.at("source") != "autorecycle") return;
    bus.emplace_back(event.at("detail-type"), json::parse(event.at("detail").dump()));
  });
  const std::string topic = told.region.sns().create_topic("recycles");
  std::vector<std::unique_ptr<Sink>> sinks;
  sinks.push_back(std::make_unique<SnsSink>(told.sns, topic, "production"));
  sinks.push_back(std::make_unique<EventBridgeSink>(told.events, "default", "production"));
  told.start(std::move(sinks));
  told.recycle();
  told.end();
  ASSERT_EQ(bus.size(), 2U);
  EXPECT_EQ(bus[0].first, "Autorecycle Recycle Started");
  EXPECT_EQ(bus[1].first, "Autorecycle Recycle Succeeded");
  EXPECT_EQ(bus[1].second.at("autoScalingGroupName"), kGroup);
  EXPECT_EQ(bus[1].second.at("run"), bus[0].second.at("run"));
  EXPECT_EQ(bus[1].second.at("oldInstances"), 0);
  const auto& messages = told.region.sns().messages(topic);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[1].attributes.at("kind"), "succeeded");
  EXPECT_EQ(json::parse(messages[1].body).at("kind"), "succeeded");
  // Slack twice, PagerDuty's resolve once.
  EXPECT_EQ(told.receiver.posts.size(), 3U);
}

TEST(Notifications, NameAWrongTagItsValueAndWhatIsAccepted) {
  Told told({{"autorecycle_gate_http", "http://evil.example/"}});
  told.start();
  testing::internal::CaptureStderr();
  const Verdict verdict = told.recycle();
  told.end();
  testing::internal::GetCapturedStderr();
  ASSERT_TRUE(std::holds_alternative<Poison>(verdict));
  std::vector<std::string> said = {std::get<Poison>(verdict).reason, told.progress.back().step};
  for (const auto& post : told.receiver.posts) said.push_back(post.request.body);
  ASSERT_EQ(said.size(), 4U) << "Slack and PagerDuty";
  for (const std::string& text : said) {
    EXPECT_TRUE(contains(text, "autorecycle_gate_http")) << text;
    EXPECT_TRUE(contains(text, "http://evil.example/")) << text;
    EXPECT_TRUE(contains(text, "http:PORT/PATH")) << text;
  }
}

TEST(Notifications, NameAWrongTagAlreadyWhenTheRequestComesIn) {
  Told told({{"autorecycle_gate_min_age", "soon"}});
  std::vector<Progress> seen;
  IntakeConsumer intake(told.worker.services, told.config,
                        [&](const Progress& step) { seen.push_back(step); });
  Delivery delivery;
  delivery.queue = "events";
  delivery.message.payload = test::request_for(kGroup);
  const Verdict verdict = told.loop.run(intake.consume(std::move(delivery)));
  ASSERT_TRUE(std::holds_alternative<Poison>(verdict));
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].moment, Moment::kFailed);
  EXPECT_EQ(seen[0].slack_channel, "alerts");
  EXPECT_TRUE(seen[0].notify_pager_duty);
  EXPECT_TRUE(contains(seen[0].step, "tag autorecycle_gate_min_age has the value \"soon\""))
      << seen[0].step;
}

}  // namespace
}  // namespace consumers::recycle
