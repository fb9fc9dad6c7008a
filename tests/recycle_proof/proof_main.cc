// autorecycle-recycle-soak: many seeds, on all cores.
//
//   autorecycle-recycle-soak --runs 1000000 [--from SEED] [--jobs N]
//   autorecycle-recycle-soak --seed SEED      one of them, with its timeline
#include "tests/recycle_proof/campaign.h"

#include <cstdio>
#include <cstdlib>
#include <string>

int main(int count, char** arguments) {
  proof::Campaign campaign;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string name = arguments[i];
    const std::uint64_t value = std::strtoull(arguments[i + 1], nullptr, 10);
    if (name == "--seed") return proof::show(value);
    if (name == "--runs") {
      campaign.runs = value;
    } else if (name == "--from") {
      campaign.from = value;
    } else if (name == "--jobs") {
      campaign.jobs = static_cast<int>(value);
    } else if (name == "--failures") {
      campaign.failures_max = static_cast<int>(value);
    } else {
      std::fprintf(stderr, "unknown option %s: --runs, --from, --jobs, --failures or --seed\n",
                   name.c_str());
      return 2;
    }
  }
  return proof::conduct(campaign);
}
