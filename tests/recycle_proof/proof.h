// Proof: one seed carried out by the real consumers on the simulated region and judged by the
// oracle.
#pragma once

#include "tests/recycle_proof/met.h"
#include "tests/recycle_proof/scenario.h"

#include <cstdint>
#include <string>

namespace proof {

struct Report {
  std::string violation;  // empty: every promise was kept
  std::string scenario;
  std::string timeline;  // only if recorded
  std::string ends;      // how the messages ended
  int calls = 0;
  int mutations = 0;
  int workers = 0;
  int versions = 0;  // different ones of the instances, once the messages were settled
  bool succeeded = false;
  Met met;
  base::Duration virtual_time{0};
};

Report carry_out(const Scenario& scenario, bool recording);
inline Report carry_out(std::uint64_t seed, bool recording = false) {
  return carry_out(make_scenario(seed), recording);
}

// For one that failed: carried out again, with its timeline and the command that repeats it.
std::string explain(const Scenario& scenario);

}  // namespace proof
