// The consumer end to end: real clients, real wire formats, the simulated region, virtual time.
#include "sim/autoscaling_service.h"
#include "sim/faults.h"
#include "tests/consumers/sim_services.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace consumers::recycle {
namespace {

using test::difference;
using test::request_for;
using test::SimServices;
using test::tags_for;

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

// A group of four behind a target group, with a new version of its template waiting.
struct Stage : SimServices {
  explicit Stage(const std::string& strategy = "out-in", int desired = 4) {
    test::GroupSpec spec;
    spec.name = kGroup;
    spec.desired = desired;
    spec.min_size = std::min(2, desired);
    spec.tags = tags_for(strategy);
    spec.target_groups = {create_target_group("web")};
    create_group(spec);
    create_template_version();
    before = look(kGroup);
  }
  aws::AutoScalingGroup before;

  std::string changed() { return difference(before, look(kGroup), "2"); }
};

struct StrategyCase {
  std::string strategy;
  int floor;  // of serving instances, for a group of four
};

class EveryStrategy : public testing::TestWithParam<StrategyCase> {};

INSTANTIATE_TEST_SUITE_P(RecycleConsumer, EveryStrategy,
                         testing::Values(StrategyCase{"out-in", 4}, StrategyCase{"out-in-timed", 4},
                                         StrategyCase{"in-out", 3}),
                         [](const auto& info) {
                           std::string name = info.param.strategy;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST_P(EveryStrategy, LeavesTheGroupToAnInstanceRefreshThatIsUnderWay) {
  Stage stage(GetParam().strategy);
  stage.start_instance_refresh(kGroup);
  stage.record_mutations();
  const std::string told = text_of(stage.deliver(request_for(kGroup)));
  EXPECT_TRUE(contains(told, "poison: group payments-asg-1: instance refresh ")) << told;
  EXPECT_TRUE(stage.mutations.empty()) << stage.mutations.front();
}

TEST_P(EveryStrategy, MakesTheGroupNewAndLeavesItOtherwiseAsItWas) {
  Stage stage(GetParam().strategy);
  int least = stage.serving(kGroup);
  stage.worker.http.before = [&](int, const base::HttpRequest&) {
    least = std::min(least, stage.serving(kGroup));
  };
  const Verdict verdict = stage.deliver(request_for(kGroup));
  ASSERT_TRUE(std::holds_alternative<Done>(verdict)) << text_of(verdict);
  stage.loop.run_for(std::chrono::minutes(10));
  EXPECT_EQ(stage.changed(), "");
  EXPECT_EQ(stage.serving(kGroup), 4);
  EXPECT_GE(least, GetParam().floor);
}

TEST_P(EveryStrategy, HasNothingLeftToDoASecondTime) {
  Stage stage(GetParam().strategy);
  stage.carry_out(request_for(kGroup));
  stage.record_mutations();
  const Verdict verdict = stage.deliver(request_for(kGroup));
  EXPECT_TRUE(contains(text_of(verdict), "nothing to recycle")) << text_of(verdict);
  EXPECT_TRUE(stage.mutations.empty());
}

TEST_P(EveryStrategy, TakesExactlyThePlannedSteps) {
  Stage stage(GetParam().strategy);
  const auto report = stage.loop.run(
      plan_group(stage.worker.services, stage.config, base::GroupName(kGroup), PolicyOverrides{}));
  ASSERT_TRUE(report) << report.error().to_string();
  EXPECT_EQ(report->strategy, GetParam().strategy);
  EXPECT_EQ(stage.region.mutations(kGroup, test::kWorkerKey), 0);
  std::vector<std::string> planned;
  for (const PlannedStep& step : report->steps) {
    if (step.operation != "wait" && step.operation != "finished") planned.push_back(step.operation);
  }
  stage.record_mutations();
  stage.deliver(request_for(kGroup));
  EXPECT_EQ(stage.mutations, planned);
}

TEST_P(EveryStrategy, ChangesNothingInADryRun) {
  Stage stage(GetParam().strategy);
  messages::RecycleRequest by_request = request_for(kGroup);
  by_request.dry_run = true;
  const Verdict first = stage.deliver(by_request);
  EXPECT_TRUE(contains(text_of(first), "done: ") && contains(text_of(first), "changed nothing"))
      << text_of(first);
  stage.set_tags(kGroup, {{"autorecycle_dry_run", "true"}});
  const Verdict second = stage.deliver(request_for(kGroup));
  EXPECT_TRUE(contains(text_of(second), "changed nothing")) << text_of(second);
  EXPECT_EQ(stage.region.mutations(kGroup, test::kWorkerKey), 0);
}

TEST_P(EveryStrategy, SurvivesThrottlingLostAnswersAndStaleReads) {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    Stage stage(GetParam().strategy);
    stage.worker.random = base::Random(seed);
    sim::Faults& faults = stage.region.faults();
    faults.settings().stale_reads = 0.2;
    faults.add({.kind = sim::FaultKind::kThrottle, .probability = 0.05});
    faults.add({.kind = sim::FaultKind::kError, .probability = 0.03});
    faults.add({.kind = sim::FaultKind::kLost, .probability = 0.03});
    const Verdict verdict = stage.carry_out(request_for(kGroup));
    faults.clear();
    ASSERT_TRUE(std::holds_alternative<Done>(verdict)) << text_of(verdict);
    stage.loop.run_for(std::chrono::minutes(10));
    EXPECT_EQ(stage.changed(), "");
  }
}

TEST(RecycleConsumer, AcceptsRecycleRequestsOnItsOwnQueueOnly) {
  SimServices aws;
  const RecycleConsumer consumer(aws.worker.services, aws.config);
  Delivery delivery;
  delivery.message.payload = messages::RecycleRequest{};
  delivery.queue = "recycles";
  EXPECT_TRUE(consumer.accepts(delivery));
  delivery.queue = "events";
  EXPECT_FALSE(consumer.accepts(delivery));
  delivery.queue = "recycles";
  delivery.message.payload = messages::GroupChanged{};
  EXPECT_FALSE(consumer.accepts(delivery));
}

TEST(RecycleConsumer, TellsAMissingGroupOfAnEventFromOneOfAPerson) {
  SimServices aws;
  messages::RecycleRequest request = request_for("gone");
  EXPECT_TRUE(contains(text_of(aws.deliver(request)), "poison: Auto Scaling group gone"));
  request.source_event_id = "event-1";
  EXPECT_EQ(text_of(aws.deliver(request)), "done: group gone does not exist (any more)");
}

TEST(RecycleConsumer, LeavesAGroupWithoutTagsAlone) {
  Stage stage;
  stage.delete_tag(kGroup, "autorecycle_recycle_on_asg_update");
  const Verdict verdict = stage.deliver(request_for(kGroup));
  EXPECT_TRUE(contains(text_of(verdict), "missing required tags")) << text_of(verdict);
  EXPECT_TRUE(std::holds_alternative<Done>(verdict));
  EXPECT_EQ(stage.region.mutations(kGroup, test::kWorkerKey), 0);
}

TEST(RecycleConsumer, RefusesAnUnknownStrategyWithoutTouchingTheGroup) {
  Stage stage("out-out");
  const Verdict verdict = stage.deliver(request_for(kGroup));
  ASSERT_TRUE(std::holds_alternative<Poison>(verdict)) << text_of(verdict);
  EXPECT_TRUE(contains(text_of(verdict), "out-out")) << text_of(verdict);
  EXPECT_EQ(stage.region.mutations(kGroup, test::kWorkerKey), 0);
}

TEST(RecycleConsumer, PutsTheRequestsStrategyBeforeTheTags) {
  Stage stage("out-in");
  messages::RecycleRequest request = request_for(kGroup);
  request.strategy = "in-out";
  const Verdict verdict = stage.deliver(request);
  ASSERT_TRUE(std::holds_alternative<Done>(verdict)) << text_of(verdict);
  EXPECT_TRUE(std::ranges::any_of(stage.progress, [](const Progress& step) {
    return step.strategy == "in-out" && step.phase == "swap";
  }));
}

TEST(RecycleConsumer, ForcedReplacesWhatWasLaunchedBeforeTheRequestAndNothingElse) {
  SimServices aws;
  test::GroupSpec spec;
  spec.name = kGroup;
  spec.tags = tags_for("out-in");
  aws.create_group(spec);
  const aws::AutoScalingGroup before = aws.look(kGroup);
  messages::RecycleRequest request = request_for(kGroup);
  EXPECT_TRUE(contains(text_of(aws.deliver(request)), "nothing to recycle"));
  request.force = true;
  request.requested_at = aws.loop.clock().now();
  ASSERT_TRUE(std::holds_alternative<Done>(aws.deliver(request)));
  aws.loop.run_for(std::chrono::minutes(10));
  const aws::AutoScalingGroup after = aws.look(kGroup);
  EXPECT_EQ(difference(before, after, "1"), "");
  for (const aws::GroupInstance& instance : after.instances) {
    EXPECT_EQ(std::ranges::find(before.instances, instance.id, &aws::GroupInstance::id),
              before.instances.end());
  }
  EXPECT_TRUE(contains(text_of(aws.deliver(request)), "nothing to recycle"));
}

TEST(RecycleConsumer, UndoesEverythingAndEndsRedWhenNewInstancesNeverServe) {
  Stage stage;
  stage.region.auto_scaling().never_healthy(100);
  const Verdict verdict = stage.deliver(request_for(kGroup));
  ASSERT_TRUE(std::holds_alternative<Poison>(verdict)) << text_of(verdict);
  EXPECT_EQ(std::get<Poison>(verdict).error_kind, "refused");
  stage.loop.run_for(std::chrono::minutes(10));
  EXPECT_EQ(difference(stage.before, stage.look(kGroup), "1"), "");
  EXPECT_EQ(stage.progress.back().phase, "aborted");
}

// Takes the action once, at the first turn that reports `phase`.
ProgressObserver at_phase(const std::string& phase, std::function<void()> action) {
  return [phase, action, done = false](const Progress& step) mutable {
    if (done || step.phase != phase) return;
    done = true;
    action();
  };
}

Delivery delivery_of(const messages::RecycleRequest& request) {
  Delivery delivery;
  delivery.queue = "recycles";
  delivery.message.payload = request;
  return delivery;
}

// Sends on its own coroutine, so that it may be called from within another one.
void delete_tag_later(Stage& stage, const std::string& key) {
  const auto work = [](Stage& s, std::string k) -> boost::asio::awaitable<void> {
    (void)co_await s.operating.auto_scaling.delete_tags(base::GroupName(kGroup), {k});
  };
  boost::asio::co_spawn(stage.loop.executor(), work(stage, key), [](std::exception_ptr error) {
    if (error) std::rethrow_exception(error);
  });
}

TEST(RecycleConsumer, UndoesARunWhoseGroupIsSwitchedOffMeanwhile) {
  Stage stage;
  RecycleConsumer consumer(stage.worker.services, stage.config, at_phase("grow", [&] {
                             delete_tag_later(stage, "autorecycle_recycle_on_asg_update");
                           }));
  const Verdict verdict = stage.loop.run(consumer.consume(delivery_of(request_for(kGroup))));
  ASSERT_TRUE(std::holds_alternative<Poison>(verdict)) << text_of(verdict);
  EXPECT_TRUE(contains(text_of(verdict), "missing required tags")) << text_of(verdict);
  stage.loop.run_for(std::chrono::minutes(10));
  stage.before.tags.erase("autorecycle_recycle_on_asg_update");
  EXPECT_EQ(difference(stage.before, stage.look(kGroup), "1"), "");
}

TEST(RecycleConsumer, DefersUntilTheWindowOpensAndThenRuns) {
  Stage stage("out-in-timed");
  // Virtual time starts at 03:04 UTC, which is the time in London in January.
  stage.set_tags(kGroup, {{"autorecycle_recycle_window", "05:00:00-06:30:00"}});
  stage.before = stage.look(kGroup);
  const Verdict verdict = stage.deliver(request_for(kGroup));
  ASSERT_TRUE(std::holds_alternative<Defer>(verdict)) << text_of(verdict);
  EXPECT_EQ(base::format_rfc3339(std::get<Defer>(verdict).until), "2026-01-02T05:00:00Z");
  EXPECT_EQ(stage.region.mutations(kGroup, test::kWorkerKey), 0);
  const Verdict later = stage.carry_out(request_for(kGroup));
  ASSERT_TRUE(std::holds_alternative<Done>(later)) << text_of(later);
  stage.loop.run_for(std::chrono::minutes(10));
  EXPECT_EQ(stage.changed(), "");
}

TEST(RecycleConsumer, RefusesABrokenJournalNamingItsTag) {
  Stage stage;
  stage.set_tags(kGroup, {{std::string(kJournalPrefix), "v2:1/1:00000000:half"}});
  const Verdict verdict = stage.deliver(request_for(kGroup));
  ASSERT_TRUE(std::holds_alternative<Poison>(verdict)) << text_of(verdict);
  EXPECT_TRUE(contains(text_of(verdict), std::string(kJournalPrefix))) << text_of(verdict);
  EXPECT_EQ(stage.region.mutations(kGroup, test::kWorkerKey), 0);
}

TEST(RecycleConsumer, StopsWhenTheJournalIsNoLongerItsOwn) {
  Stage stage;
  RecycleConsumer consumer(stage.worker.services, stage.config, at_phase("grow", [&] {
                             delete_tag_later(stage, std::string(kJournalPrefix));
                             delete_tag_later(stage, std::string(kJournalPrefix) + ":2");
                           }));
  const Verdict verdict = stage.loop.run(consumer.consume(delivery_of(request_for(kGroup))));
  ASSERT_TRUE(std::holds_alternative<Retry>(verdict)) << text_of(verdict);
  EXPECT_TRUE(contains(text_of(verdict), "journal")) << text_of(verdict);
}

TEST(RecycleConsumer, HandsALongRunOverAndTheNextDeliveryGoesOn) {
  Stage stage;
  stage.config.handover_after = std::chrono::seconds(40);
  const Verdict verdict = stage.deliver(request_for(kGroup));
  // Defer and not Retry: a hand-over spends no receive.
  ASSERT_TRUE(std::holds_alternative<Defer>(verdict)) << text_of(verdict);
  EXPECT_LE(std::get<Defer>(verdict).until, stage.loop.clock().now());
  EXPECT_TRUE(std::holds_alternative<Done>(stage.carry_out(request_for(kGroup), 100)));
  stage.loop.run_for(std::chrono::minutes(10));
  EXPECT_EQ(stage.changed(), "");
}

TEST(RecycleConsumer, ComesBackLaterWhenItsCredentialsAreRefused) {
  Stage stage;
  stage.worker.credentials = aws::StaticCredentials(
      {"AKIDUNKNOWN", base::Secret("x"), base::Secret(), std::nullopt, "test"});
  const Verdict verdict = stage.deliver(request_for(kGroup));
  ASSERT_TRUE(std::holds_alternative<Retry>(verdict)) << text_of(verdict);
  EXPECT_GT(std::get<Retry>(verdict).after.count(), 0);
  EXPECT_TRUE(contains(text_of(verdict), kGroup)) << text_of(verdict);
}

TEST(RecycleConsumer, EndsRedInsteadOfRetryingForEverWhenAwsRefusesAStep) {
  Stage stage;
  stage.region.faults().add({.kind = sim::FaultKind::kError,
                             .operation = "SuspendProcesses",
                             .status = 400,
                             .code = "ValidationError",
                             .message = "no"});
  const Verdict verdict = stage.deliver(request_for(kGroup));
  ASSERT_TRUE(std::holds_alternative<Poison>(verdict)) << text_of(verdict);
  EXPECT_TRUE(contains(text_of(verdict), "SuspendProcesses")) << text_of(verdict);
  EXPECT_EQ(difference(stage.before, stage.look(kGroup), "1"), "");
}

// Others changed the group since the look, and the service was not well before that.
TEST(RecycleConsumer, LooksAgainAfterOneRefusalWhateverFailedBefore) {
  Stage stage;
  const auto fail = [&](int status, const char* code, int times) {
    stage.region.faults().add({.kind = sim::FaultKind::kError,
                               .operation = "SuspendProcesses",
                               .count = times,
                               .status = status,
                               .code = code,
                               .message = "no"});
  };
  fail(500, "InternalFailure", 6);  // two turns, of three attempts each
  fail(400, "ValidationError", 2);
  const Verdict verdict = stage.deliver(request_for(kGroup));
  ASSERT_TRUE(std::holds_alternative<Done>(verdict)) << text_of(verdict);
}

TEST(RecycleConsumer, GoesOnAfterACancelledDelivery) {
  Stage stage;
  RecycleConsumer consumer(stage.worker.services, stage.config);
  boost::asio::cancellation_signal stop;
  bool cancelled = false;
  boost::asio::co_spawn(
      stage.loop.executor(), consumer.consume(delivery_of(request_for(kGroup))),
      boost::asio::bind_cancellation_slot(
          stop.slot(), [&](std::exception_ptr error, Verdict) { cancelled = error != nullptr; }));
  stage.loop.run_for(std::chrono::seconds(20));  // in the middle of growing
  EXPECT_GT(stage.region.mutations(kGroup, test::kWorkerKey), 1);
  stop.emit(boost::asio::cancellation_type::terminal);
  stage.loop.run_for(std::chrono::seconds(1));
  EXPECT_TRUE(cancelled);
  const Verdict verdict = stage.carry_out(request_for(kGroup));
  ASSERT_TRUE(std::holds_alternative<Done>(verdict)) << text_of(verdict);
  stage.loop.run_for(std::chrono::minutes(10));
  EXPECT_EQ(stage.changed(), "");
}

TEST(RecycleConsumer, ReportsOldNewAndInServiceAsTheyChange) {
  Stage stage;
  stage.deliver(request_for(kGroup));
  ASSERT_FALSE(stage.progress.empty());
  EXPECT_EQ(stage.progress.front().strategy, "out-in");
  EXPECT_EQ(stage.progress.front().phase, "preflight");
  EXPECT_EQ(stage.progress.front().old_instances, 4);
  EXPECT_EQ(stage.progress.front().new_ready, 0);
  EXPECT_EQ(stage.progress.back().phase, "finished");
  EXPECT_EQ(stage.progress.back().old_instances, 0);
  EXPECT_EQ(stage.progress.back().new_ready, 4);
  int most = 0;
  for (const Progress& step : stage.progress) most = std::max(most, step.in_service);
  EXPECT_EQ(most, 8);
}

}  // namespace
}  // namespace consumers::recycle
