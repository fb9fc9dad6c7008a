// The replay dies at any of its API calls and is resumed; and goes through everything that a queue
// service can do to it. Judged by the server's own ledger.
#include "tests/dlq/crash_rig.h"

#include <fmt/format.h>

namespace {

using test::CheckpointFile;
using test::Crash;
using test::ReplayRig;
using test::with_crashes;
using namespace std::chrono_literals;

TEST(ReplayCrash, AtAnyCallLosesNothingAndResumeKnowsWhatMayBeThereTwice) {
  for (int call = 1; call <= 40; ++call) {
    for (const bool after : {false, true}) {
      SCOPED_TRACE(fmt::format("dies {} call {}", after ? "after" : "before", call));
      ReplayRig rig(static_cast<std::uint64_t>(call));
      rig.bury(75);
      const CheckpointFile file;
      auto state = rig.state();
      {
        ReplayRig::Process process(rig);
        (after ? process.crash_after : process.crash_before) = call;
        auto checkpoint = dlq::Checkpoint::create(file.path, state).value();
        try {
          rig.replay(rig.options(), *checkpoint, process);
        } catch (const Crash&) {
        }
      }
      EXPECT_TRUE(rig.ledger.lost.empty());
      ReplayRig::Process process(rig);
      auto checkpoint = dlq::Checkpoint::resume(file.path).value();
      const auto summary = rig.replay(rig.options(), *checkpoint, process);
      EXPECT_EQ(summary.ended, dlq::Ended::kDone);
      EXPECT_EQ(rig.left(), 0);
      EXPECT_EQ(rig.ledger.distinct("work"), 75U);
      EXPECT_LE(rig.ledger.twice("work"), summary.possibly_twice);
      EXPECT_LE(summary.possibly_twice, dlq::Replay::kRound);
      EXPECT_TRUE(rig.ledger.lost.empty());
      if (testing::Test::HasFailure()) return;  // one is enough to look at
    }
  }
}

TEST(ReplayCrash, AgainAndAgainAmidEveryFaultLosesNothing) {
  std::size_t twice = 0;
  int crashes = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    ReplayRig rig(seed);
    rig.bury(700);
    rig.bury(100, "other");
    test::everything_goes_wrong(rig.region.faults());
    const auto summary = with_crashes(
        rig, "letters", {[&rig] { return 30 + static_cast<int>(rig.random.below(200)); }}, crashes);
    EXPECT_TRUE(rig.ledger.lost.empty());
    // What SQS refused for good is still there; everything else has arrived.
    EXPECT_EQ(rig.ledger.distinct("work") + rig.ledger.distinct("other") + summary.failed, 800U);
    EXPECT_EQ(static_cast<std::size_t>(rig.left()), summary.failed + summary.undeleted);
    EXPECT_LE(rig.ledger.twice("work") + rig.ledger.twice("other"), summary.possibly_twice);
    twice += rig.ledger.twice("work") + rig.ledger.twice("other");
  }
  EXPECT_GT(crashes, 4);
  EXPECT_GT(twice, 0U) << "else this has not met what it is about";
}

TEST(ReplayCrash, KeepsTheOrderOfEveryFifoGroupWithoutDuplicates) {
  int crashes = 0;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    ReplayRig rig(seed);
    std::map<std::string, std::vector<std::string>> sent;
    for (int i = 0; i < 400; ++i) {
      const std::string group = "g" + std::to_string(i % 13);
      sent[group].push_back("m" + std::to_string(rig.buried));
      rig.bury(1, "work.fifo", group);
    }
    auto& faults = rig.region.faults();
    faults.settings().batch_entry_fails = 0.1;
    faults.settings().partial_receive = 0.3;
    faults.settings().empty_receive = 0.1;
    faults.add({.kind = sim::FaultKind::kThrottle, .service = "sqs", .probability = 0.05});
    faults.add({.kind = sim::FaultKind::kLost, .service = "sqs", .probability = 0.03});
    const auto summary =
        with_crashes(rig, "letters.fifo",
                     {[&rig] { return 50 + static_cast<int>(rig.random.below(200)); }}, crashes);
    EXPECT_EQ(summary.failed, 0U);
    EXPECT_EQ(rig.ledger.order["work.fifo"], sent);
    EXPECT_EQ(rig.left("letters.fifo"), 0);
  }
  EXPECT_GT(crashes, 4);
}

TEST(ReplayCrash, AnInterferingConsumerLosesNothingOfOurs) {
  ReplayRig rig(9);
  rig.bury(500);
  int crashes = 0;
  const test::CrashOptions options{[&rig] { return 20 + static_cast<int>(rig.random.below(40)); },
                                   0.5};
  const auto summary = with_crashes(rig, "letters", options, crashes);
  EXPECT_EQ(summary.ended, dlq::Ended::kDone);
  EXPECT_GT(rig.ledger.taken.size(), 0U);
  EXPECT_GT(crashes, 0);
  for (int i = 0; i < 500; ++i) {
    const std::string body = "m" + std::to_string(i);
    EXPECT_TRUE(rig.ledger.has_arrived(body) || rig.ledger.taken.contains(body)) << body;
  }
  EXPECT_EQ(rig.left(), 0);
  EXPECT_TRUE(rig.ledger.lost.empty());
}

}  // namespace
