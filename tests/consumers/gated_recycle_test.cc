// Whole recycles with gates and hooks over the simulated region.
#include "base/log.h"
#include "consumers/recycle/journal.h"
#include "tests/consumers/gated_services.h"

#include <boost/system/system_error.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace consumers::recycle {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using test::GatedServices;
using test::request_for;

constexpr const char* kGroup = "payments-asg-1";

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string text_of(const Verdict& verdict) {
  if (const auto* done = std::get_if<Done>(&verdict)) return "done: " + done->reason;
  if (const auto* retry = std::get_if<Retry>(&verdict)) return "retry: " + retry->reason;
  if (const auto* defer = std::get_if<Defer>(&verdict)) return "defer: " + defer->reason;
  return "poison: " + std::get<Poison>(verdict).reason;
}

// Four instances of version 1 and a template of version 2.
struct Stage : GatedServices {
  aws::AutoScalingGroup before;

  explicit Stage(const std::string& strategy, std::map<std::string, std::string> tags = {}) {
    tags.merge(test::tags_for(strategy));
    create_group({.name = kGroup, .tags = std::move(tags)});
    before = look(kGroup);
    create_template_version();
  }
  std::string changed() {
    loop.run_for(minutes(10));
    return test::difference(before, look(kGroup), "2");
  }
  // As it was: also its instances.
  bool is_untouched() {
    loop.run_for(minutes(10));
    return test::difference(before, look(kGroup), "1").empty();
  }
  std::set<std::string> old_instances() const {
    std::set<std::string> ids;
    for (const auto& instance : before.instances) ids.insert(instance.id.value);
    return ids;
  }
  // Of the new instances, from their launch.
  bool is_young(const sim::Ec2Instance& instance, base::Duration age) {
    return loop.clock().now() - instance.launched < age;
  }
};

boost::asio::awaitable<base::HttpResponse> status(int code) {
  co_return base::HttpResponse{code, {}, ""};
}

TEST(HttpGate, HoldsOldInstancesUntilEveryNewOneAnswersAndAsksNobodyElse) {
  for (const char* strategy : {"out-in", "in-out"}) {
    Stage stage(strategy, {{"autorecycle_gate_http", "http:8080/health"}});
    std::vector<std::string> urls;
    std::map<std::string, base::TimePoint> passed;
    stage.instances.script([&](const sim::Ec2Instance& instance, const base::HttpRequest& request) {
      urls.push_back(request.url);
      if (stage.is_young(instance, minutes(4))) return status(503);
      passed.try_emplace(instance.id, stage.loop.clock().now());
      return status(200);
    });
    const Verdict verdict = stage.deliver(request_for(kGroup));
    ASSERT_TRUE(std::holds_alternative<Done>(verdict)) << text_of(verdict);
    EXPECT_EQ(stage.changed(), "");
    EXPECT_EQ(passed.size(), 4U);
    EXPECT_TRUE(stage.instances.strangers().empty());
    for (const std::string& id : stage.instances.asked()) {
      EXPECT_FALSE(stage.old_instances().contains(id)) << "old ones prove nothing";
    }
    for (const std::string& url : urls) EXPECT_TRUE(contains(url, ":8080/health")) << url;
    const bool waited = std::ranges::any_of(stage.progress, [](const Progress& step) {
      return contains(step.step, "HTTP check: status 503, expected 200-299");
    });
    EXPECT_TRUE(waited);
  }
}

TEST(HttpGate, UndoesARunWhoseNewInstancesNeverAnswer) {
  Stage stage("out-in",
              {{"autorecycle_gate_http", "http:80/"}, {"autorecycle_gate_http_timeout", "3m"}});
  stage.instances.script([](const auto&, const auto&) { return status(0); });
  const base::TimePoint began = stage.loop.clock().now();
  const Verdict verdict = stage.deliver(request_for(kGroup));
  EXPECT_TRUE(contains(text_of(verdict), "\"HTTP check\" within 180 s")) << text_of(verdict);
  EXPECT_LT(stage.loop.clock().now() - began, minutes(8)) << "before the run's own timeout";
  EXPECT_TRUE(stage.is_untouched());
  for (const auto& instance : stage.look(kGroup).instances) {
    EXPECT_TRUE(stage.old_instances().contains(instance.id.value));
  }
}

