// Whole runs of the planner over a group that obeys late.
#pragma once

#include "tests/consumers/groups.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace consumers::recycle {

struct Scenario {
  Snapshot start;
  Policy policy;
  RunContext context = make_context();
  std::uint64_t seed = 1;
  bool crashes = false;
  bool launches_fail = false;  // half of them
  bool disturbed = false;      // alarms scale in and instances fail now and then
  int new_template_at = -1;    // turn at which the group's template changes once more
  // What others do at a turn, once the run has begun and until it is done.
  std::function<void(LaggyGroup& group, int turn)> others = {};
};

struct Drive {
  Step end = Wait{};
  std::vector<std::string> actions;
  std::vector<std::string> waits;
  std::set<std::string> victims;
  int lowest_serving = 1'000'000;
  int most_interfaces = 0;
  std::string violation;
  Snapshot last;
  base::TimePoint ended_at;
};

int floor_of(const Scenario& scenario);
// Drives the group to the end of the run. A crash loses an action, its answer, or time; nothing is
// remembered between turns but what the group's tags hold.
Drive drive(const Scenario& scenario);
// Bounds, processes, protection and tags are the original's; `desired` is what it is to be.
void expect_restored(const Snapshot& start, const Snapshot& last, int desired);
inline void expect_restored(const Snapshot& start, const Snapshot& last) {
  expect_restored(start, last, start.group.desired_capacity);
}
Scenario any_scenario();
bool has_old(const Snapshot& snapshot);
void log_run(const Scenario& scenario, const Drive& run);

}  // namespace consumers::recycle
