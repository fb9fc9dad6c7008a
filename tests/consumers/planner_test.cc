// Single decisions of the planner; whole runs are in planner_property_test.cc and model_test.cc.
#include "consumers/recycle/planner.h"

#include "tests/consumers/groups.h"

#include <gtest/gtest.h>

#include <functional>

namespace consumers::recycle {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

struct Refusal {
  const char* name;
  std::function<void(Snapshot&)> change;
  const char* text;
};

TEST(Preflight, RefusesWithTheReasonBeforeAnyMutation) {
  const std::vector<Refusal> cases = {
      {"deleting", [](Snapshot& s) { s.group.status = "Delete in progress"; },
       "abort: the group is being deleted (Delete in progress)"},
      {"launch",
       [](Snapshot& s) {
         s.group.suspended_processes = {{.name = "Launch", .reason = "User suspended at 1"}};
       },
       "abort: the process Launch is suspended by others (User suspended at 1): resume it first"},
      {"terminate",
       [](Snapshot& s) { s.group.suspended_processes = {{.name = "Terminate", .reason = ""}}; },
       "abort: the process Terminate is suspended by others (no reason given): resume it first"},
      {"load balancer",
       [](Snapshot& s) {
         s.group.target_group_arns = {"arn:x"};
         s.group.suspended_processes = {
             {.name = "AddToLoadBalancer", .reason = "User suspended at 1"}};
       },
       "abort: the process AddToLoadBalancer is suspended by others (User suspended at 1): resume "
       "it "
       "first"},
      {"bounds crossed",
       [](Snapshot& s) {
         s.group.min_size = 5;
         s.group.max_size = 3;
       },
       "abort: min 5, desired 4, max 3: min is above max"},
      {"min above desired", [](Snapshot& s) { s.group.min_size = 5; },
       "abort: min 5, desired 4, max 8: desired is below min"},
      {"desired above max", [](Snapshot& s) { s.group.max_size = 3; },
       "abort: min 2, desired 4, max 3: desired is above max"},
      {"warm pool", [](Snapshot& s) { s.group.has_warm_pool = true; },
       "abort: the group has a warm pool, whose instances would come in old: delete the pool "
       "(DeleteWarmPool) and put it back afterwards"},
      {"suspended by AWS",
       [](Snapshot& s) {
         s.group.suspended_processes = {
             {.name = "Launch", .reason = "Administratively suspended at 1"}};
       },
       "abort: the process Launch is suspended by AWS (Administratively suspended at 1): resume it "
       "first"},
      {"instance refresh",
       [](Snapshot& s) {
         s.instance_refresh = {.id = "r-1", .status = "InProgress", .percentage_complete = 40};
       },
       "abort: instance refresh r-1 is under way (InProgress, 40%): two that replace the same "
       "instances would fight; cancel it, or let it end"},
      {"unknown state", [](Snapshot& s) { s.group.instances[2].lifecycle_state = "Hibernating"; },
       "abort: i-old-03 is in the lifecycle state \"Hibernating\", which is not known here"},
  };
  for (const Refusal& one : cases) {
    Snapshot snapshot = make_snapshot({});
    one.change(snapshot);
    for (const Strategy strategy : {Strategy::kOutIn, Strategy::kOutInTimed, Strategy::kInOut}) {
      EXPECT_EQ(line(ask(snapshot, {}, strategy)), one.text) << one.name;
    }
  }
}

TEST(Preflight, FinishesWhereThereIsNothingToRecycle) {
  EXPECT_EQ(line(ask(make_snapshot({.old_count = 0, .min_size = 0}))),
            "finished: the group is scaled down to 0 instances: nothing to recycle");
  EXPECT_EQ(line(ask(make_snapshot({.old_count = 0, .new_count = 3}))),
            "finished: all 3 instances are of lt-0abc:7: nothing to recycle");
}

TEST(Preflight, LeavesAConvergedGroupAloneWhateverIsSuspended) {
  Snapshot snapshot = make_snapshot({.old_count = 0, .new_count = 3});
  snapshot.group.suspended_processes = {{.name = "Launch", .reason = "r"}};
  EXPECT_TRUE(std::holds_alternative<Finished>(ask(snapshot)));
}

TEST(Preflight, JournalsTheOriginalAndWhatItIsAboutToSuspend) {
  const Step step = ask(make_snapshot({}));
  const Journal& journal = std::get<WriteJournal>(std::get<Mutate>(step).action).journal;
  EXPECT_EQ(journal.run_id, "run-1");
  EXPECT_EQ(journal.original_min, 2);
  EXPECT_EQ(journal.original_max, 8);
  EXPECT_EQ(journal.original_desired, 4);
  EXPECT_EQ(journal.started_at, kNow);
  EXPECT_EQ(journal.target, "lt-0abc:7");
  EXPECT_EQ(journal.suspended, std::vector<std::string>{"AZRebalance"});
}

TEST(Preflight, DoesNotClaimASuspensionOfOthers) {
  Snapshot snapshot = make_snapshot({});
  snapshot.group.suspended_processes = {{.name = "AZRebalance", .reason = "r"}};
  const Step step = ask(snapshot);
  EXPECT_TRUE(std::get<WriteJournal>(std::get<Mutate>(step).action).journal.suspended.empty());
}

TEST(Preflight, ForcesByTheTimeOfTheRequest) {
  const Snapshot current = make_snapshot({.old_count = 0, .new_count = 4});
  RunContext context = make_context();
  context.force_before = kNow;
  const Step step = next(current, std::nullopt, make_policy(Strategy::kOutIn), context, kNow);
  const Journal& journal = std::get<WriteJournal>(std::get<Mutate>(step).action).journal;
  EXPECT_EQ(journal.force_before, kNow);
  // The journal remembers it, whatever the next delivery says.
  EXPECT_EQ(line(ask(current, journal)), "SuspendProcesses AZRebalance");
}

// The call that follows the journal of the beginning.
std::string first_bounds(GroupOptions options) {
  Snapshot snapshot = make_snapshot(options);
  snapshot.group.suspended_processes = {{.name = "AZRebalance", .reason = "User"}};
  return line(ask(snapshot, journal_of(ask(snapshot))));
}

TEST(OutIn, HoldsTheDoubleAgainstScaleInAndRaisesMaxOnlyWhereNeeded) {
  EXPECT_EQ(first_bounds({.old_count = 4, .max_size = 4}),
            "UpdateAutoScalingGroup min=8 max=8 desired=8");
  EXPECT_EQ(first_bounds({.old_count = 4, .max_size = 9}),
            "UpdateAutoScalingGroup min=8 desired=8");
}

TEST(OutIn, LaunchesOnlyWhatIsNotNewYet) {
  EXPECT_EQ(first_bounds({.old_count = 1, .new_count = 3}),
            "UpdateAutoScalingGroup min=5 desired=5");
}

TEST(OutIn, SaysWhomItWaitsForAndWhy) {
  Snapshot snapshot = doubled();
  stop_serving(snapshot, "i-kept-02");
  instance_of(snapshot, "i-kept-03").lifecycle_state = "Pending:Wait";
  EXPECT_EQ(line(ask(snapshot, journal_in(Phase::kGrow))),
            "wait: 2 of 4 new instances ready; i-kept-02: target group web: initial; i-kept-03 is "
            "Pending:Wait");
  snapshot.group.instances.pop_back();
  EXPECT_EQ(line(ask(snapshot, journal_in(Phase::kGrow))),
            "wait: 1 of 4 new instances ready; i-kept-02: target group web: initial; i-kept-03 is "
            "Pending:Wait; 1 not launched yet");
}

TEST(OutIn, SaysWhenLaunchWasSuspendedMeanwhile) {
  Snapshot snapshot = make_snapshot({.old_count = 4, .min_size = 8});
  snapshot.group.desired_capacity = 8;
  snapshot.group.suspended_processes = {{.name = "Launch", .reason = "User suspended"}};
  EXPECT_EQ(line(ask(snapshot, journal_in(Phase::kGrow))),
            "wait: 0 of 4 new instances ready; 4 not launched yet; the process Launch is suspended "
            "by others (User suspended): resume it first");
}

TEST(OutIn, UndoesAtTheDeadlineAndNotBefore) {
  Snapshot snapshot = doubled();
  stop_serving(snapshot, "i-kept-02");
  const auto deadline = kNow + minutes(15);
  EXPECT_TRUE(std::holds_alternative<Wait>(ask(snapshot, journal_in(Phase::kGrow), Strategy::kOutIn,
                                               deadline - std::chrono::microseconds(1))));
  const Step step = ask(snapshot, journal_in(Phase::kGrow), Strategy::kOutIn, deadline);
  const Journal& journal = std::get<WriteJournal>(std::get<Mutate>(step).action).journal;
  EXPECT_EQ(journal.phase, Phase::kRestore);
  EXPECT_TRUE(journal.undo);
  EXPECT_EQ(journal.failure,
            "the new instances were not proven within 15 min: 3 of 4 new instances ready; "
            "i-kept-02: target group web: initial");
}

TEST(OutIn, CullsFromTheZoneWithMostOldOnesLeft) {
  Snapshot snapshot = doubled();
  snapshot.group.min_size = 4;
  for (const char* id : {"i-old-02", "i-old-03", "i-old-04"}) {
    instance_of(snapshot, id).availability_zone = "eu-west-2b";
  }
  const Step names = ask(snapshot, journal_in(Phase::kCull));
  EXPECT_EQ(line(names),
            "CreateOrUpdateTags journal phase=cull next=i-old-02,i-old-03,i-old-01,i-old-04");
  EXPECT_EQ(line(ask(snapshot, journal_of(names))),
            "TerminateInstanceInAutoScalingGroup i-old-02 decrement=true");
  stop_serving(snapshot, "i-old-01");
  EXPECT_EQ(line(ask(snapshot, journal_in(Phase::kCull))),
            "CreateOrUpdateTags journal phase=cull next=i-old-01,i-old-02,i-old-03,i-old-04")
      << "what serves nobody goes first";
}

TEST(OutIn, TakesAScaleInOfWhatItRaisedForNoScaleOut) {
  Snapshot snapshot = doubled();  // to 8; since then old ones died and min followed
  snapshot.group.min_size = 6;
  snapshot.group.desired_capacity = 6;
  Journal journal = journal_in(Phase::kGrow);
  journal.desired_before = 4;
  journal.desired_goal = 8;
  for (const std::vector<int>& ours : {std::vector<int>{8, 6}, std::vector<int>{6, 5}}) {
    journal.our_min = ours;
    EXPECT_EQ(journal_of(ask(snapshot, journal)).scaled_out, 0);
  }
}

TEST(OutIn, LowersMinToExactlyTheNewOnes) {
  EXPECT_EQ(line(ask(doubled(), journal_in(Phase::kCull))), "UpdateAutoScalingGroup min=4");
}

TEST(OutIn, TakesNoOldOneWhileANewOneFails) {
  Snapshot snapshot = doubled();
  snapshot.group.min_size = 4;
  stop_serving(snapshot, "i-kept-01");
  EXPECT_EQ(line(ask(snapshot, journal_in(Phase::kCull))),
            "wait: no old instance goes before the new ones are ready again: 3 of 4 new instances "
            "ready; i-kept-01: target group web: initial");
  const Step late = ask(snapshot, journal_in(Phase::kCull), Strategy::kOutIn, kNow + minutes(60));
  const Journal& journal = std::get<WriteJournal>(std::get<Mutate>(late).action).journal;
  EXPECT_FALSE(journal.undo) << "past the point of no return";
}

TEST(OutIn, NeverNamesAnOldOneThatWasProtectedMeanwhile) {
  Snapshot snapshot = doubled();
  snapshot.group.min_size = 4;
  instance_of(snapshot, "i-old-01").protected_from_scale_in = true;
  EXPECT_EQ(line(ask(snapshot, journal_in(Phase::kCull))),
            "CreateOrUpdateTags journal phase=cull next=i-old-02,i-old-03,i-old-04");
}

TEST(OutIn, DoesNotProtectWhatOthersHadProtectedAndFreed) {
  Snapshot snapshot = doubled();
  Journal journal = journal_in(Phase::kCull);
  journal.protected_new = true;
  journal.protected_by_others = {base::InstanceId("i-kept-02")};
  EXPECT_EQ(line(ask(snapshot, journal)),
            "SetInstanceProtection protect=true i-kept-01 i-kept-03 i-kept-04")
      << "nobody would take it off again";
}

TEST(OutIn, WaitsUntilTheOldOnesAreGone) {
  Snapshot snapshot = make_snapshot({.old_count = 1, .new_count = 4, .min_size = 4});
  snapshot.group.desired_capacity = 4;
  instance_of(snapshot, "i-old-01").lifecycle_state = "Terminating:Wait";
  EXPECT_EQ(line(ask(snapshot, journal_in(Phase::kCull))),
            "wait: 1 old instance still terminating: i-old-01");
}

TEST(OutIn, ReplacesItsOwnInstancesWhenTheTemplateChangesMeanwhile) {
  Snapshot snapshot = doubled();
  for (const char* id : {"i-kept-01", "i-kept-02", "i-kept-03", "i-kept-04"}) {
    snapshot.facts[base::InstanceId(id)].launch_time = kNow + minutes(1);
  }
  snapshot.target.launch_templates = {version(8)};
  const Step newer = ask(snapshot, journal_in(Phase::kGrow), Strategy::kOutIn, kNow + minutes(9));
  EXPECT_EQ(journal_of(newer).target, "lt-0abc:8");
  EXPECT_EQ(journal_of(newer).phase_at, kNow + minutes(9)) << "the newest get their full time";
  EXPECT_EQ(line(ask(snapshot, journal_of(newer))),
            "TerminateInstanceInAutoScalingGroup i-kept-01 decrement=false")
      << "without growing by another set";
}

TEST(OutInTimed, HoldsProvenInstancesUntilTheWindowOpensAgain) {
  Policy policy = make_policy(Strategy::kOutInTimed);
  policy.window.allowed = parse_time_range("04:00:00, 05:30:00").value();
  const auto ask_at = [&](const Snapshot& snapshot, const Journal& journal, base::TimePoint now) {
    return next(snapshot, journal, policy, make_context(), now);
  };
  Journal journal = journal_in(Phase::kGrow, Strategy::kOutInTimed);
  const auto shut = kNow + hours(6);
  const Step hold = ask_at(doubled(), journal, shut);
  EXPECT_EQ(line(hold), "CreateOrUpdateTags journal phase=grow hold=true");
  journal = std::get<WriteJournal>(std::get<Mutate>(hold).action).journal;

  const auto opening = kNow + hours(28);
  const Step wait = ask_at(doubled(), journal, shut + hours(1));
  EXPECT_EQ(std::get<Wait>(wait).not_before, opening);
  Snapshot blip = doubled();
  stop_serving(blip, "i-kept-01");
  EXPECT_TRUE(std::holds_alternative<Wait>(ask_at(blip, journal, shut + hours(10))))
      << "all old ones are in place: no deadline runs";

  const Step again = ask_at(blip, journal, opening);
  EXPECT_EQ(line(again), "CreateOrUpdateTags journal phase=grow") << "a new deadline";
  EXPECT_EQ(line(ask_at(doubled(), journal, opening)), "CreateOrUpdateTags journal phase=cull");
}

TEST(OutInTimed, BeginsOnlyInsideTheWindow) {
  Policy policy = make_policy(Strategy::kOutInTimed);
  policy.window.allowed = parse_time_range("04:00:00, 05:30:00").value();
  const Step step = next(make_snapshot({}), std::nullopt, policy, make_context(), kNow);
  EXPECT_EQ(std::get<Wait>(step).not_before, kNow + hours(4));
  EXPECT_EQ(line(step), "wait: the recycle window is shut; it opens at 2026-01-03T04:00:00Z");
}

}  // namespace
}  // namespace consumers::recycle
