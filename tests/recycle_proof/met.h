// Met: what really happened to the workers of one run, beside what its scenario had in store.
#pragma once

#include <cstdint>

namespace proof {

struct Met {
  int crashes = 0;
  int freezes = 0;
  int zombie_calls = 0;      // made after another worker may have had the message
  int zombie_mutations = 0;  // of those, the ones that ask for a change
  int refusals = 0;          // calls that a fault refused
  int lost_answers = 0;
  int old_answers = 0;      // Describe calls that showed an earlier state
  int defers = 0;           // messages put back for a later time
  bool at_once = false;     // two workers had a message of the group in hand
  std::uint64_t deeds = 0;  // a bit each: others' deeds that were done
};

}  // namespace proof
