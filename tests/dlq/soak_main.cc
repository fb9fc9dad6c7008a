// autorecycle-replay-soak [SEED] [LETTERS]: a replay of 100,000 dead letters through every fault,
// killed and resumed at random moments, judged by the server's ledger. Exit code 1 when anything
// was lost, or was there twice without being counted.
#include "tests/dlq/crash_rig.h"

#include <fmt/format.h>

#include <cstdlib>
#include <iostream>

int main(int argc, char** argv) {
  const std::uint64_t seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  const int letters = argc > 2 ? std::atoi(argv[2]) : 100'000;
  test::ReplayRig rig(seed);
  rig.bury(letters - letters / 10);
  rig.bury(letters / 10, "other");
  test::everything_goes_wrong(rig.region.faults());
  int crashes = 0;
  const auto summary = test::with_crashes(
      rig, "letters", [&rig] { return 100 + static_cast<int>(rig.random.below(2'000)); }, crashes);
  const auto arrived = rig.ledger.distinct("work") + rig.ledger.distinct("other");
  const auto twice = rig.ledger.twice("work") + rig.ledger.twice("other");
  const auto left = static_cast<std::size_t>(rig.left());
  std::cout << fmt::format(
      "seed {}: {} letters, {} crashes: {} arrived, {} left, {} lost, {} twice of {} counted\n",
      seed, letters, crashes, arrived, left, rig.ledger.lost.size(), twice, summary.possibly_twice);
  const bool whole = arrived + summary.failed == static_cast<std::size_t>(letters) &&
                     left == summary.failed + summary.undeleted && rig.ledger.lost.empty();
  return whole && twice <= summary.possibly_twice && crashes > 0 ? 0 : 1;
}
