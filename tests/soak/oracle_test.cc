// The oracle itself: what a runtime must never do is done here on purpose, and must be noticed.
#include "tests/soak/oracle.h"

#include "sim/virtual_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace soak {
namespace {

using namespace std::chrono_literals;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class OracleTest : public ::testing::Test {
 protected:
  static constexpr int kOne = 1;
  static constexpr int kOther = 2;

  // A message of this plan is sent; its id is "id-<serial>".
  sim::StoredMessage stored(Plan plan, const std::string& group = "") {
    const Serial serial = ledger.add(plan);
    sim::StoredMessage message;
    message.body = ledger.body_of(serial);
    message.id = "id-" + std::to_string(serial);
    message.number = serial + 1;
    message.group_id = group;
    oracle.on_stored(queue_of(message), message);
    return message;
  }
  static std::string queue_of(const sim::StoredMessage& message) {
    return message.group_id.empty() ? "events" : "recycles.fifo";
  }
  // The worker receives it, hidden for 30 s from now on. The handle is "<id>/<receive>".
  void received(sim::StoredMessage& message, int worker) {
    ++message.receive_count;
    message.receipt = message.id + "/" + std::to_string(message.receive_count);
    message.wakes_at = loop.clock().steady_now() + 30s;
    oracle.on_received(queue_of(message), message);
    oracle.received(worker, message.id, message.receipt, message.receive_count,
                    loop.clock().steady_now(), 30s);
  }
  void begins(const sim::StoredMessage& message, int worker) {
    oracle.begins(worker, message.id, message.receive_count);
  }
  void ends(const sim::StoredMessage& message, int worker, What what) {
    oracle.ends(worker, message.id, message.receive_count, what);
  }
  void handled(sim::StoredMessage& message, int worker) {
    received(message, worker);
    begins(message, worker);
    ends(message, worker, What::kDone);
  }
  void deleted(const sim::StoredMessage& message, int worker) {
    oracle.deletes(worker, message.receipt);
    oracle.on_deleted(queue_of(message), message);
    oracle.delete_answered(worker, message.receipt, true, true);
  }
  // The first lines of what was found.
  std::vector<std::string> found() {
    std::vector<std::string> rules;
    for (const std::string& violation : oracle.violations()) {
      const auto begin = violation.find(": ") + 2;
      rules.push_back(violation.substr(begin, violation.find('\n') - begin));
    }
    return rules;
  }

  sim::VirtualLoop loop;
  Ledger ledger;
  Oracle oracle{ledger, loop.clock()};
};

TEST_F(OracleTest, ApprovesOfALifeWithoutTrouble) {
  auto first = stored(Plan::kQuick, "g");
  auto second = stored(Plan::kQuick, "g");
  received(first, kOne);
  received(second, kOne);
  begins(first, kOne);
  loop.run_for(20s);
  oracle.hides(kOne, first.receipt, 30s);
  oracle.hid(kOne, first.receipt, loop.clock().steady_now(), 30s);
  loop.run_for(25s);
  ends(first, kOne, What::kDone);
  deleted(first, kOne);
  received(second, kOther);
  begins(second, kOther);
  ends(second, kOther, What::kDone);
  deleted(second, kOther);
  EXPECT_TRUE(oracle.is_settled());
  oracle.conclude();
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(OracleTest, NoticesADeleteOfWhatWasNotHandled) {
  auto message = stored(Plan::kQuick);
  received(message, kOne);
  deleted(message, kOne);
  EXPECT_THAT(found(), ElementsAre("deleted although it was not handled"));
}

TEST_F(OracleTest, NoticesADeleteWithoutADeadLetter) {
  auto message = stored(Plan::kPoison);
  received(message, kOne);
  begins(message, kOne);
  ends(message, kOne, What::kPoison);
  deleted(message, kOne);
  EXPECT_THAT(found(), ElementsAre("deleted although it was not handled"));
}

TEST_F(OracleTest, AcceptsADeleteAfterTheDeadLetterOrAfterTheCopy) {
  auto poison = stored(Plan::kPoison);
  received(poison, kOne);
  oracle.on_stored("events-dlq", poison);
  deleted(poison, kOne);
  auto handed_over = stored(Plan::kLong);
  received(handed_over, kOne);
  auto copy = handed_over;
  copy.id = "copy";
  copy.number = 9;
  oracle.on_stored("events", copy);
  deleted(handed_over, kOne);
  EXPECT_THAT(found(), IsEmpty());
  EXPECT_EQ(oracle.unsettled(), 1U) << "the copy";
}

TEST_F(OracleTest, NoticesADeleteBeforeWhatWasToBeSent) {
  auto message = stored(Plan::kForwards);
  handled(message, kOne);
  deleted(message, kOne);
  EXPECT_THAT(found(), ElementsAre("deleted before what its consumer wanted sent was"));
}

TEST_F(OracleTest, NoticesADeleteWhileTheConsumerRuns) {
  auto message = stored(Plan::kLong);
  received(message, kOne);
  begins(message, kOne);
  oracle.deletes(kOne, message.receipt);
  EXPECT_THAT(found(), ElementsAre("its delete was sent while its consumer was running"));
}

TEST_F(OracleTest, NoticesAHeartbeatAfterTheDelete) {
  auto message = stored(Plan::kQuick);
  handled(message, kOne);
  oracle.deletes(kOne, message.receipt);
  oracle.hides(kOne, message.receipt, 30s);
  EXPECT_THAT(found(), ElementsAre("its visibility was changed after its delete was sent"));
}

TEST_F(OracleTest, AcceptsAHeartbeatAfterADeleteThatFailed) {
  auto message = stored(Plan::kQuick);
  handled(message, kOne);
  oracle.deletes(kOne, message.receipt);
  oracle.delete_answered(kOne, message.receipt, false, true);
  oracle.hides(kOne, message.receipt, 30s);
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(OracleTest, NoticesAFailedDeleteThatIsNotTriedAgain) {
  auto message = stored(Plan::kQuick);
  handled(message, kOne);
  oracle.deletes(kOne, message.receipt);
  oracle.delete_failed(kOne, message.receipt);
  loop.run_for(31s);
  received(message, kOther);
  EXPECT_THAT(found(), ElementsAre(HasSubstr("failed by SQS's fault")));
}

TEST_F(OracleTest, AcceptsAFailedDeleteThatWaitsForAnExtensionThatHangs) {
  auto message = stored(Plan::kQuick);
  handled(message, kOne);
  oracle.deletes(kOne, message.receipt);
  oracle.delete_failed(kOne, message.receipt);
  oracle.hides(kOne, message.receipt, 30s);
  loop.run_for(31s);
  received(message, kOther);
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(OracleTest, NoticesAConsumerThatRunsOnAfterItsVisibility) {
  auto message = stored(Plan::kLong);
  received(message, kOne);
  begins(message, kOne);
  loop.run_for(30'001ms);
  ends(message, kOne, What::kCancelled);
  EXPECT_THAT(found(), ElementsAre("its consumer ran on after its visibility was lost"));
}

TEST_F(OracleTest, AcceptsAConsumerThatIsCancelledInTime) {
  auto message = stored(Plan::kLong);
  received(message, kOne);
  begins(message, kOne);
  loop.run_for(30s);
  ends(message, kOne, What::kCancelled);
  EXPECT_THAT(found(), IsEmpty());
  EXPECT_EQ(oracle.stats().lost, 1U);
}

TEST_F(OracleTest, NoticesAConsumerThatRunsOnAfterItsHandleWasRefused) {
  auto message = stored(Plan::kLong);
  received(message, kOne);
  begins(message, kOne);
  oracle.hides(kOne, message.receipt, 30s);
  oracle.handle_refused(kOne, message.receipt);
  loop.run_for(1ms);
  ends(message, kOne, What::kCancelled);
  EXPECT_THAT(found(), ElementsAre("its consumer ran on after its handle was refused"));
}

TEST_F(OracleTest, NoticesAResultThatCountsAfterVisibilityWasLost) {
  auto message = stored(Plan::kQuick);
  handled(message, kOne);
  loop.run_for(31s);
  oracle.deletes(kOne, message.receipt);
  EXPECT_THAT(found(), ElementsAre("a result counted after visibility was lost"));
}

TEST_F(OracleTest, NoticesAResultThatCountsThoughItsConsumerWasCancelledForTheLoss) {
  auto message = stored(Plan::kDeaf);
  received(message, kOne);
  begins(message, kOne);
  loop.run_for(30s);
  oracle.ends(kOne, message.id, message.receive_count, What::kDone, true);
  received(message, kOne);
  deleted(message, kOne);
  EXPECT_THAT(found(), ElementsAre("deleted although it was not handled"));
}

TEST_F(OracleTest, NoticesWhatADrainForgets) {
  auto pending = stored(Plan::kQuick);
  auto cancelled = stored(Plan::kLong);
  auto finished = stored(Plan::kQuick);
  received(pending, kOne);
  received(cancelled, kOne);
  begins(cancelled, kOne);
  handled(finished, kOne);
  oracle.drains(kOne);
  ends(cancelled, kOne, What::kCancelled);
  oracle.drained(kOne);
  EXPECT_THAT(found(), Each("receive 1 neither deleted nor given back when worker 1 drained"));
  EXPECT_EQ(found().size(), 3U);
}

TEST_F(OracleTest, LetsARenewalKeepAMessageOnlyInTime) {
  for (const auto answered : {29s, 30s, 31s}) {
    const auto worker = static_cast<int>(answered.count());
    auto message = stored(Plan::kQuick);
    received(message, worker);
    loop.run_for(answered - 10s);
    const auto sent = loop.clock().steady_now();
    oracle.hides(worker, message.receipt, 30s);
    loop.run_for(10s);
    oracle.hid(worker, message.receipt, sent, 30s);
    oracle.drained(worker);
  }
  EXPECT_THAT(found(),
              ElementsAre("receive 1 neither deleted nor given back when worker 29 drained"));
}

TEST_F(OracleTest, NoticesWorkAfterARenewalThatCameTooLate) {
  auto message = stored(Plan::kLong);
  received(message, kOne);
  begins(message, kOne);
  loop.run_for(25s);
  const auto sent = loop.clock().steady_now();
  oracle.hides(kOne, message.receipt, 30s);
  loop.run_for(6s);
  oracle.hid(kOne, message.receipt, sent, 30s);
  ends(message, kOne, What::kDone);
  EXPECT_THAT(found(), ElementsAre("its consumer ran on after its visibility was lost"));
}

TEST_F(OracleTest, AcceptsADrainThatGivesBackOrDeletes) {
  auto pending = stored(Plan::kQuick);
  auto finished = stored(Plan::kQuick);
  auto lost = stored(Plan::kQuick);
  received(lost, kOne);
  loop.run_for(30s);
  received(pending, kOne);
  handled(finished, kOne);
  oracle.drains(kOne);
  oracle.hides(kOne, pending.receipt, 0s);
  oracle.deletes(kOne, finished.receipt);
  oracle.drained(kOne);
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(OracleTest, NoticesWhatBeginsTooLate) {
  auto message = stored(Plan::kQuick);
  received(message, kOne);
  loop.run_for(31s);
  begins(message, kOne);
  EXPECT_THAT(found(), ElementsAre("begun after its visibility was lost"));
}

TEST_F(OracleTest, NoticesTwoOfAGroupAtOnce) {
  auto first = stored(Plan::kLong, "g");
  auto second = stored(Plan::kQuick, "g");
  received(first, kOne);
  received(second, kOther);
  begins(first, kOne);
  begins(second, kOther);
  ASSERT_EQ(found().size(), 2U);
  EXPECT_THAT(found()[0], HasSubstr("two of group g handled at once"));
  EXPECT_THAT(found()[1], HasSubstr("begun before message 0 of group g"));
}

TEST_F(OracleTest, AcceptsTheSuccessorOfAKilledWorker) {
  auto message = stored(Plan::kLong, "g");
  received(message, kOne);
  begins(message, kOne);
  oracle.killed(kOne);
  loop.run_for(30s);
  received(message, kOther);
  begins(message, kOther);
  EXPECT_THAT(found(), IsEmpty());
}

TEST_F(OracleTest, NoticesWhatOvertakesAFailure) {
  auto first = stored(Plan::kFails, "g");
  auto second = stored(Plan::kQuick, "g");
  received(first, kOne);
  received(second, kOne);
  begins(first, kOne);
  ends(first, kOne, What::kRetry);
  begins(second, kOne);
  ASSERT_EQ(found().size(), 1U);
  EXPECT_THAT(found()[0], HasSubstr("begun before message 0 of group g"));
}

TEST_F(OracleTest, NoticesWhatIsLostAndWhatIsLeft) {
  auto lost = stored(Plan::kQuick);
  received(lost, kOne);
  oracle.on_expired("events", lost);
  stored(Plan::kQuick);
  oracle.conclude();
  EXPECT_THAT(found(),
              ElementsAre("still in its queue when its retention ended",
                          "neither handled nor a dead letter", "still in a queue at the end"));
}

TEST_F(OracleTest, ShowsTheWholeLifeOfTheMessageAtFault) {
  auto message = stored(Plan::kQuick);
  received(message, kOne);
  loop.run_for(1500ms);
  begins(message, kOne);
  deleted(message, kOne);
  ASSERT_FALSE(oracle.violations().empty());
  EXPECT_THAT(oracle.violations()[0], HasSubstr("0.000 s  SQS     hands out, hidden for 30.000 s"));
  EXPECT_THAT(oracle.violations()[0],
              HasSubstr("1.500 s  worker 1 begins  (message 1)  (receive 1)"));
}

}  // namespace
}  // namespace soak
