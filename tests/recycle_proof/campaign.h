// Campaign: a range of seeds, shared out to processes.
#pragma once

#include "tests/recycle_proof/scenario.h"

#include <cstdint>

namespace proof {

struct Campaign {
  std::uint64_t from = 1;
  std::uint64_t runs = 1'000'000;
  int jobs = 0;          // 0: one a core
  int failures_max = 5;  // shown before it stops
  bool crowded = false;  // see make_crowded_scenario
};

// Nothing below errors is logged: the runs break everything on purpose.
void log_nothing();
// The exit code: 0 if every promise was kept.
int conduct(const Campaign& campaign);
int show(const Scenario& scenario);

}  // namespace proof
