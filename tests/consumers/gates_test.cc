// The gates and hooks in the planner: which gate holds, what an alarm does, when a hook is due.
#include "consumers/recycle/control.h"
#include "consumers/recycle/gates/judge.h"
#include "tests/consumers/groups.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace consumers::recycle {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Four old, four new, all ready, read at kNow.
struct Gated {
  Snapshot snapshot = doubled();
  Policy policy = make_policy(Strategy::kOutIn);
  Journal journal = journal_in(Phase::kGrow);

  Gated() {
    journal.suspended = {"AZRebalance"};
    snapshot.group.suspended_processes.push_back({.name = "AZRebalance", .reason = "ours"});
    snapshot.group.min_size = snapshot.group.max_size = 8;
    snapshot.gates.taken_at = kNow;
  }
  InstanceReading& reading(const std::string& id) {
    return snapshot.gates.instances[base::InstanceId(id)];
  }
  void alarm(const std::string& state, base::TimePoint since) {
    policy.gates.alarms = {"web-5xx"};
    policy.gates.bake = minutes(10);
    snapshot.gates.alarms = {{"web-5xx", state, since}};
  }
  Step ask(base::TimePoint now = kNow) {
    return next(snapshot, journal, policy, make_context(), now);
  }
};

std::optional<Gate> gate_of(Gated& group, const std::string& id) {
  const auto hold = hold_of(group.snapshot, instance_of(group.snapshot, id));
  return hold ? std::optional(hold->gate) : std::nullopt;
}

TEST(Gates, HoldAnInstanceInTheirOrder) {
  Gated group;
  GateRules& rules = group.snapshot.gates.rules;
  rules.min_age = minutes(2);
  rules.http = HttpGate{};
  rules.command = "smoke";
  const std::string id = "i-kept-01";
  aws::GroupInstance& one = instance_of(group.snapshot, id);
  InstanceReading& reading = group.reading(id);

  one.health_status = "Unhealthy";
  stop_serving(group.snapshot, id);
  EXPECT_EQ(gate_of(group, id), Gate::kHealth);
  one.health_status = "HEALTHY";
  EXPECT_EQ(gate_of(group, id), Gate::kLoadBalancers);
  group.snapshot.facts[base::InstanceId(id)].serving = true;
  EXPECT_EQ(gate_of(group, id), Gate::kAge);
  reading.in_service_since = kNow - minutes(2) + seconds(1);
  EXPECT_EQ(gate_of(group, id), Gate::kAge);
  reading.in_service_since = kNow - minutes(2);
  EXPECT_EQ(gate_of(group, id), Gate::kHttp);
  reading.http = Probe{false, "status 503, expected 200-299"};
  std::string why;
  EXPECT_FALSE(is_ready(group.snapshot, one, &why));
  EXPECT_EQ(why, "i-kept-01: HTTP check: status 503, expected 200-299");
  reading.http = Probe{true, ""};
  EXPECT_EQ(gate_of(group, id), Gate::kCommand);
  reading.command = Probe{true, ""};
  EXPECT_EQ(gate_of(group, id), std::nullopt);
}

TEST(Gates, KeepOldInstancesUntilEveryNewOnePassed) {
  Gated group;
  group.snapshot.gates.rules.http = HttpGate{};
  for (const char* id : {"i-kept-01", "i-kept-02", "i-kept-03", "i-kept-04"}) {
    group.reading(id).http = Probe{true, ""};
  }
  EXPECT_TRUE(contains(line(group.ask()), "phase=cull")) << line(group.ask());
  group.reading("i-kept-03").http = Probe{false, "status 503, expected 200-299"};
  EXPECT_TRUE(contains(line(group.ask()), "wait: 3 of 4 new instances ready; i-kept-03: HTTP"))
      << line(group.ask());
}

TEST(Gates, GiveTheRunUpByTheirOwnTimeout) {
  Gated group;
  GateRules& rules = group.snapshot.gates.rules;
  rules.http = HttpGate{};
  rules.timeouts[static_cast<std::size_t>(Gate::kHttp)] = minutes(5);
  for (const char* id : {"i-kept-01", "i-kept-02", "i-kept-03", "i-kept-04"}) {
    group.reading(id).http = Probe{true, ""};
  }
  InstanceReading& reading = group.reading("i-kept-02");
  reading.http = Probe{false, "status 503, expected 200-299"};
  reading.held_by = Gate::kHttp;
  reading.held_since = kNow - minutes(5) + seconds(1);
  EXPECT_TRUE(contains(line(group.ask()), "wait: ")) << line(group.ask());
  reading.held_since = kNow - minutes(5);
  const Step step = group.ask();
  ASSERT_TRUE(contains(line(step), "phase=restore")) << line(step);
  const Journal& written = std::get<WriteJournal>(std::get<Mutate>(step).action).journal;
  EXPECT_TRUE(written.undo);
  EXPECT_TRUE(contains(written.failure, "\"HTTP check\" within 300 s: i-kept-02"))
      << written.failure;
}

