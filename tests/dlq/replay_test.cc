// A replay from beginning to end on a simulated region: what it moves, what it leaves, what it
// costs.
#include "dlq/dead_letter.h"
#include "tests/dlq/replay_rig.h"

#include <nlohmann/json.hpp>

namespace {

using test::ReplayRig;
using namespace std::chrono_literals;

TEST(Replay, TakesEveryLetterBackToItsOwnSourceOnce) {
  ReplayRig rig;
  rig.bury(257);
  rig.bury(43, "other");
  const auto summary = rig.replay(rig.options());
  EXPECT_EQ(summary.ended, dlq::Ended::kDone);
  EXPECT_EQ(summary.sent, 300U);
  EXPECT_EQ(summary.deleted, 300U);
  EXPECT_EQ(summary.possibly_twice, 0U);
  EXPECT_EQ(rig.left(), 0);
  EXPECT_EQ(rig.ledger.distinct("work"), 257U);
  EXPECT_EQ(rig.ledger.distinct("other"), 43U);
  EXPECT_EQ(rig.ledger.twice("work") + rig.ledger.twice("other"), 0U);
}

TEST(Replay, CostsLessThanThirtyOneRequestsForAHundredLetters) {
  ReplayRig rig;
  rig.bury(3'000);
  const auto summary = rig.replay(rig.options());
  EXPECT_EQ(summary.sent, 3'000U);
  EXPECT_LE(rig.requests, 3'000 * 0.31);
}

TEST(Replay, MovesOnlyWhatTheFilterMeansAndGivesTheRestBackAtTheEnd) {
  ReplayRig rig;
  rig.bury(120);
  dlq::ReplayOptions options = rig.options();
  options.filter = ReplayRig::filter({.body = "^m1"});  // m1, m10..m19, m100..m119
  const auto summary = rig.replay(std::move(options));
  EXPECT_EQ(summary.sent, 31U);
  EXPECT_EQ(summary.kept, 89U);
  EXPECT_EQ(rig.counts("letters").visible, 89U) << "given back at once, not after a timeout";
  EXPECT_EQ(rig.ledger.distinct("work"), 31U);
}

TEST(Replay, KeepsAttributesTraceHeaderAndGroupAndTakesOursOut) {
  ReplayRig rig;
  rig.call("SendMessage",
           {{"QueueUrl", rig.url("letters").value},
            {"MessageBody", "x"},
            {"MessageGroupId", "tenant-7"},
            {"MessageAttributes",
             {{"n", {{"DataType", "Number"}, {"StringValue", "5"}}},
              {"bytes", {{"DataType", "Binary"}, {"BinaryValue", "AAEC"}}},
              {"autorecycle.reason", {{"DataType", "String"}, {"StringValue", "r"}}},
              {"autorecycle.source-queue", {{"DataType", "String"}, {"StringValue", "work"}}},
              {"autorecycle.attributes",
               {{"DataType", "String"},
                {"StringValue", R"({"packed":{"type":"String","value":"p"}})"}}}}},
            {"MessageSystemAttributes",
             {{"AWSTraceHeader", {{"DataType", "String"}, {"StringValue", "Root=1-2-3"}}}}}});
  rig.loop.run_for(1s);
  EXPECT_EQ(rig.replay(rig.options()).sent, 1U);
  const auto received = rig.call("ReceiveMessage", {{"QueueUrl", rig.url("work").value},
                                                    {"MessageAttributeNames", {"All"}},
                                                    {"MessageSystemAttributeNames", {"All"}}});
  const auto message = received["Messages"][0];
  EXPECT_EQ(message["Attributes"]["AWSTraceHeader"], "Root=1-2-3");
  EXPECT_EQ(message["Attributes"]["MessageGroupId"], "tenant-7");
  const auto attributes = message["MessageAttributes"];
  EXPECT_EQ(attributes["n"]["StringValue"], "5");
  EXPECT_EQ(attributes["bytes"]["BinaryValue"], "AAEC");
  EXPECT_EQ(attributes["packed"]["StringValue"], "p");
  EXPECT_FALSE(attributes.contains("autorecycle.reason"));
  EXPECT_TRUE(attributes.contains("autorecycle.replayed"));
  EXPECT_EQ(attributes.size(), 4U);
}

TEST(Replay, WithoutASourceMovesNothingAndSaysWhy) {
  ReplayRig rig;
  rig.call("SendMessage", {{"QueueUrl", rig.url("letters").value}, {"MessageBody", "x"}});
  rig.loop.run_for(1s);
  const auto summary = rig.replay(rig.options());
  EXPECT_EQ(summary.no_target, 1U);
  ASSERT_EQ(summary.problems.size(), 1U);
  EXPECT_NE(summary.problems[0].find("--to"), std::string::npos) << summary.problems[0];
  EXPECT_EQ(rig.counts("letters").visible, 1U);
  dlq::ReplayOptions one_source = rig.options();
  one_source.sources = {rig.url("work")};
  EXPECT_EQ(rig.replay(std::move(one_source)).sent, 1U);
}

TEST(Replay, DryRunCountsAndMovesNothing) {
  ReplayRig rig;
  rig.bury(25);
  rig.bury(5, "other");
  dlq::ReplayOptions options = rig.options();
  options.dry_run = true;
  const auto summary = rig.replay(std::move(options));
  EXPECT_EQ(summary.matched, 30U);
  EXPECT_EQ(summary.by_kind.at("receive-count"), 30U);
  EXPECT_EQ(summary.by_target.at("work"), 25U);
  EXPECT_EQ(summary.by_target.at("other"), 5U);
  EXPECT_EQ(rig.counts("letters").visible, 30U);
  EXPECT_EQ(rig.ledger.distinct("work"), 0U);
}

TEST(Replay, StopsAtItsMaximum) {
  ReplayRig rig;
  rig.bury(250);
  dlq::ReplayOptions options = rig.options();
  options.max = 123;
  const auto summary = rig.replay(std::move(options));
  EXPECT_EQ(summary.ended, dlq::Ended::kLimit);
  EXPECT_EQ(summary.sent, 123U);
  EXPECT_EQ(rig.counts("letters").visible, 127U);
}

TEST(Replay, KeepsToItsRateAndHoldsWhatWaits) {
  ReplayRig rig;
  rig.bury(60);
  dlq::ReplayOptions options = rig.options();
  options.rate = 0.5;  // two minutes for sixty, with a visibility of 30 seconds
  const auto before = rig.loop.clock().steady_now();
  const auto summary = rig.replay(std::move(options));
  const auto took = rig.loop.clock().steady_now() - before;
  EXPECT_EQ(summary.sent, 60U);
  EXPECT_GE(took, 117s);
  EXPECT_LE(took, 135s);
  EXPECT_EQ(rig.ledger.twice("work"), 0U);
  EXPECT_EQ(rig.ledger.receives, 2) << "held, not received again and again";
}

TEST(Replay, AStoppedRunGivesEverythingBackAtOnce) {
  ReplayRig rig;
  rig.bury(300);
  dlq::ReplayOptions options = rig.options();
  options.filter = ReplayRig::filter({.body = "[05]$"});
  options.rate = 5;
  options.progress = [&rig](const dlq::Summary& summary) {
    if (summary.sent >= 20) rig.stop.request();
  };
  const auto summary = rig.replay(std::move(options));
  EXPECT_EQ(summary.ended, dlq::Ended::kStopped);
  EXPECT_LT(summary.sent, 60U);
  EXPECT_EQ(rig.counts("letters").in_flight, 0U);
  EXPECT_EQ(rig.counts("letters").visible, 300U - summary.sent);
}

TEST(Replay, EditsBodiesAndLeavesWhatCannotBeEdited) {
  ReplayRig rig;
  for (const char* body : {R"({"a":{"b":1},"z":2})", "not json"}) {
    rig.call("SendMessage", {{"QueueUrl", rig.url("letters").value}, {"MessageBody", body}});
  }
  rig.loop.run_for(1s);
  dlq::ReplayOptions options = rig.options();
  options.to = "work";
  options.edit = dlq::Edit::parse({"a.b = \"new\"", "delete z"}).value();
  const auto summary = rig.replay(std::move(options));
  EXPECT_EQ(summary.sent, 1U);
  EXPECT_EQ(summary.failed, 1U);
  EXPECT_TRUE(rig.ledger.stored["work"].contains(R"({"a":{"b":"new"}})"));
  EXPECT_EQ(rig.counts("letters").visible, 1U);
}

TEST(Replay, GoesOnOnlyIfTheCanaryDoesNotComeBack) {
  for (const bool fails : {false, true}) {
    SCOPED_TRACE(fails);
    ReplayRig rig;
    rig.bury(200);
    dlq::ReplayOptions options = rig.options();
    options.canary = 5;
    options.canary_wait = 1min;
    bool returned = false;
    options.progress = [&](const dlq::Summary& summary) {
      if (!fails || summary.sent < 5 || returned) return;
      returned = true;
      // What a failing consumer does: SQS takes them into the dead-letter queue again.
      auto* work = rig.region.sqs().find_queue("work");
      for (int i = 0; i < 5; ++i) {
        auto message = *work->take_away();
        message.dead_letter_source_arn = rig.arn("work");
        rig.region.sqs().find_queue("letters")->adopt(message);
      }
    };
    const auto summary = rig.replay(std::move(options));
    EXPECT_EQ(summary.ended, fails ? dlq::Ended::kCanary : dlq::Ended::kDone);
    EXPECT_EQ(summary.sent, fails ? 5U : 200U);
    EXPECT_EQ(rig.counts("letters").visible, fails ? 200U : 0U);
  }
}

TEST(Replay, WithoutPermissionMovesNothingAndNamesTheQueue) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"GetQueueAttributes", "GetQueueAttributes"},
      {"ReceiveMessage", "ReceiveMessage"},
      {"SendMessageBatch", "'work'"},
      {"DeleteMessageBatch", "'letters'"}};
  for (const auto& [operation, named] : cases) {
    SCOPED_TRACE(operation);
    ReplayRig rig;
    rig.bury(30);
    rig.region.faults().add({.kind = sim::FaultKind::kError,
                             .service = "sqs",
                             .operation = operation,
                             .status = 403,
                             .code = "AccessDenied"});
    dlq::ReplayOptions options = rig.options();
    options.to = "work";
    const auto summary = rig.replay(std::move(options));
    EXPECT_EQ(summary.ended, dlq::Ended::kFailed);
    EXPECT_EQ(summary.error->kind, base::ErrorKind::kDenied);
    EXPECT_NE(summary.error->to_string().find(named), std::string::npos)
        << summary.error->to_string();
    EXPECT_EQ(rig.counts("letters").visible, 30U);
    EXPECT_EQ(rig.ledger.distinct("work"), 0U);
  }
}

TEST(Replay, APermissionToDeleteThatIsTakenAwayStopsItAtOnce) {
  ReplayRig rig;
  rig.bury(300);
  dlq::ReplayOptions options = rig.options();
  options.progress = [&rig](const dlq::Summary& summary) {
    if (summary.deleted != 100 || !rig.region.faults().settings().rules.empty()) return;
    rig.region.faults().add({.kind = sim::FaultKind::kError,
                             .service = "sqs",
                             .operation = "DeleteMessageBatch",
                             .status = 403,
                             .code = "AccessDenied"});
  };
  const auto summary = rig.replay(std::move(options));
  EXPECT_EQ(summary.ended, dlq::Ended::kFailed);
  EXPECT_EQ(summary.sent, 200U);
  EXPECT_EQ(summary.undeleted, 100U) << "one round, which --resume deletes";
}

// A FIFO queue remembers for five minutes only; what is sent again later counts.
TEST(Replay, AnAnswerThatIsLostOnAFifoQueueCountsOnceItsRoundIsOver) {
  for (const bool stopped : {false, true}) {
    SCOPED_TRACE(stopped);
    ReplayRig rig;
    rig.bury(1, "work.fifo", "g");
    rig.region.faults().add({.kind = sim::FaultKind::kLost,
                             .service = "sqs",
                             .operation = "SendMessageBatch",
                             .count = 1});
    dlq::Checkpoint none(rig.state());
    ReplayRig::Process process(rig);
    process.http.after = [&](int, const base::HttpRequest& request) {
      const auto target = base::find_header(request.headers, "x-amz-target");
      if (stopped && target == "AmazonSQS.SendMessageBatch") rig.stop.request();
    };
    const auto summary = rig.replay(rig.options("letters.fifo"), none, process);
    EXPECT_EQ(summary.sent, stopped ? 0U : 1U);
    EXPECT_EQ(summary.possibly_twice, stopped ? 1U : 0U);
    EXPECT_EQ(rig.ledger.distinct("work.fifo"), 1U);
  }
}

}  // namespace
