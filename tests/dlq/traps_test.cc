// The traps that replay tools fall into, one test each, named after it; the numbers are those of
// docs/dead-letters.md.
#include "dlq/dead_letter.h"
#include "tests/dlq/replay_rig.h"

#include <nlohmann/json.hpp>

namespace {

using test::ReplayRig;
using namespace std::chrono_literals;

// Sends take longer than the messages stay hidden: without extensions they are received again and
// sent twice.
TEST(Traps, OneVisibilityEndsWhileItIsStillSending) {
  ReplayRig rig;
  rig.bury(100);
  rig.region.faults().add({.kind = sim::FaultKind::kLatency,
                           .service = "sqs",
                           .operation = "SendMessageBatch",
                           .latency = 12s});
  dlq::ReplayOptions options = rig.options();
  options.visibility = 5s;
  const auto summary = rig.replay(std::move(options));
  EXPECT_EQ(summary.sent, 100U);
  EXPECT_EQ(rig.ledger.twice("work"), 0U);
  EXPECT_EQ(rig.ledger.receives, 2) << "once when it died, once now";
}

TEST(Traps, OneAnEmptyReceiveDoesNotMeanAnEmptyQueue) {
  ReplayRig rig(7);
  rig.bury(150);
  rig.region.faults().settings().empty_receive = 0.6;
  rig.region.faults().settings().partial_receive = 0.5;
  const auto summary = rig.replay(rig.options());
  EXPECT_EQ(summary.ended, dlq::Ended::kDone);
  EXPECT_EQ(summary.sent, 150U);
  EXPECT_EQ(rig.left(), 0);
}

TEST(Traps, OneAMessageThatIsHiddenForAWhileIsWaitedFor) {
  ReplayRig rig;
  rig.bury(20);
  // Somebody holds five of them, and gives them back a minute later.
  rig.call("ReceiveMessage", {{"QueueUrl", rig.url("letters").value},
                              {"MaxNumberOfMessages", 5},
                              {"VisibilityTimeout", 60}});
  const auto summary = rig.replay(rig.options());
  EXPECT_EQ(summary.sent, 20U);
  EXPECT_EQ(summary.elsewhere, 0);
}

TEST(Traps, OneAFailedEntryLeavesTheSuccessfulOnesDeletedAndIsSentAgain) {
  ReplayRig rig(3);
  rig.bury(200);
  rig.region.faults().settings().batch_entry_fails = 0.3;
  const auto summary = rig.replay(rig.options());
  EXPECT_EQ(summary.sent, 200U);
  EXPECT_EQ(rig.left(), 0);
  EXPECT_EQ(rig.ledger.twice("work"), 0U);
  EXPECT_TRUE(rig.ledger.lost.empty());
}

TEST(Traps, TwoTheOldDeduplicationIdWouldSwallowTheMessage) {
  ReplayRig rig;
  // Sent a minute ago, so within the five minutes in which SQS remembers its deduplication id.
  rig.call("SendMessage", {{"QueueUrl", rig.url("work.fifo").value},
                           {"MessageBody", "m"},
                           {"MessageGroupId", "g"},
                           {"MessageDeduplicationId", "d"}});
  for (int i = 0; i < 2; ++i) {
    rig.call("ReceiveMessage",
             {{"QueueUrl", rig.url("work.fifo").value}, {"VisibilityTimeout", 1}});
    rig.loop.run_for(2s);
  }
  ASSERT_EQ(rig.left("letters.fifo"), 1);
  const auto summary = rig.replay(rig.options("letters.fifo"));
  EXPECT_EQ(summary.sent, 1U);
  EXPECT_EQ(rig.counts("work.fifo").visible, 1U) << "in the queue, not swallowed";
  EXPECT_EQ(rig.left("letters.fifo"), 0);
}

TEST(Traps, TwoTheNewIdIsTheSameForOneMessageAndRunAndAnotherForAnother) {
  aws::SqsMessage message;
  message.message_id = "m-1";
  message.group_id = "g";
  const auto id = [&message](const char* run) {
    return dlq::make_resend(message, dlq::read_letter(message), {run, {}, true}).deduplication_id;
  };
  EXPECT_EQ(id("run-1"), id("run-1"));
  EXPECT_NE(id("run-1"), id("run-2"));
  const std::string first = id("run-1");
  message.message_id = "m-2";
  EXPECT_NE(id("run-1"), first);
  EXPECT_LE(first.size(), 128U);
}

TEST(Traps, ThreeAFailedEntryIsNeverDeleted) {
  ReplayRig rig(5);
  rig.bury(100);
  // The target takes no message of this length: refused for good, not for now.
  rig.call("SetQueueAttributes",
           {{"QueueUrl", rig.url("work").value}, {"Attributes", {{"MaximumMessageSize", "1024"}}}});
  sim::StoredMessage large;
  large.id = "7d8aa2a5-1ad7-4e5a-9f6b-0d2c0b1a2f3e";
  large.body = std::string(2'000, 'x');
  large.dead_letter_source_arn = rig.arn("work");
  large.sent_at = rig.loop.clock().now() - 1h;
  rig.region.sqs().find_queue("letters")->adopt(large);
  const auto summary = rig.replay(rig.options());
  EXPECT_EQ(summary.sent, 100U);
  EXPECT_EQ(summary.failed, 1U);
  EXPECT_EQ(rig.counts("letters").visible, 1U);
  EXPECT_TRUE(rig.ledger.lost.empty());
}

TEST(Traps, ThreeAReceiveThatFailsIsMadeAgain) {
  ReplayRig rig(13);
  rig.bury(100);
  for (const auto kind :
       {sim::FaultKind::kThrottle, sim::FaultKind::kError, sim::FaultKind::kLost}) {
    rig.region.faults().add(
        {.kind = kind, .service = "sqs", .operation = "ReceiveMessage", .probability = 0.2});
  }
  const auto summary = rig.replay(rig.options());
  EXPECT_EQ(summary.ended, dlq::Ended::kDone);
  EXPECT_EQ(summary.sent, 100U);
  EXPECT_EQ(rig.ledger.twice("work"), 0U);
}

TEST(Traps, ThreeAttributesOfEveryTypeAreKept) {
  const std::vector<std::pair<std::string, aws::MessageAttribute>> all = {
      {"text", {"String", "v"}},
      {"number", {"Number", "1.50"}},
      {"bytes", {"Binary", "AAEC"}},
      {"custom", {"Number.ms", "7"}}};
  aws::SqsMessage message;
  message.message_id = "m-1";
  for (const auto& [name, attribute] : all) message.attributes[name] = attribute;
  const auto send = dlq::make_resend(message, dlq::read_letter(message), {"run", {}, false});
  for (const auto& [name, attribute] : all) EXPECT_EQ(send.attributes.at(name), attribute) << name;
}

TEST(Traps, FourItEndsByItselfAndNotAtTheFirstError) {
  ReplayRig rig(11);
  rig.bury(100);
  for (const char* operation :
       {"ReceiveMessage", "SendMessageBatch", "DeleteMessageBatch", "GetQueueAttributes"}) {
    rig.region.faults().add({.kind = sim::FaultKind::kThrottle,
                             .service = "sqs",
                             .operation = operation,
                             .probability = 0.3});
  }
  const auto summary = rig.replay(rig.options());
  EXPECT_EQ(summary.ended, dlq::Ended::kDone);
  EXPECT_EQ(summary.sent, 100U);
  EXPECT_EQ(rig.left(), 0);
}

// Whatever is replayed comes back at once.
TEST(Traps, FiveAConsumerThatStillFailsCannotKeepItGoing) {
  ReplayRig rig;
  rig.bury(60);
  std::size_t returned = 0;
  dlq::ReplayOptions options = rig.options();
  options.progress = [&](const dlq::Summary&) {
    while (auto message = rig.region.sqs().find_queue("work")->take_away()) {
      message->dead_letter_source_arn = rig.arn("work");
      rig.region.sqs().find_queue("letters")->adopt(*message);
      ++returned;
    }
  };
  const auto summary = rig.replay(std::move(options));
  EXPECT_EQ(summary.ended, dlq::Ended::kDone);
  EXPECT_EQ(summary.sent, 60U) << "each once, however often they come back";
  EXPECT_GE(returned, 60U);
  EXPECT_GT(summary.came_back, 0U);
  EXPECT_EQ(rig.counts("letters").visible, 60U);
}

TEST(Traps, FiveWhatCameAfterTheReplayBeganIsLeftAlone) {
  ReplayRig rig;
  rig.bury(20);
  dlq::ReplayOptions options = rig.options();
  bool more = true;
  options.progress = [&](const dlq::Summary& summary) {
    if (summary.sent > 0 && std::exchange(more, false)) {
      for (int i = 0; i < 5; ++i) {
        sim::StoredMessage message;
        message.id = rig.region.world().random().uuid();
        message.body = "new";
        message.dead_letter_source_arn = rig.arn("work");
        message.sent_at = rig.loop.clock().now() + 1s;
        rig.region.sqs().find_queue("letters")->adopt(message);
      }
    }
  };
  options.rate = 5;
  const auto summary = rig.replay(std::move(options));
  EXPECT_EQ(summary.sent, 20U);
  EXPECT_EQ(summary.newer, 5U);
}

// Letters of messages that fail for the first time come for ever, as fast as they can be looked at:
// no receive is empty, and none brings anything that is meant.
TEST(Traps, FiveALeakThatIsStillOpenDoesNotKeepItGoing) {
  ReplayRig rig;
  rig.bury(20);
  rig.region.faults().add({.kind = sim::FaultKind::kLatency,
                           .service = "sqs",
                           .operation = "ReceiveMessage",
                           .latency = 500ms});
  dlq::ReplayOptions options = rig.options();
  options.progress = [&](const dlq::Summary& summary) {
    if (summary.ended != dlq::Ended::kRunning) return;
    for (int i = 0; i < 3; ++i) {
      sim::StoredMessage message;
      message.id = rig.region.world().random().uuid();
      message.body = "new";
      message.dead_letter_source_arn = rig.arn("work");
      message.sent_at = rig.loop.clock().now() + 1s;
      rig.region.sqs().find_queue("letters")->adopt(message);
    }
  };
  const auto before = rig.loop.clock().steady_now();
  const auto summary = rig.replay(std::move(options));
  EXPECT_EQ(summary.sent, 20U);
  EXPECT_GT(summary.newer, 100U);
  ASSERT_EQ(summary.problems.size(), 1U);
  EXPECT_NE(summary.problems[0].find("newer than the replay"), std::string::npos);
  EXPECT_LE(rig.loop.clock().steady_now() - before, 10 * rig.options().visibility);
  EXPECT_EQ(rig.counts("letters").in_flight, 0U) << "all of them given back";
}

TEST(Traps, FiveTheMarkCountsHowOftenALetterWasReplayed) {
  aws::SqsMessage message;
  message.message_id = "m-1";
  message.sent_at = base::TimePoint(1h);
  auto send = dlq::make_resend(message, dlq::read_letter(message), {"run-1", {}, false});
  message.attributes = send.attributes;
  message.sent_at = base::TimePoint(2h);
  send = dlq::make_resend(message, dlq::read_letter(message), {"run-2", {}, false});
  const auto mark = messages::read_replay_mark(send.attributes.at(dlq::kReplayed).value).value();
  EXPECT_EQ(mark.count, 2);
  EXPECT_EQ(mark.run, "run-2");
  EXPECT_EQ(mark.first_seen, base::TimePoint(1h)) << "of the first life";
}

TEST(Traps, SixTenAttributesOrOneMebibyteGoWithoutTheMarkInsteadOfFailing) {
  aws::SqsMessage full;
  full.message_id = "m-1";
  for (int i = 0; i < 10; ++i) full.attributes["a" + std::to_string(i)] = {"String", "v"};
  auto send = dlq::make_resend(full, dlq::read_letter(full), {"run", {}, false});
  EXPECT_EQ(send.attributes, full.attributes);
  for (const std::size_t room : {0U, 10U, 100U, 1'000U}) {
    aws::SqsMessage large;
    large.message_id = "m-2";
    large.body = std::string(aws::kSqsBytesMax - room, 'x');
    send = dlq::make_resend(large, dlq::read_letter(large), {"run", {}, false});
    EXPECT_LE(aws::sqs_bytes(send.body, send.attributes), aws::kSqsBytesMax);
    EXPECT_EQ(dlq::has_mark(send), room >= 100U) << room;
  }
}

TEST(Traps, SixTenLargeMessagesAreNotPutIntoOneBatchOfTenMebibytes) {
  std::vector<dlq::Parcel> parcels(25, {"q", "", 300'000, true});
  const auto batches = dlq::pack(parcels);
  ASSERT_EQ(batches.size(), 9U);
  for (const auto& batch : batches) EXPECT_LE(batch.size(), 3U);
}

TEST(Traps, SevenKeptLettersAreGivenBackAtTheEndAndNotEarlier) {
  ReplayRig rig;
  rig.bury(400);
  dlq::ReplayOptions options = rig.options();
  options.filter = ReplayRig::filter({.body = "9$"});
  options.rate = 1;  // forty seconds and more, with a visibility of thirty
  const auto summary = rig.replay(std::move(options));
  EXPECT_EQ(summary.sent, 40U);
  EXPECT_EQ(summary.kept, 360U);
  EXPECT_EQ(rig.ledger.receives, 2) << "every letter was received once";
  EXPECT_EQ(rig.counts("letters").visible, 360U);
  EXPECT_EQ(rig.counts("letters").in_flight, 0U);
}

TEST(Traps, SevenTheInFlightLimitIsNoFailure) {
  ReplayRig rig;
  rig.region.faults().settings().any_order = 1;
  // Another consumer holds nearly as many as SQS allows.
  auto* letters = rig.region.sqs().find_queue("letters");
  rig.bury(sim::kInFlightMax - 30);
  for (int i = 0; i < sim::kInFlightMax - 30; i += 10) letters->receive(10, 2h, "", {});
  rig.bury(60);
  dlq::ReplayOptions options = rig.options();
  options.filter = ReplayRig::filter({.body = "^m1199[78]5$|^m120005$"});
  const auto summary = rig.replay(std::move(options));
  EXPECT_EQ(summary.ended, dlq::Ended::kDone) << summary.error.value_or(base::Error()).message;
  EXPECT_GT(summary.looked_at, 30U) << "more than could be in flight at once";
  EXPECT_TRUE(rig.ledger.lost.empty());
}

}  // namespace
