#include "worker/board.h"

#include "sim/virtual_loop.h"

#include <gtest/gtest.h>

namespace worker {
namespace {

using namespace std::chrono_literals;
using consumers::recycle::Moment;

struct Rig {
  sim::VirtualLoop loop;
  Metrics metrics;
  Board board{loop.clock(), metrics};

  void update(const std::string& group, const std::string& phase, Moment moment = Moment::kStep,
              std::string_view waits_for = {}, std::optional<int> margin = std::nullopt) {
    consumers::recycle::Progress progress;
    progress.group = group;
    progress.strategy = "out-in";
    progress.phase = phase;
    progress.moment = moment;
    progress.waits_for = waits_for;
    progress.margin = margin;
    progress.started = started;
    board.update(progress);
  }
  bool have(const std::string& line) const {
    return metrics.text().find(line + "\n") != std::string::npos;
  }

  std::optional<base::TimePoint> started;
};

TEST(Board, TellsHowOldTheOldestRunIsWhicheverWorkerBeganIt) {
  Rig rig;
  rig.update("young", "grow");
  rig.started = rig.loop.clock().now() - 2h;
  rig.update("old", "cull");
  rig.loop.run_for(60s);
  EXPECT_TRUE(rig.have(R"(autorecycle_recycle_oldest_seconds{strategy="out-in"} 7260)"))
      << rig.metrics.text();
  rig.update("old", "finished", Moment::kDone);
  EXPECT_TRUE(rig.have(R"(autorecycle_recycle_oldest_seconds{strategy="out-in"} 60)"));
  rig.update("young", "finished", Moment::kDone);
  EXPECT_TRUE(rig.have(R"(autorecycle_recycle_oldest_seconds{strategy="out-in"} 0)"));
}

TEST(Board, CountsAWaitOnceHoweverOftenItIsLookedAt) {
  Rig rig;
  for (int i = 0; i < 5; ++i) rig.update("web", "grow", Moment::kStep, "readiness");
  EXPECT_TRUE(rig.have(R"(autorecycle_recycle_waits_total{for="readiness"} 1)"));
  EXPECT_TRUE(rig.have(R"(autorecycle_recycles_waiting{for="readiness"} 1)"));
  rig.update("web", "cull");
  EXPECT_TRUE(rig.have(R"(autorecycle_recycles_waiting{for="readiness"} 0)"));
  rig.update("web", "cull", Moment::kStep, "termination");
  rig.update("web", "cull");
  rig.update("web", "cull", Moment::kStep, "termination");
  EXPECT_TRUE(rig.have(R"(autorecycle_recycle_waits_total{for="termination"} 2)"));
}

TEST(Board, TellsTheLeastMarginAndNoneWhereNothingRuns) {
  Rig rig;
  EXPECT_EQ(rig.metrics.text().find("autorecycle_capacity_margin{"), std::string::npos);
  rig.update("a", "grow", Moment::kStep, {}, 3);
  rig.update("b", "grow", Moment::kStep, {}, -1);
  EXPECT_TRUE(rig.have(R"(autorecycle_capacity_margin{strategy="out-in"} -1)"));
  rig.update("b", "aborted", Moment::kFailed);
  EXPECT_TRUE(rig.have(R"(autorecycle_capacity_margin{strategy="out-in"} 3)"));
  rig.update("a", "finished", Moment::kDone);
  EXPECT_EQ(rig.metrics.text().find("autorecycle_capacity_margin{"), std::string::npos);
}

TEST(Board, TellsSuccessesFromRunsThatHadNothingToDoOrWereCancelled) {
  Rig rig;
  rig.update("a", "finished");
  rig.update("b", "restore");
  rig.update("b", "finished", Moment::kDone);
  rig.update("c", "aborted", Moment::kCancelled);
  rig.update("d", "aborted", Moment::kFailed);
  for (const char* result : {"unchanged", "finished", "cancelled", "aborted"}) {
    EXPECT_TRUE(rig.have(std::string(R"(autorecycle_recycles_total{result=")") + result +
                         R"(",strategy="out-in"} 1)"))
        << result;
  }
}

TEST(Board, MeasuresPhases) {
  Rig rig;
  rig.update("web", "grow");
  rig.loop.run_for(90s);
  rig.update("web", "cull");
  EXPECT_TRUE(
      rig.have(R"(autorecycle_recycle_phase_seconds_sum{phase="grow",strategy="out-in"} 90)"));
}

// A run that another worker carries on is no longer ours.
TEST(Board, ForgetsRunsThatFallSilentAlsoWhenOnlyTheMetricsAreRead) {
  Rig rig;
  rig.update("web", "grow");
  rig.loop.run_for(11min);
  EXPECT_TRUE(rig.have(R"(autorecycle_recycles_running{phase="grow",strategy="out-in"} 0)"));
}

}  // namespace
}  // namespace worker