TEST(Alarms, MustBeQuietForTheBakeTimeBeforeTheOldGo) {
  Gated group;
  group.alarm("OK", kNow - minutes(60));
  const Step first = group.ask();
  ASSERT_TRUE(contains(line(first), "phase=grow")) << line(first);
  group.journal = std::get<WriteJournal>(std::get<Mutate>(first).action).journal;
  EXPECT_EQ(group.journal.bake_from, kNow);
  EXPECT_TRUE(contains(line(group.ask(kNow + minutes(10) - seconds(1))), "wait: the alarms must"));
  const Step last = group.ask(kNow + minutes(10));
  ASSERT_TRUE(contains(line(last), "phase=cull")) << line(last);
  EXPECT_FALSE(std::get<WriteJournal>(std::get<Mutate>(last).action).journal.bake_from);
}

TEST(Alarms, CountTheBakeFromTheirLastChange) {
  Gated group;
  group.alarm("OK", kNow + minutes(4));  // rang and fell silent between two looks
  group.journal.bake_from = kNow;
  EXPECT_TRUE(contains(line(group.ask(kNow + minutes(10))), "wait: "));
  EXPECT_TRUE(contains(line(group.ask(kNow + minutes(14))), "phase=cull"));
}

TEST(Alarms, BakeAnewWhenAnInstanceFailsMeanwhile) {
  Gated group;
  group.alarm("OK", kNow - minutes(60));
  group.journal.bake_from = kNow;
  stop_serving(group.snapshot, "i-kept-02");
  const Step step = group.ask(kNow + minutes(5));
  ASSERT_TRUE(contains(line(step), "phase=grow")) << line(step);
  EXPECT_FALSE(std::get<WriteJournal>(std::get<Mutate>(step).action).journal.bake_from);
}

TEST(Alarms, EndABakeThatNeverEnds) {
  Gated group;
  group.alarm("OK", kNow + minutes(29));
  group.policy.gates.timeouts[static_cast<std::size_t>(Gate::kAlarms)] = minutes(30);
  group.journal.bake_from = kNow;
  const Step step = group.ask(kNow + minutes(30));
  EXPECT_TRUE(contains(line(step), "phase=restore failure=\"the alarms were not quiet for 10 min"))
      << line(step);
}

TEST(Alarms, UndoBeforeThePointOfNoReturnAndStopSafelyAfterIt) {
  Gated group;
  group.alarm("ALARM", kNow - seconds(30));
  const Step undo = group.ask();
  ASSERT_TRUE(contains(line(undo), "failure=\"alarm web-5xx is in ALARM since")) << line(undo);
  EXPECT_TRUE(std::get<WriteJournal>(std::get<Mutate>(undo).action).journal.undo);
  group.journal.phase = Phase::kCull;
  const Step stop = group.ask();
  ASSERT_TRUE(contains(line(stop), "failure=\"alarm web-5xx is in ALARM since")) << line(stop);
  EXPECT_FALSE(std::get<WriteJournal>(std::get<Mutate>(stop).action).journal.undo);
}

TEST(Alarms, KeepARunFromBeginningWhileTheyRing) {
  Gated group;
  group.snapshot = make_snapshot({});
  group.alarm("ALARM", kNow - seconds(30));
  const Step step = next(group.snapshot, {}, group.policy, make_context(), kNow);
  EXPECT_TRUE(contains(line(step), "abort: alarm web-5xx")) << line(step);
}

TEST(Alarms, ThatDoNotExistAreNamedWithTheirTag) {
  Gated group;
  group.snapshot = make_snapshot({});
  group.alarm("", {});
  const Step step = next(group.snapshot, {}, group.policy, make_context(), kNow);
  EXPECT_TRUE(contains(line(step), "tag autorecycle_gate_alarms names \"web-5xx\"")) << line(step);
}

TEST(Alarms, BakeBetweenTwoSwaps) {
  Gated group;
  group.snapshot = make_snapshot({.old_count = 3, .new_count = 1, .min_size = 3});
  group.snapshot.group.suspended_processes.push_back({.name = "AZRebalance", .reason = "ours"});
  group.policy = make_policy(Strategy::kInOut);
  group.alarm("OK", kNow - minutes(60));
  group.journal = journal_in(Phase::kSwap, Strategy::kInOut);
  group.journal.desired_before = 4;
  const Step first = group.ask();
  ASSERT_TRUE(contains(line(first), "phase=swap")) << line(first);
  group.journal = std::get<WriteJournal>(std::get<Mutate>(first).action).journal;
  EXPECT_TRUE(group.journal.victim.empty());
  EXPECT_TRUE(contains(line(group.ask(kNow + minutes(9))), "wait: the alarms"));
  const Step swap = group.ask(kNow + minutes(10));
  EXPECT_TRUE(contains(line(swap), "victim=i-old-")) << line(swap);
  EXPECT_FALSE(std::get<WriteJournal>(std::get<Mutate>(swap).action).journal.bake_from);
}

