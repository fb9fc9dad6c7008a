// What people are told: texts, order, pace, patience.
#include "base/log.h"
#include "consumers/recycle/notify/notifier.h"
#include "consumers/recycle/notify/pager_duty.h"
#include "consumers/recycle/notify/slack.h"
#include "sim/virtual_loop.h"
#include "tests/consumers/notify_rig.h"
#include "tests/support/sim_http_client.h"

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace consumers::recycle {
namespace {

using nlohmann::json;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using test::Receiver;

constexpr const char* kGroup = "payments-asg-1";
constexpr const char* kSecret = test::kNotifySecret;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Progress progress_of(Moment moment, const std::string& run = "run-1") {
  Progress progress;
  progress.group = kGroup;
  progress.component = "payments";
  progress.strategy = "out-in";
  progress.run_id = run;
  progress.target = "lt-0abc:7";
  progress.team = "Telemetry";
  progress.slack_channel = "team-telemetry-alerts";
  progress.moment = moment;
  progress.step = moment == Moment::kFailed ? "i-0abc: HTTP check: status 503" : "";
  return progress;
}

Notice notice(Moment moment) {
  return *notice_of(progress_of(moment), base::TimePoint(hours(24 * 20'456)));
}

struct Rig {
  sim::VirtualLoop loop;
  Receiver receiver{loop.clock()};
  test::SimHttpClient http{
      [this](base::HttpRequest request) { return receiver.handle(std::move(request)); },
      loop.clock()};
  base::Random random{3};
  std::unique_ptr<Notifier> notifier;
  bool ended = false;

  SlackConfig slack() const {
    SlackConfig config;
    config.token = base::Secret(kSecret);
    config.channel = "deployments";
    config.environment = "production";
    return config;
  }
  PagerDutyConfig pager() const {
    return {
        .routing_key = base::Secret(kSecret), .region = "eu-west-2", .environment = "production"};
  }
  void start(std::vector<std::unique_ptr<Sink>> sinks, OutboxLimits limits = {}) {
    notifier =
        std::make_unique<Notifier>(std::move(sinks), loop.executor(), loop.clock(), random, limits);
    boost::asio::co_spawn(loop.executor(), notifier->run(), [this](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
      ended = true;
    });
  }
  void start_with_slack(OutboxLimits limits = {}) {
    std::vector<std::unique_ptr<Sink>> sinks;
    sinks.push_back(std::make_unique<SlackSink>(http, slack()));
    start(std::move(sinks), limits);
  }
  void start_with_pager() {
    std::vector<std::unique_ptr<Sink>> sinks;
    sinks.push_back(std::make_unique<PagerDutySink>(http, pager()));
    start(std::move(sinks));
  }
  ~Rig() {
    if (!notifier || ended) return;
    receiver.hangs = false;
    notifier->close(base::Duration(0));
    loop.run_for(minutes(1));
  }
};

TEST(Notices, AreMadeOfTurnsThatMeanSomethingToPeople) {
  EXPECT_FALSE(notice_of(progress_of(Moment::kStep), {}));
  EXPECT_EQ(text_of(notice(Moment::kStarted)), "Auto-recycling was successfully initiated");
  EXPECT_EQ(text_of(notice(Moment::kDone)), "Autorecycling has successfully completed");
  EXPECT_EQ(text_of(notice(Moment::kFailed)), "Auto-recycling has failed");
}

TEST(SlackMessage, HasTheOriginalsShape) {
  const json message = json::parse(slack_message(notice(Moment::kStarted), "production", "ops"));
  EXPECT_EQ(message.at("username"), "AutoRecycling");
  EXPECT_EQ(message.at("icon_emoji"), ":robot_face:");
  EXPECT_EQ(message.at("text"), "*payments*");
  EXPECT_EQ(message.at("channel"), "ops");
  const json& content = message.at("attachments").at(0);
  EXPECT_EQ(content.at("color"), "good");
  EXPECT_EQ(content.at("text"), "Auto-recycling was successfully initiated");
  EXPECT_EQ(content.at("fields").at(0),
            json({{"title", "Component Name"}, {"value", "payments"}, {"short", true}}));
  EXPECT_EQ(content.at("fields").at(1),
            json({{"title", "Environment"}, {"value", "production"}, {"short", true}}));
}

TEST(SlackMessage, TellsTheReasonAndCannotBeMadeToMentionAnybody) {
  Notice failed = notice(Moment::kFailed);
  failed.progress.step = "tag x has the value \"<!channel> & more\"";
  const std::string message = slack_message(failed, "", "");
  EXPECT_TRUE(contains(message, "&lt;!channel&gt; &amp; more")) << message;
  EXPECT_EQ(json::parse(message).at("attachments").at(0).at("color"), "danger");
}

TEST(Slack, SendsFailuresToTheGroupsChannelAndTheRestToTheCommonOne) {
  Rig rig;
  rig.start_with_slack();
  rig.notifier->post(progress_of(Moment::kStarted));
  rig.notifier->post(progress_of(Moment::kFailed));
  rig.loop.run_for(minutes(1));
  ASSERT_EQ(rig.receiver.posts.size(), 2U);
  EXPECT_EQ(rig.receiver.posts[0].body.at("channel"), "deployments");
  EXPECT_EQ(rig.receiver.posts[1].body.at("channel"), "team-telemetry-alerts");
  const base::HttpRequest& request = rig.receiver.posts[0].request;
  EXPECT_EQ(request.url, "/api/chat.postMessage");
  EXPECT_EQ(base::find_header(request.headers, "host").value_or(""), "slack.com");
  EXPECT_EQ(base::find_header(request.headers, "authorization").value_or(""),
            std::string("Bearer ") + kSecret);
}

TEST(Slack, TellsAChannelOneThingASecondAndInOrder) {
  Rig rig;
  rig.start_with_slack();
  for (int run = 0; run < 20; ++run) {
    rig.notifier->post(progress_of(Moment::kStarted, fmt::format("run-{:02}", run)));
  }
  rig.loop.run_for(minutes(1));
  const auto& posts = rig.receiver.posts;
  ASSERT_EQ(posts.size(), 20U);
  for (std::size_t i = 1; i < posts.size(); ++i) {
    EXPECT_GE(posts[i].at - posts[i - 1].at, seconds(1));
    EXPECT_TRUE(contains(posts[i].request.body, fmt::format("run-{:02}", i)));
  }
}

TEST(Slack, WaitsAsLongAsItIsAskedTo) {
  Rig rig;
  rig.start_with_slack();
  rig.receiver.answer = [&](const Receiver::Post&) {
    return rig.receiver.posts.size() == 1 ? base::HttpResponse{429, {{"Retry-After", "30"}}, ""}
                                          : base::HttpResponse{200, {}, R"({"ok":true})"};
  };
  rig.notifier->post(progress_of(Moment::kStarted));
  rig.loop.run_for(minutes(2));
  ASSERT_EQ(rig.receiver.posts.size(), 2U);
  EXPECT_GE(rig.receiver.posts[1].at - rig.receiver.posts[0].at, seconds(30));
}

TEST(Slack, TakesNoForAnAnswerAndAPassingErrorForAPause) {
  for (const auto& [error, posts] :
       {std::pair{"channel_not_found", 1U}, std::pair{"internal_error", 2U}}) {
    Rig rig;
    rig.start_with_slack();
    rig.receiver.answer = [&rig, error = std::string(error)](const Receiver::Post&) {
      const bool first = rig.receiver.posts.size() == 1;
      return base::HttpResponse{
          200, {}, first ? fmt::format(R"({{"ok":false,"error":"{}"}})", error) : R"({"ok":true})"};
    };
    rig.notifier->post(progress_of(Moment::kStarted));
    rig.loop.run_for(minutes(10));
    EXPECT_EQ(rig.receiver.posts.size(), posts) << error;
    EXPECT_EQ(rig.notifier->waiting(), 0U);
  }
}

TEST(Slack, UsesTheWebhookAsItIs) {
  Rig rig;
  SlackConfig config;
  config.webhook = base::Secret("https://hooks.slack.test/services/T/B/s3cr3t");
  std::vector<std::unique_ptr<Sink>> sinks;
  sinks.push_back(std::make_unique<SlackSink>(rig.http, config));
  rig.start(std::move(sinks));
  rig.receiver.answer = [](const Receiver::Post&) { return base::HttpResponse{200, {}, "ok"}; };
  rig.notifier->post(progress_of(Moment::kFailed));
  rig.loop.run_for(minutes(1));
  ASSERT_EQ(rig.receiver.posts.size(), 1U);
  EXPECT_FALSE(rig.receiver.posts[0].body.contains("channel"));
  EXPECT_EQ(rig.notifier->waiting(), 0U);
}

TEST(PagerDuty, PagesForAFailureAndResolvesWithTheNextSuccess) {
  Rig rig;
  rig.start_with_pager();
  rig.notifier->post(progress_of(Moment::kFailed, "run-0"));  // not tagged: nobody is paged
  Progress failed = progress_of(Moment::kFailed);
  failed.notify_pager_duty = failed.needs_person = true;
  rig.notifier->post(failed);
  Progress done = progress_of(Moment::kDone, "run-2");
  done.notify_pager_duty = true;
  rig.notifier->post(done);
  rig.loop.run_for(minutes(1));
  const auto& posts = rig.receiver.posts;
  ASSERT_EQ(posts.size(), 2U);
  EXPECT_EQ(posts[0].body.at("event_action"), "trigger");
  EXPECT_EQ(posts[0].body.at("dedup_key"), "autorecycle/eu-west-2/payments-asg-1");
  EXPECT_EQ(posts[0].body.at("payload").at("severity"), "critical");
  EXPECT_TRUE(contains(posts[0].body.at("payload").at("summary"),
                       "Autorecycling of payments has failed. Please investigate."));
  EXPECT_EQ(posts[1].body.at("event_action"), "resolve");
  EXPECT_EQ(posts[1].body.at("dedup_key"), posts[0].body.at("dedup_key"));
}

TEST(Notifier, TellsAnythingOnlyOnce) {
  Rig rig;
  rig.start_with_slack();
  for (int delivery = 0; delivery < 5; ++delivery) {
    Progress waiting = progress_of(Moment::kWaiting, fmt::format("run-{}", delivery));
    waiting.step = "the recycle window is shut; it opens at 04:00";
    rig.notifier->post(waiting);
    rig.notifier->post(progress_of(Moment::kStarted));
  }
  rig.loop.run_for(minutes(1));
  EXPECT_EQ(rig.receiver.posts.size(), 2U);
}

TEST(Notifier, LetsNoSinkHoldUpAnother) {
  Rig rig;
  Receiver stuck(rig.loop.clock());
  stuck.hangs = true;
  test::SimHttpClient stuck_http(
      [&](base::HttpRequest request) { return stuck.handle(std::move(request)); },
      rig.loop.clock());
  std::vector<std::unique_ptr<Sink>> sinks;
  sinks.push_back(std::make_unique<SlackSink>(stuck_http, rig.slack()));
  sinks.push_back(std::make_unique<PagerDutySink>(rig.http, rig.pager()));
  rig.start(std::move(sinks));
  Progress failed = progress_of(Moment::kFailed);
  failed.notify_pager_duty = true;
  const base::TimePoint posted = rig.loop.clock().now();
  rig.notifier->post(failed);
  rig.loop.run_for(minutes(5));
  ASSERT_EQ(rig.receiver.posts.size(), 1U);
  EXPECT_LT(rig.receiver.posts[0].at - posted, seconds(1));
  EXPECT_GT(stuck.posts.size(), 2U) << "still trying";
  EXPECT_EQ(rig.notifier->waiting(), 1U);
}

TEST(Notifier, KeepsABoundedNumberAndGivesOldOnesUp) {
  Rig rig;
  rig.receiver.answer = [](const Receiver::Post&) { return base::HttpResponse{500, {}, ""}; };
  rig.start_with_slack({.notices_max = 10});
  testing::internal::CaptureStderr();
  for (int run = 0; run < 100; ++run) {
    rig.notifier->post(progress_of(Moment::kStarted, fmt::format("run-{}", run)));
  }
  EXPECT_EQ(rig.notifier->waiting(), 10U);
  rig.loop.run_for(hours(3));
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(rig.notifier->waiting(), 0U);
  EXPECT_TRUE(contains(log, "the oldest is dropped"));
  EXPECT_TRUE(contains(log, "were given up"));
}

TEST(Notifier, SendsWhatIsLeftAtTheEnd) {
  Rig rig;
  rig.start_with_slack();
  for (int run = 0; run < 5; ++run) {
    rig.notifier->post(progress_of(Moment::kStarted, fmt::format("run-{}", run)));
  }
  rig.notifier->close(seconds(30));
  EXPECT_TRUE(rig.loop.run_until([&] { return rig.ended; }, seconds(10)));
  EXPECT_EQ(rig.receiver.posts.size(), 5U);
}

TEST(Notifier, EndsAtItsDeadlineWhateverHangs) {
  Rig rig;
  rig.receiver.hangs = true;
  rig.start_with_slack();
  rig.notifier->post(progress_of(Moment::kStarted));
  rig.loop.run_for(seconds(1));
  const base::TimePoint closed = rig.loop.clock().now();
  rig.notifier->close(seconds(5));
  EXPECT_TRUE(rig.loop.run_until([&] { return rig.ended; }, minutes(1)));
  EXPECT_LE(rig.loop.clock().now() - closed, seconds(6));
  EXPECT_EQ(rig.notifier->waiting(), 1U);
}

TEST(Notifier, EndsAtOnceWithoutSinks) {
  Rig rig;
  rig.start({});
  rig.notifier->post(progress_of(Moment::kFailed));
  rig.notifier->close(seconds(5));
  EXPECT_TRUE(rig.loop.run_until([&] { return rig.ended; }, seconds(1)));
}

TEST(Notifications, ShowNoSecretInAnyLogLine) {
  for (const int status : {0, 400, 403, 404, 429, 500, 302}) {
    Rig rig;
    rig.receiver.answer = [status](const Receiver::Post&) {
      return base::HttpResponse{status, {}, std::string("you sent ") + kSecret};
    };
    SlackConfig webhook;
    webhook.webhook = base::Secret(std::string("https://hooks.slack.test/") + kSecret);
    std::vector<std::unique_ptr<Sink>> sinks;
    sinks.push_back(std::make_unique<SlackSink>(rig.http, rig.slack()));
    sinks.push_back(std::make_unique<SlackSink>(rig.http, webhook));
    sinks.push_back(std::make_unique<PagerDutySink>(rig.http, rig.pager()));
    testing::internal::CaptureStderr();
    base::configure_log(base::LogLevel::kDebug, base::LogFormat::kText);
    rig.start(std::move(sinks));
    Progress failed = progress_of(Moment::kFailed);
    failed.notify_pager_duty = true;
    rig.notifier->post(failed);
    rig.loop.run_for(minutes(2));
    rig.notifier->close(seconds(1));
    rig.loop.run_for(minutes(1));
    const std::string log = testing::internal::GetCapturedStderr();
    base::configure_log(base::LogLevel::kWarn, base::LogFormat::kText);
    EXPECT_TRUE(contains(log, "notification")) << log;
    EXPECT_FALSE(contains(log, "s3cr3t")) << log;
  }
}

}  // namespace
}  // namespace consumers::recycle
