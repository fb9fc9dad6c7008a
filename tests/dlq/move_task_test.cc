// SQS's own move task in the place of a replay: started, followed, cancelled; and where there are
// none.
#include "dlq/move_task.h"

#include "tests/dlq/replay_rig.h"

namespace {

using test::ReplayRig;
using namespace std::chrono_literals;

dlq::MoveOptions everything(ReplayRig& rig) {
  dlq::MoveOptions options;
  options.source_arn = rig.arn("letters");
  return options;
}

base::Result<dlq::Moved> move(ReplayRig& rig, dlq::MoveOptions options) {
  ReplayRig::Process process(rig);
  return rig.loop.run(dlq::move_all({process.sqs, process.sqs, rig.loop.clock(), rig.random},
                                    std::move(options), rig.stop));
}

void refuse(ReplayRig& rig, const char* operation, int status, const char* code,
            std::optional<int> count = {}) {
  rig.region.faults().add({.kind = sim::FaultKind::kError,
                           .service = "sqs",
                           .operation = operation,
                           .count = count,
                           .status = status,
                           .code = code});
}

TEST(MoveTask, TakesEveryLetterToItsOwnSource) {
  ReplayRig rig;
  rig.bury(900);
  rig.bury(100, "other");
  std::vector<std::size_t> seen;
  dlq::MoveOptions options = everything(rig);
  options.progress = [&](const dlq::Summary& summary) { seen.push_back(summary.sent); };
  const auto moved = move(rig, std::move(options)).value();
  EXPECT_TRUE(moved.taken);
  EXPECT_EQ(moved.summary.ended, dlq::Ended::kDone);
  EXPECT_EQ(moved.summary.sent, 1'000U);
  EXPECT_TRUE(moved.summary.move_task);
  EXPECT_EQ(rig.counts("work").visible, 900U);
  EXPECT_EQ(rig.counts("other").visible, 100U);
  EXPECT_TRUE(std::ranges::is_sorted(seen));
  EXPECT_GE(seen.size(), 2U) << "told how far it is on the way";
}

TEST(MoveTask, KeepsToTheRateAndTheDestination) {
  ReplayRig rig;
  rig.bury(50);
  dlq::MoveOptions options = everything(rig);
  options.destination_arn = rig.arn("other");
  options.rate = 5;
  const auto before = rig.loop.clock().steady_now();
  EXPECT_EQ(move(rig, std::move(options))->summary.sent, 50U);
  EXPECT_GE(rig.loop.clock().steady_now() - before, 9s);
  EXPECT_EQ(rig.counts("other").visible, 50U);
}

TEST(MoveTask, AStopCancelsItEvenIfTheFirstTriesFail) {
  ReplayRig rig;
  rig.bury(100);
  refuse(rig, "CancelMessageMoveTask", 500, "InternalError", 4);
  dlq::MoveOptions options = everything(rig);
  options.rate = 5;
  options.progress = [&](const dlq::Summary& summary) {
    if (summary.sent > 10) rig.stop.request();
  };
  const auto moved = move(rig, std::move(options)).value();
  EXPECT_EQ(moved.summary.ended, dlq::Ended::kStopped);
  EXPECT_LT(moved.summary.sent, 60U);
  EXPECT_EQ(rig.counts("letters").visible, 100U - moved.summary.sent);
}

TEST(MoveTask, IsLeftToOurReplayWhereTheServerHasNone) {
  const std::vector<std::pair<const char*, const char*>> refusals = {
      {"InvalidAction", "UnknownOperationException"}, {"AccessDenied", "AccessDenied"}};
  for (const auto& [refusal, code] : refusals) {
    ReplayRig rig;
    rig.bury(10);
    refuse(rig, "StartMessageMoveTask", 400, refusal);
    const auto moved = move(rig, everything(rig)).value();
    EXPECT_FALSE(moved.taken) << code;
    EXPECT_NE(moved.why_not.find(code), std::string::npos) << moved.why_not;
    EXPECT_EQ(rig.left(), 10);
  }
}

TEST(MoveTask, IsLeftToOurReplayWhereSqsDoesNotKnowASource) {
  ReplayRig rig;
  rig.bury(10);
  rig.call("SendMessage", {{"QueueUrl", rig.url("letters").value}, {"MessageBody", "by hand"}});
  rig.loop.run_for(1s);
  const auto moved = move(rig, everything(rig)).value();
  EXPECT_FALSE(moved.taken);
  EXPECT_NE(moved.why_not.find("where some of the letters came from"), std::string::npos);
  EXPECT_EQ(static_cast<std::size_t>(rig.left()) + rig.counts("work").visible, 11U);
}

TEST(MoveTask, IsRefusedWhileAnotherOneRuns) {
  ReplayRig rig;
  rig.bury(100);
  rig.call("StartMessageMoveTask",
           {{"SourceArn", rig.arn("letters")}, {"MaxNumberOfMessagesPerSecond", 1}});
  rig.loop.run_for(2s);
  const auto moved = move(rig, everything(rig));
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().kind, base::ErrorKind::kInvalid);
  EXPECT_NE(moved.error().message.find("running already"), std::string::npos);
}

TEST(MoveTask, IsFollowedAlthoughTheAnswerToItsStartWasLost) {
  ReplayRig rig;
  rig.bury(1'000);
  rig.region.faults().add({.kind = sim::FaultKind::kLost,
                           .service = "sqs",
                           .operation = "StartMessageMoveTask",
                           .count = 1});
  const auto moved = move(rig, everything(rig)).value();
  EXPECT_TRUE(moved.taken);
  EXPECT_EQ(moved.summary.ended, dlq::Ended::kDone);
  EXPECT_EQ(rig.counts("work").visible, 1'000U);
}

TEST(MoveTask, IsFollowedThroughThrottlingAndGivenUpWithAWordThatItGoesOn) {
  ReplayRig rig(5);
  rig.bury(100);
  dlq::MoveOptions options = everything(rig);
  options.rate = 5;
  rig.region.faults().add({.kind = sim::FaultKind::kThrottle,
                           .service = "sqs",
                           .operation = "ListMessageMoveTasks",
                           .probability = 0.5});
  EXPECT_EQ(move(rig, options)->summary.ended, dlq::Ended::kDone);
  rig.bury(100);
  refuse(rig, "ListMessageMoveTasks", 403, "AccessDenied");
  const auto moved = move(rig, options).value();
  EXPECT_EQ(moved.summary.ended, dlq::Ended::kFailed);
  EXPECT_NE(moved.summary.error->to_string().find("goes on"), std::string::npos);
}

}  // namespace