TEST(HttpGate, ThatHangsCostsItsTimeoutAndNoMore) {
  Stage stage("out-in", {{"autorecycle_gate_http", "http:80/"},
                         {"autorecycle_gate_http_request_timeout", "2s"},
                         {"autorecycle_gate_http_timeout", "2m"}});
  stage.instances.script(
      [&](const auto&, const auto&) -> boost::asio::awaitable<base::HttpResponse> {
        return [](base::Clock& clock) -> boost::asio::awaitable<base::HttpResponse> {
          co_await clock.sleep_for(std::chrono::hours(1));
          co_return base::HttpResponse{200, {}, ""};
        }(stage.loop.clock());
      });
  const base::TimePoint began = stage.loop.clock().now();
  const Verdict verdict = stage.deliver(request_for(kGroup));
  EXPECT_TRUE(contains(text_of(verdict), "\"HTTP check\" within 120 s")) << text_of(verdict);
  EXPECT_LT(stage.loop.clock().now() - began, minutes(8));
}

TEST(AgeGate, CountsFromInService) {
  Stage stage("out-in", {{"autorecycle_gate_min_age", "7m"}});
  const base::TimePoint began = stage.loop.clock().now();
  const Verdict verdict = stage.deliver(request_for(kGroup));
  ASSERT_TRUE(std::holds_alternative<Done>(verdict)) << text_of(verdict);
  EXPECT_EQ(stage.changed(), "");
  EXPECT_GT(stage.loop.clock().now() - began, minutes(7));
}

TEST(CommandGate, RunsOnceForEveryNewInstanceThatPassesAndIsToldWhatFor) {
  Stage stage("out-in", {{"autorecycle_gate_command", "smoke"}});
  stage.outside.commands["smoke"] = {"/opt/smoke", "--fast"};
  std::map<std::string, int> tries;
  stage.program = [&](const GatedServices::Run& run) {
    const auto input = nlohmann::json::parse(run.input);
    EXPECT_EQ(input.at("group"), kGroup);
    EXPECT_TRUE(input.at("private_ip").get<std::string>().starts_with("10."));
    const int number = ++tries[input.at("instance").get<std::string>()];
    return number < 3 ? aws::ProcessOutput{2, "", "not yet\n"} : aws::ProcessOutput{};
  };
  const Verdict verdict = stage.deliver(request_for(kGroup));
  ASSERT_TRUE(std::holds_alternative<Done>(verdict)) << text_of(verdict);
  EXPECT_EQ(stage.changed(), "");
  ASSERT_EQ(tries.size(), 4U);
  for (const auto& [id, count] : tries) EXPECT_EQ(count, 3) << id;
  EXPECT_EQ(stage.runs.front().words, (std::vector<std::string>{"/opt/smoke", "--fast"}));
  EXPECT_TRUE(std::ranges::any_of(stage.progress, [](const Progress& step) {
    return contains(step.step, "command: exit code 2: not yet");
  }));
}

TEST(AlarmGate, LetsTheRunGoOnAfterTheBake) {
  for (const char* strategy : {"out-in", "in-out"}) {
    Stage stage(strategy,
                {{"autorecycle_gate_alarms", "web-5xx"}, {"autorecycle_gate_bake", "5m"}});
    stage.region.cloudwatch().set_alarm("web-5xx", "OK");
    stage.config.ready_timeout = minutes(60);
    const base::TimePoint began = stage.loop.clock().now();
    const Verdict verdict = stage.deliver(request_for(kGroup));
    ASSERT_TRUE(std::holds_alternative<Done>(verdict)) << text_of(verdict);
    const int bakes = std::string(strategy) == "in-out" ? 4 : 1;
    EXPECT_GT(stage.loop.clock().now() - began, minutes(5 * bakes)) << strategy;
    EXPECT_EQ(stage.changed(), "");
  }
}

