// autorecycle-recycle-soak: many seeds, on all cores.
//
//   autorecycle-recycle-soak --runs 1000000 [--from SEED] [--jobs N] [--crowded]
//   autorecycle-recycle-soak --seed SEED [--crowded]     one of them, with its timeline
//
// --crowded: in every run another request for the group is in hand beside the first.
#include "tests/recycle_proof/campaign.h"

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

int main(int count, char** arguments) {
  proof::Campaign campaign;
  std::optional<std::uint64_t> seed;
  for (int i = 1; i < count; ++i) {
    const std::string name = arguments[i];
    if (name == "--crowded") {
      campaign.crowded = true;
      continue;
    }
    const std::uint64_t value = i + 1 < count ? std::strtoull(arguments[++i], nullptr, 10) : 0;
    if (name == "--seed") {
      seed = value;
    } else if (name == "--runs") {
      campaign.runs = value;
    } else if (name == "--from") {
      campaign.from = value;
    } else if (name == "--jobs") {
      campaign.jobs = static_cast<int>(value);
    } else if (name == "--failures") {
      campaign.failures_max = static_cast<int>(value);
    } else {
      std::fprintf(stderr,
                   "unknown option %s: --runs, --from, --jobs, --failures, --crowded or --seed\n",
                   name.c_str());
      return 2;
    }
  }
  if (!seed) return proof::conduct(campaign);
  return proof::show(campaign.crowded ? proof::make_crowded_scenario(*seed)
                                      : proof::make_scenario(*seed));
}