HookRules every_hook() {
  HookRules rules;
  rules.before_start = "announce";
  rules.before_terminate = "drain";
  rules.after_end = "announce";
  return rules;
}

TEST(Hooks, ArePlannedBeforeTheStartEachTerminationAndTheEnd) {
  for (const Strategy strategy : {Strategy::kOutIn, Strategy::kInOut}) {
    Policy policy = make_policy(strategy);
    policy.hooks = every_hook();
    const auto steps = plan(make_snapshot({}), {}, policy, make_context(), kNow);
    ASSERT_TRUE(steps) << steps.error().message;
    std::vector<std::string> around;  // hooks and what they stand before
    for (std::size_t i = 0; i + 1 < steps->size(); ++i) {
      if ((*steps)[i].operation == "RunHook") around.push_back((*steps)[i].what);
      if ((*steps)[i].operation == "TerminateInstanceInAutoScalingGroup") {
        const std::string id = (*steps)[i].what.substr((*steps)[i].what.find("i-"), 8);
        EXPECT_TRUE(contains((*steps)[i - 1].what, "RunHook before_terminate drain " + id))
            << (*steps)[i - 1].what;
      }
    }
    ASSERT_EQ(around.size(), 6U) << to_string(strategy);
    EXPECT_EQ((*steps)[1].what, "RunHook before_start announce");
    EXPECT_EQ((*steps)[steps->size() - 3].what, "RunHook after_end announce");
    EXPECT_EQ((*steps)[steps->size() - 2].operation, "DeleteTags");
  }
}

TEST(Hooks, RunAgainUnderTheSameKeyUntilTheJournalKnowsOfThem) {
  Gated group;
  group.policy.hooks = every_hook();
  group.journal.phase = Phase::kCull;
  group.snapshot.group.min_size = 4;
  group.journal = journal_of(group.ask());  // the names
  const Step first = group.ask();
  const Step second = group.ask();
  const auto& run = std::get<RunHook>(std::get<Mutate>(first).action);
  EXPECT_EQ(run.key, "run-1/before_terminate/i-old-01");
  EXPECT_EQ(run.key, std::get<RunHook>(std::get<Mutate>(second).action).key);
  group.journal = run.done;
  EXPECT_TRUE(contains(line(group.ask()), "TerminateInstance")) << line(group.ask());
}

TEST(Hooks, ThatFailEndTheRunOnlyIfTheTagSaysSo) {
  Gated group;
  group.policy.hooks = every_hook();
  group.journal.hook = "start";
  const auto stops = std::get<RunHook>(std::get<Mutate>(group.ask()).action);
  ASSERT_TRUE(stops.failed);
  EXPECT_EQ(stops.failed->phase, Phase::kRestore);
  EXPECT_TRUE(stops.failed->undo);
  group.policy.hooks.failure_stops = false;
  EXPECT_FALSE(std::get<RunHook>(std::get<Mutate>(group.ask()).action).failed);
  // While the group is put in order nothing stops that.
  group.policy.hooks.failure_stops = true;
  group.journal.phase = Phase::kRestore;
  group.journal.failure = "given up";
  group.journal.undo = true;
  group.snapshot.group.min_size = 2;
  group.journal = journal_of(group.ask());  // the names
  const auto ordering = group.ask();
  const auto* run = std::get_if<RunHook>(&std::get<Mutate>(ordering).action);
  ASSERT_TRUE(run) << line(ordering);
  EXPECT_FALSE(run->failed);
}

TEST(Hooks, LeaveTheGroupAsOthersHaveItWhereTheRunEndsBeforeTheFirst) {
  for (const Strategy strategy : {Strategy::kOutIn, Strategy::kInOut}) {
    Policy policy = make_policy(strategy);
    policy.hooks = every_hook();
    Snapshot snapshot = make_snapshot({});
    Journal journal = journal_of(next(snapshot, {}, policy, make_context(), kNow));
    snapshot.group.desired_capacity = strategy == Strategy::kOutIn ? journal.desired_goal : 3;
    snapshot.group.tags[std::string(kTagControl)] = "cancel";
    const auto step = [&] { return next(snapshot, journal, policy, make_context(), kNow); };
    journal = journal_of(step());
    EXPECT_EQ(journal.failure, "cancelled by an operator");
    ASSERT_EQ(line(step()), "RunHook after_end announce") << "nothing to be taken back";
    const Step hook = step();
    journal = std::get<RunHook>(std::get<Mutate>(hook).action).done;
    EXPECT_EQ(line(step()), "DeleteTags journal failure=\"cancelled by an operator\"");
  }
}

TEST(Journal, KeepsTheBakeAndTheHookInTheTags) {
  Journal journal = journal_in(Phase::kGrow);
  journal.bake_from = kNow + seconds(5);
  journal.hook = "i-0abc";
  const auto read = journal_from_tags(to_tags(journal));
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_TRUE(*read);
  EXPECT_EQ(**read, journal);
}

}  // namespace
}  // namespace consumers::recycle