TEST(AlarmGate, UndoesTheRunWhenAnAlarmRingsDuringTheBake) {
  Stage stage("out-in", {{"autorecycle_gate_alarms", "web-5xx"}});
  stage.region.cloudwatch().set_alarm("web-5xx", "OK");
  bool rung = false;
  const auto ring = [&](const Progress& step) {
    if (!rung && contains(step.step, "the alarms must be quiet")) {
      rung = true;
      stage.region.cloudwatch().set_alarm("web-5xx", "ALARM");
    }
  };
  RecycleConsumer consumer(stage.worker.services, stage.config, ring);
  Delivery delivery;
  delivery.queue = "recycles";
  delivery.message.payload = request_for(kGroup);
  const Verdict verdict = stage.loop.run(consumer.consume(std::move(delivery)));
  EXPECT_TRUE(contains(text_of(verdict), "alarm web-5xx is in ALARM")) << text_of(verdict);
  EXPECT_TRUE(rung);
  EXPECT_TRUE(stage.is_untouched());
}

TEST(AlarmGate, DoesNotBeginWhileAnAlarmRingsOrIsMissing) {
  Stage stage("out-in", {{"autorecycle_gate_alarms", "web-5xx"}});
  Verdict verdict = stage.deliver(request_for(kGroup));
  EXPECT_TRUE(contains(text_of(verdict), "tag autorecycle_gate_alarms names \"web-5xx\""))
      << text_of(verdict);
  stage.region.cloudwatch().set_alarm("web-5xx", "ALARM");
  stage.loop.run_for(minutes(1));
  verdict = stage.deliver(request_for(kGroup));
  EXPECT_TRUE(contains(text_of(verdict), "is in ALARM")) << text_of(verdict);
  EXPECT_EQ(stage.region.mutations(kGroup, test::kWorkerKey), 0);
}

// Hooks that are posted to, with what arrived.
struct Hooked : Stage {
  std::vector<nlohmann::json> posts;
  std::vector<std::string> keys;
  std::function<int(const nlohmann::json&)> answer;
  std::string lose_journal_at;  // a hook's name: while it runs, somebody else ends the run

  explicit Hooked(const std::string& strategy, std::map<std::string, std::string> more = {})
      : Stage(strategy, with_hooks(std::move(more))) {
    outside.hooks["tell"] = Hook{base::Secret("https://hooks.test/s3cr3t"), {}};
    elsewhere = [this](base::HttpRequest request) { return take(*this, std::move(request)); };
  }
  static std::map<std::string, std::string> with_hooks(std::map<std::string, std::string> tags) {
    for (const char* point : {"before_start", "before_terminate", "after_end"}) {
      tags.try_emplace(std::string("autorecycle_hook_") + point, "tell");
    }
    return tags;
  }
  static boost::asio::awaitable<base::HttpResponse> take(Hooked& self, base::HttpRequest request) {
    const auto json = nlohmann::json::parse(request.body);
    const int code = self.answer ? self.answer(json) : 200;
    if (code == 200) self.posts.push_back(json);
    self.keys.emplace_back(base::find_header(request.headers, "Idempotency-Key").value_or(""));
    EXPECT_EQ(self.keys.back(), json.at("key").get<std::string>());
    if (json.at("hook") == self.lose_journal_at) {
      const auto done = co_await self.operating.auto_scaling.delete_tags(
          base::GroupName(kGroup), {std::string(kJournalPrefix), std::string(kJournalPrefix) + ":2",
                                    std::string(kJournalPrefix) + ":3"});
      EXPECT_TRUE(done);
    }
    co_return base::HttpResponse{code, {}, ""};
  }
};

