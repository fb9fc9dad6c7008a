#include "consumers/oncall/consumer.h"
#include "consumers/oncall/replay_dlq.h"
#include "sim/virtual_loop.h"

#include <gtest/gtest.h>

namespace consumers::oncall {
namespace {

// Answers as it is told and remembers what it was asked.
class Replays final : public DeadLetterReplay {
 public:
  boost::asio::awaitable<base::Result<Outcome>> replay(std::string params, std::string,
                                                       bool dry_run) override {
    asked.push_back(params + (dry_run ? " dry" : ""));
    co_return answer;
  }
  std::vector<std::string> asked;
  base::Result<Outcome> answer = Outcome{R"({"sent":3})", false, false, true};
};

struct Rig {
  Verdict consume(const std::string& job, const std::string& input, const std::string& id = "r-1") {
    Delivery delivery;
    delivery.message.kind = "oncall-job-request";
    delivery.message.id = id;
    delivery.message.payload = messages::OncallJobRequest{job, input};
    EXPECT_TRUE(consumer.accepts(delivery));
    return loop.run(consumer.consume(delivery));
  }
  static Catalogue catalogue(Replays& replays) {
    Catalogue jobs;
    jobs.push_back(std::make_unique<ReplayDlqJob>(replays));
    return jobs;
  }
  sim::VirtualLoop loop;
  Replays replays;
  OncallConsumer consumer{catalogue(replays), loop.clock()};
};

TEST(Oncall, AnswersWithStatusAndBodyAndPassesTheParametersOn) {
  Rig rig;
  const auto verdict = rig.consume("oncall-replay-dlq", R"({"queue":"q","dry_run":true})");
  EXPECT_EQ(std::get<Done>(verdict).reason, R"({"statusCode":200,"body":"{\"sent\":3}"})");
  EXPECT_EQ(rig.replays.asked, (std::vector<std::string>{R"({"queue":"q"} dry)"}));
}

TEST(Oncall, RunsOneRequestOnceHoweverOftenItComes) {
  Rig rig;
  const auto first = rig.consume("oncall-replay-dlq", R"({"queue":"q"})");
  const auto second = rig.consume("oncall-replay-dlq", R"({"queue":"q"})");
  EXPECT_EQ(std::get<Done>(second).reason, "done before: " + std::get<Done>(first).reason);
  EXPECT_EQ(rig.replays.asked.size(), 1U);
  rig.consume("oncall-replay-dlq", R"({"queue":"q"})", "r-2");
  EXPECT_EQ(rig.replays.asked.size(), 2U);
}

TEST(Oncall, RefusesUnknownJobsNamingTheKnownOnes) {
  Rig rig;
  const auto verdict = rig.consume("oncall-make-coffee", "{}");
  EXPECT_EQ(std::get<Poison>(verdict).error_kind, "unroutable");
  EXPECT_NE(std::get<Poison>(verdict).reason.find("oncall-replay-dlq"), std::string::npos);
  EXPECT_TRUE(rig.replays.asked.empty());
}

TEST(Oncall, RefusesInputThatIsNoObjectAndADryRunThatIsNoBoolean) {
  Rig rig;
  for (const char* input : {"[]", "7", "{", R"({"dry_run":"yes"})"}) {
    const auto verdict = rig.consume("oncall-replay-dlq", input);
    EXPECT_TRUE(std::holds_alternative<Poison>(verdict)) << input;
  }
  EXPECT_TRUE(rig.replays.asked.empty());
}

TEST(Oncall, TriesAgainWhatMayHealAndGivesUpWhatNeverWill) {
  Rig rig;
  rig.replays.answer = base::Error{base::ErrorKind::kThrottled, "Throttling", "slow", {}};
  EXPECT_TRUE(std::holds_alternative<Retry>(rig.consume("oncall-replay-dlq", "{}", "a")));
  rig.replays.answer = base::invalid("queue: missing");
  const auto wrong = rig.consume("oncall-replay-dlq", "{}", "b");
  EXPECT_NE(std::get<Poison>(wrong).reason.find("queue: missing"), std::string::npos);
  rig.replays.answer = DeadLetterReplay::Outcome{"{}", true, false, true};
  const auto canary = rig.consume("oncall-replay-dlq", "{}", "c");
  EXPECT_NE(std::get<Poison>(canary).reason.find("409"), std::string::npos);
}

TEST(Oncall, TwoJobsOfOneNameAreABug) {
  Replays replays;
  sim::VirtualLoop loop;
  Catalogue jobs = Rig::catalogue(replays);
  jobs.push_back(std::make_unique<ReplayDlqJob>(replays));
  EXPECT_THROW(JobRunner runner(std::move(jobs), loop.clock()), std::invalid_argument);
}

}  // namespace
}  // namespace consumers::oncall
