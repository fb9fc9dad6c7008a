// Who goes first when a group shrinks.
#include "sim/autoscaling_scale_in.h"

#include <gtest/gtest.h>

namespace sim {
namespace {

using namespace std::chrono_literals;

const base::TimePoint kNow = base::TimePoint(1'000'000s);

ScaleInCandidate candidate(std::string id, std::string zone, std::chrono::minutes age,
                           bool is_protected = false, std::chrono::minutes configured_ago = 0min) {
  return {.id = std::move(id),
          .zone = std::move(zone),
          .is_protected = is_protected,
          .by_configuration = false,
          .configured = kNow - configured_ago,
          .launched = kNow - age};
}

struct Case {
  const char* name;
  std::vector<ScaleInCandidate> members;
  std::vector<std::string> policies;
  std::optional<std::string> victim;
};

const Case kCases[] = {
    {"TheFullestZoneGivesFirst",
     {candidate("a1", "a", 90min), candidate("b1", "b", 10min), candidate("b2", "b", 20min)},
     {"OldestInstance"},
     "b2"},
    {"ProtectedMembersFillAZoneButAreSpared",
     {candidate("a1", "a", 90min), candidate("b1", "b", 10min, true), candidate("b2", "b", 5min)},
     {"OldestInstance"},
     "b2"},
    {"AFullyProtectedZoneIsPassedOver",
     {candidate("a1", "a", 90min), candidate("b1", "b", 10min, true),
      candidate("b2", "b", 20min, true)},
     {"OldestInstance"},
     "a1"},
    {"NobodyGoesWhenAllAreProtected",
     {candidate("a1", "a", 90min, true), candidate("b1", "b", 10min, true)},
     {"Default"},
     std::nullopt},
    {"NewestInstanceTakesTheNewest",
     {candidate("a1", "a", 90min), candidate("a2", "a", 10min)},
     {"NewestInstance"},
     "a2"},
    {"DefaultTakesTheOldestTemplateVersionFirst",
     {candidate("a1", "a", 10min, false, 60min), candidate("a2", "a", 59min, false, 5min)},
     {"Default"},
     "a1"},
    {"DefaultThenTakesTheOneClosestToItsNextHour",
     {candidate("a1", "a", 10min), candidate("a2", "a", 59min), candidate("a3", "a", 125min)},
     {"Default"},
     "a2"},
    {"OldestLaunchTemplateThenOldestInstance",
     {candidate("a1", "a", 10min, false, 60min), candidate("a2", "a", 30min, false, 60min),
      candidate("a3", "a", 90min, false, 5min)},
     {"OldestLaunchTemplate", "OldestInstance"},
     "a2"},
};

TEST(ScaleIn, ChoosesItsVictimAsAwsDoes) {
  for (const auto& row : kCases) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(choose_victim(row.members, row.policies, kNow, 0.0), row.victim);
  }
}

TEST(ScaleIn, LaunchConfigurationsGoBeforeTemplatesByDefault) {
  std::vector<ScaleInCandidate> members = {candidate("template", "a", 10min, false, 600min),
                                           candidate("configuration", "a", 10min, false, 1min)};
  members[1].by_configuration = true;
  EXPECT_EQ(choose_victim(members, {"Default"}, kNow, 0.0), "configuration");
}

TEST(ScaleIn, TheDrawDecidesOnlyBetweenEquals) {
  const std::vector<ScaleInCandidate> members = {candidate("a1", "a", 10min),
                                                 candidate("a2", "a", 10min)};
  EXPECT_EQ(choose_victim(members, {"Default"}, kNow, 0.0), "a1");
  EXPECT_EQ(choose_victim(members, {"Default"}, kNow, 0.99), "a2");
}

}  // namespace
}  // namespace sim