TEST(Hooks, RunBeforeTheStartBeforeEachTerminationAndAfterTheEnd) {
  for (const char* strategy : {"out-in", "in-out"}) {
    Hooked stage(strategy);
    stage.record_mutations();
    stage.answer = [&](const nlohmann::json& post) {
      if (post.at("hook") == "before_start") {
        EXPECT_EQ(stage.serving(kGroup), 4);
        EXPECT_EQ(stage.mutations, std::vector<std::string>(2, "CreateOrUpdateTags"))
            << "nothing but the claim and the journal";
      }
      return 200;
    };
    const Verdict verdict = stage.deliver(request_for(kGroup));
    ASSERT_TRUE(std::holds_alternative<Done>(verdict)) << text_of(verdict);
    EXPECT_EQ(stage.changed(), "");
    ASSERT_EQ(stage.posts.size(), 6U) << strategy;
    EXPECT_EQ(stage.posts.front().at("hook"), "before_start");
    EXPECT_EQ(stage.posts.back().at("hook"), "after_end");
    EXPECT_EQ(stage.posts.back().at("result"), "succeeded");
    std::set<std::string> told;
    for (std::size_t i = 1; i < 5; ++i) told.insert(stage.posts[i].at("instance"));
    EXPECT_EQ(told, stage.old_instances());
  }
}

TEST(Hooks, AreNeverRunByADryRun) {
  Hooked stage("out-in");
  messages::RecycleRequest request = request_for(kGroup);
  request.dry_run = true;
  stage.deliver(request);
  EXPECT_TRUE(stage.posts.empty());
}

TEST(Hooks, AreTriedAgainUnderTheSameKey) {
  Hooked stage("out-in");
  int refused = 2;
  stage.answer = [&](const nlohmann::json&) { return refused-- > 0 ? 503 : 200; };
  const Verdict verdict = stage.deliver(request_for(kGroup));
  ASSERT_TRUE(std::holds_alternative<Done>(verdict)) << text_of(verdict);
  ASSERT_GE(stage.keys.size(), 3U);
  EXPECT_EQ(stage.keys[0], stage.keys[2]);
}

TEST(Hooks, DoNotBringBackTheJournalThatSomebodyElseRemovedMeanwhile) {
  Hooked stage("out-in");
  stage.lose_journal_at = "before_start";
  const Verdict verdict = stage.deliver(request_for(kGroup));
  EXPECT_TRUE(std::holds_alternative<Retry>(verdict)) << text_of(verdict);
  EXPECT_FALSE(stage.look(kGroup).tags.contains(std::string(kJournalPrefix)));
  EXPECT_TRUE(stage.is_untouched());
}

TEST(Hooks, ThatFailUndoTheRunWithoutShowingTheirUrl) {
  Hooked stage("out-in");
  stage.answer = [](const nlohmann::json& post) {
    return post.at("hook") == "before_start" ? 403 : 200;
  };
  testing::internal::CaptureStderr();
  base::configure_log(base::LogLevel::kDebug, base::LogFormat::kText);
  const Verdict verdict = stage.deliver(request_for(kGroup));
  const std::string log = testing::internal::GetCapturedStderr();
  base::configure_log(base::LogLevel::kWarn, base::LogFormat::kText);
  EXPECT_TRUE(contains(text_of(verdict), "hook tell (before_start) failed: status 403"))
      << text_of(verdict);
  EXPECT_EQ(stage.keys.size(), 2U) << "403 is final; then the hook after the end";
  ASSERT_FALSE(stage.posts.empty());
  EXPECT_EQ(stage.posts.back().at("result"), "failed");
  EXPECT_TRUE(stage.is_untouched());
  EXPECT_TRUE(contains(log, "hook failed")) << log;
  EXPECT_FALSE(contains(log, "s3cr3t")) << log;
}

TEST(Hooks, ThatFailAreSteppedOverWhereTheTagSaysContinue) {
  Hooked stage("out-in", {{"autorecycle_hook_failure", "continue"}});
  stage.answer = [](const nlohmann::json&) { return 500; };
  const Verdict verdict = stage.deliver(request_for(kGroup));
  ASSERT_TRUE(std::holds_alternative<Done>(verdict)) << text_of(verdict);
  EXPECT_EQ(stage.changed(), "");
}

