// What the seeds do not cover by chance: a death at every single call, the dry run, and that the
// proof itself is repeatable. The seeds themselves are tests of their own (CMakeLists.txt).
#include "tests/recycle_proof/proof.h"

#include "consumers/recycle/claim.h"
#include "consumers/recycle/consumer.h"
#include "tests/recycle_proof/campaign.h"
#include "tests/recycle_proof/office.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace proof {
namespace {

namespace recycle = consumers::recycle;
using Strategy = recycle::Strategy;

struct Quiet : testing::Environment {
  void SetUp() override { log_nothing(); }
};
const auto* const kQuiet = testing::AddGlobalTestEnvironment(new Quiet);

// The group and the request of a seed, and nothing that disturbs them.
Scenario undisturbed(std::uint64_t seed) {
  Scenario scenario = make_scenario(seed);
  scenario.events.clear();
  scenario.misfortunes.clear();
  scenario.duplicates = 0;
  scenario.two_workers = scenario.dry_run = scenario.stuck_hook = scenario.sibling = false;
  scenario.cause = Scenario::Cause::kRequest;
  scenario.hooks.failures = 0;
  scenario.rollback = false;
  scenario.throttle = scenario.error = scenario.lost = scenario.stale = scenario.contention = 0;
  scenario.latency = base::Duration(0);
  return scenario;
}

Scenario small(Strategy strategy, int size) {
  Scenario scenario;
  scenario.seed = 11;
  scenario.strategy = strategy;
  scenario.min = std::min(1, size);
  scenario.desired = size;
  scenario.max = 2 * size;
  scenario.target_group = size == 2;
  scenario.starts = base::parse_rfc3339("2026-01-02T03:04:05Z").value();
  return scenario;
}

TEST(Proof, RepeatsARunExactly) {
  for (const std::uint64_t seed : {3U, 17U, 39U}) {
    const Report first = carry_out(seed, true);
    const Report second = carry_out(seed, true);
    EXPECT_EQ(first.timeline, second.timeline);
    EXPECT_EQ(first.calls, second.calls);
  }
}

TEST(Proof, ShowsATimelineAndTheCommandThatRepeatsIt) {
  const std::string text = explain(make_scenario(3));
  EXPECT_NE(text.find("autorecycle-recycle-soak --seed 3"), std::string::npos);
  EXPECT_NE(text.find("min "), std::string::npos);
}

class EveryCall : public testing::TestWithParam<std::tuple<Strategy, int>> {};

INSTANTIATE_TEST_SUITE_P(, EveryCall,
                         testing::Combine(testing::Values(Strategy::kOutIn, Strategy::kOutInTimed,
                                                          Strategy::kInOut),
                                          testing::Values(1, 2, 4)));

TEST_P(EveryCall, ADeathThereIsHealedByTheNextWorker) {
  const auto [strategy, size] = GetParam();
  const Scenario alive = small(strategy, size);
  const Report whole = carry_out(alive, false);
  ASSERT_EQ(whole.violation, "");
  ASSERT_TRUE(whole.succeeded);
  ASSERT_GT(whole.calls, 15);
  for (int call = 1; call <= whole.calls; ++call) {
    for (const auto kind : {Misfortune::Kind::kCrashBefore, Misfortune::Kind::kCrashAfter,
                            Misfortune::Kind::kFreeze}) {
      Scenario dying = alive;
      Misfortune one;
      one.kind = kind;
      one.call = call;
      one.lasts = std::chrono::minutes(8);
      dying.misfortunes = {one};
      const Report report = carry_out(dying, false);
      ASSERT_EQ(report.violation, "") << describe(dying) << carry_out(dying, true).timeline;
      ASSERT_TRUE(report.succeeded) << describe(dying);
    }
  }
}

class EveryMoment : public testing::TestWithParam<std::tuple<Strategy, int, Deed>> {};

INSTANTIATE_TEST_SUITE_P(
    , EveryMoment,
    testing::Combine(testing::Values(Strategy::kOutIn, Strategy::kInOut), testing::Values(1, 3),
                     testing::Values(Deed::kPause, Deed::kCancel, Deed::kCancelRestore)));

// A pause of a day is no failure; a cancel leaves sizes, bounds, processes and protection as they
// were, and with the version before wanted back, no mixture of versions.
TEST_P(EveryMoment, AnOperatorMayStopItThere) {
  const auto [strategy, size, deed] = GetParam();
  const Scenario alone = small(strategy, size);
  const int calls = carry_out(alone, false).calls;
  for (int call = 1; call <= calls; ++call) {
    Scenario stopped = alone;
    stopped.events.push_back(
        {.deed = deed, .call = call, .at = {}, .amount = 1, .lasts = std::chrono::hours(25)});
    const Report report = carry_out(stopped, false);
    ASSERT_EQ(report.violation, "") << describe(stopped) << carry_out(stopped, true).timeline;
    ASSERT_TRUE(report.succeeded) << describe(stopped);
    if (deed == Deed::kCancel) continue;
    ASSERT_EQ(report.versions, 1) << describe(stopped) << carry_out(stopped, true).timeline;
  }
}

std::vector<std::string> planned_operations(Stage& stage, const Scenario& scenario,
                                            const recycle::Config& config) {
  recycle::PolicyOverrides overrides;
  overrides.force = scenario.force;
  const auto report = stage.loop.run(
      recycle::plan_group(stage.new_worker().services, config, base::GroupName(kGroup), overrides));
  std::vector<std::string> operations;
  if (!report) return {report.error().to_string()};
  for (const auto& step : report->steps) {
    const bool acts = step.operation != "wait" && step.operation != "finished" &&
                      step.operation != "abort" && step.what != recycle::kClaiming;
    // A hook ends in the journal that says so.
    const bool hook = step.operation == "RunHook";
    if (acts) operations.push_back(hook ? "CreateOrUpdateTags" : step.operation);
  }
  return operations;
}

// Journal entries one after the other count once: how many times a window or a gate is waited for
// in between depends on how long the instances take.
std::vector<std::string> without_repeated_journals(std::vector<std::string> operations) {
  const auto last = std::unique(operations.begin(), operations.end(), [](auto& a, auto& b) {
    return a == b && a == "CreateOrUpdateTags";
  });
  operations.erase(last, operations.end());
  return operations;
}

// A claim is written once more after every wait that another delivery carries on from.
bool is_about_claims(const sim::ApiCall& call) {
  const auto tags = call.arguments.find("Tags");
  return tags != call.arguments.end() && std::ranges::all_of(*tags, [](const auto& tag) {
           return tag.at("Key").template get<std::string>().starts_with(recycle::kClaimPrefix);
         });
}

TEST(DryRun, PlansWhatTheRealRunThenDoesAndChangesNothing) {
  int acting = 0;
  for (std::uint64_t seed = 1; seed <= 600; ++seed) {
    Scenario scenario = undisturbed(seed);
    scenario.force = false;
    Stage stage(scenario);
    recycle::Config config;
    config.poll_interval = scenario.poll_interval;
    config.default_window.allowed = std::nullopt;
    config.gates.commands = {kProbe};
    config.gates.hooks = {kHook};
    const auto planned = planned_operations(stage, scenario, config);
    ASSERT_EQ(stage.exchange.mutations, 0) << describe(scenario);
    std::vector<std::string> done;
    stage.exchange.after = [&](int, const std::string& operation, const sim::ApiCall* call,
                               const base::Error*) {
      if (call != nullptr && !is_about_claims(*call)) done.push_back(operation);
    };
    Timeline timeline(false);
    Office office(stage, config, timeline);
    messages::RecycleRequest request;
    request.group = base::GroupName(kGroup);
    office.send(request);
    ASSERT_TRUE(stage.loop.run_until([&] { return office.all_settled(); }, std::chrono::hours(60)));
    office.close();
    ASSERT_EQ(without_repeated_journals(planned), without_repeated_journals(done))
        << describe(scenario) << office.letters().front().outcome;
    acting += done.empty() ? 0 : 1;
  }
  EXPECT_GT(acting, 300);
}

TEST(DryRun, AsksForNoMutationWhateverOthersDo) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    Scenario scenario = make_scenario(seed);
    scenario.dry_run = true;
    scenario.cause = Scenario::Cause::kRequest;
    const Report report = carry_out(scenario, false);
    ASSERT_EQ(report.violation, "") << describe(scenario);
    ASSERT_EQ(report.mutations, 0) << describe(scenario);
  }
}

}  // namespace
}  // namespace proof
