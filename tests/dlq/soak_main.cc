// autorecycle-replay-soak [SEED] [LETTERS]: dead letters, of a standard queue and then as many of a
// FIFO queue, replayed through every fault, with a second consumer on the dead-letter queue, killed
// and resumed at random moments, until none is left; judged by the server's ledger. Exit code 1
// when a letter was lost, was there twice without being counted, or overtook another of its group.
#include "tests/dlq/crash_rig.h"

#include <fmt/format.h>

#include <cstdlib>
#include <iostream>

namespace {

constexpr int kReplaysMax = 20;  // what was refused for good is replayed anew
constexpr int kGroups = 997;

struct Outcome {
  int letters = 0;
  int replays = 0;
  int crashes = 0;
  std::size_t arrived = 0;
  std::size_t taken = 0;    // by the other consumer and by it alone
  std::size_t missing = 0;  // neither arrived nor taken, nor left
  std::size_t left = 0;
  std::size_t twice = 0;
  std::size_t counted = 0;
  std::size_t overtaken = 0;  // groups out of order

  bool is_good() const {
    return missing == 0 && left == 0 && twice <= counted && overtaken == 0 && crashes > 0;
  }
};

void replay_all(test::ReplayRig& rig, const std::string& queue, Outcome& outcome) {
  const test::CrashOptions options{
      [&rig] { return 100 + static_cast<int>(rig.random.below(2'000)); }, 0.3};
  while (outcome.replays < kReplaysMax && rig.left(queue) > 0) {
    ++outcome.replays;
    const auto summary = test::with_crashes(rig, queue, options, outcome.crashes);
    outcome.counted += summary.possibly_twice;
    if (summary.error) std::cout << summary.error->to_string() << "\n";
  }
}

void judge(test::ReplayRig& rig, const std::string& queue, Outcome& outcome) {
  for (int i = 0; i < outcome.letters; ++i) {
    const std::string body = "m" + std::to_string(i);
    if (rig.ledger.has_arrived(body)) {
      ++outcome.arrived;
    } else if (rig.ledger.taken.contains(body)) {
      ++outcome.taken;
    } else {
      ++outcome.missing;
    }
  }
  outcome.left = static_cast<std::size_t>(rig.left(queue));
  outcome.missing = std::max(outcome.missing, rig.ledger.lost.size());
  for (const char* target : {"work", "other", "work.fifo"}) {
    outcome.twice += rig.ledger.twice(target);
  }
}

Outcome standard(std::uint64_t seed, int letters) {
  test::ReplayRig rig(seed);
  Outcome outcome{.letters = letters};
  rig.bury(letters - letters / 10);
  rig.bury(letters / 10, "other");
  test::everything_goes_wrong(rig.region.faults());
  replay_all(rig, "letters", outcome);
  judge(rig, "letters", outcome);
  return outcome;
}

Outcome fifo(std::uint64_t seed, int letters) {
  test::ReplayRig rig(seed);
  Outcome outcome{.letters = letters};
  std::map<std::string, std::vector<std::string>> groups;
  for (int i = 0; i < letters; ++i) {
    const std::string group = "g" + std::to_string(i % kGroups);
    groups[group].push_back("m" + std::to_string(rig.buried));
    rig.bury_one("work.fifo", group);
  }
  rig.loop.run_for(std::chrono::seconds(1));
  test::everything_goes_wrong(rig.region.faults());
  replay_all(rig, "letters.fifo", outcome);
  judge(rig, "letters.fifo", outcome);
  for (auto& [group, bodies] : groups) {
    std::erase_if(bodies,
                  [&rig](const std::string& body) { return !rig.ledger.has_arrived(body); });
    if (rig.ledger.order["work.fifo"][group] != bodies) ++outcome.overtaken;
  }
  return outcome;
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t seed = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  const int letters = argc > 2 ? std::atoi(argv[2]) : 100'000;
  bool good = true;
  for (const bool is_fifo : {false, true}) {
    const Outcome outcome = is_fifo ? fifo(seed, letters) : standard(seed, letters);
    std::cout << fmt::format(
                     "seed {}, {}: {} letters, {} crashes in {} replays: {} arrived, {} taken by "
                     "the other consumer, {} left, {} lost, {} twice ({} counted), {} groups out "
                     "of order\n",
                     seed, is_fifo ? "FIFO" : "standard", letters, outcome.crashes, outcome.replays,
                     outcome.arrived, outcome.taken, outcome.left, outcome.missing, outcome.twice,
                     outcome.counted, outcome.overtaken)
              << std::flush;
    good = good && outcome.is_good();
  }
  return good ? 0 : 1;
}