boost::asio::awaitable<void> end_the_run(Stage& stage) {
  aws::DescribeAutoScalingGroupsOptions options;
  options.names = {base::GroupName(kGroup)};
  auto groups = co_await stage.operating.auto_scaling.describe_auto_scaling_groups(options);
  co_await stage.operating.auto_scaling.delete_tags(options.names.front(),
                                                    journal_keys(groups.value().front().tags));
}

// Meanwhile another worker ends the run, and its journal with it.
boost::asio::awaitable<base::HttpResponse> outlast_the_run(Hooked& stage, bool& ended) {
  if (!ended) {
    ended = true;
    co_await end_the_run(stage);
    co_await stage.loop.clock().sleep_for(minutes(5));
  }
  co_return base::HttpResponse{200, {}, ""};
}

TEST(Hooks, ThatOutlastTheirRunLeaveNoJournalBehind) {
  Hooked stage("out-in", {{"autorecycle_hook_timeout", "10m"}});
  bool ended = false;
  stage.elsewhere = [&](const base::HttpRequest&) { return outlast_the_run(stage, ended); };
  stage.record_mutations();
  const Verdict verdict = stage.deliver(request_for(kGroup));
  EXPECT_TRUE(std::holds_alternative<Retry>(verdict)) << text_of(verdict);
  EXPECT_EQ(stage.mutations, std::vector<std::string>(2, "CreateOrUpdateTags")) << "it claims";
  EXPECT_TRUE(stage.is_untouched());
}

// The worker stands still while it asks a new instance; another one ends the run meanwhile.
boost::asio::awaitable<base::Result<aws::ProcessOutput>> stand_still(Stage& stage, bool& ended) {
  if (!ended) {
    ended = true;
    co_await end_the_run(stage);
    co_await stage.loop.clock().sleep_for(minutes(5));
    stage.record_mutations();
  }
  co_return aws::ProcessOutput{};
}

TEST(CommandGate, ThatOutlastsItsRunIsFollowedByNoChange) {
  Stage stage("out-in", {{"autorecycle_gate_command", "probe"}});
  stage.outside.commands["probe"] = {"probe"};
  bool ended = false;
  stage.outside.run = [&](auto, auto) { return stand_still(stage, ended); };
  const Verdict verdict = stage.deliver(request_for(kGroup));
  EXPECT_TRUE(std::holds_alternative<Retry>(verdict)) << text_of(verdict);
  EXPECT_EQ(stage.mutations, std::vector<std::string>{});
}

// A crash before or after any call to AWS: no hook is skipped, whatever the run that resumes.
TEST(Hooks, AreNotSkippedByARunThatIsResumed) {
  for (int crash = 1;; ++crash) {
    SCOPED_TRACE(fmt::format("crash after call {}", crash));
    Hooked stage("out-in");
    int calls = 0;
    stage.worker.http.after = [&](int, const base::HttpRequest& request) {
      const bool reads = contains(request.body, "Action=Describe");
      if (!reads && ++calls == crash) {
        throw boost::system::system_error(boost::asio::error::operation_aborted);
      }
    };
    bool crashed = false;
    try {
      stage.deliver(request_for(kGroup));
    } catch (const boost::system::system_error&) {
      crashed = true;
    }
    stage.worker.http.after = nullptr;
    if (!crashed) break;
    const Verdict verdict = stage.carry_out(request_for(kGroup));
    ASSERT_TRUE(std::holds_alternative<Done>(verdict)) << text_of(verdict);
    EXPECT_EQ(stage.changed(), "");
    std::set<std::string> told;
    for (const auto& post : stage.posts) told.insert(post.at("key").get<std::string>());
    EXPECT_EQ(told.size(), 6U);
    ASSERT_LT(crash, 100);
  }
}

}  // namespace
}  // namespace consumers::recycle
