#include "tests/recycle_proof/campaign.h"

#include "base/clock.h"
#include "base/log.h"
#include "tests/recycle_proof/proof.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <thread>
#include <vector>

namespace proof {

namespace {

// Every jobs-th seed; its exit code is the number of failures.
int take_share(const Campaign& campaign, int share, int jobs) {
  const base::RealClock clock;
  const auto begun = clock.steady_now();
  auto shown = begun;
  std::uint64_t done = 0;
  std::uint64_t succeeded = 0;
  int failures = 0;
  for (std::uint64_t i = static_cast<std::uint64_t>(share); i < campaign.runs;
       i += static_cast<std::uint64_t>(jobs)) {
    const std::uint64_t seed = campaign.from + i;
    const Report report = carry_out(seed);
    ++done;
    succeeded += report.succeeded ? 1 : 0;
    if (!report.violation.empty()) {
      std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed),
                  report.violation.c_str());
      std::fflush(stdout);
      if (++failures >= campaign.failures_max) break;
    }
    if (share == 0 && clock.steady_now() - shown > std::chrono::seconds(10)) {
      shown = clock.steady_now();
      const double seconds = std::chrono::duration<double>(shown - begun).count();
      std::printf("  seed %llu, %.2f ms a run and core, %.0f %% succeeded\n",
                  static_cast<unsigned long long>(seed), 1e3 * seconds / static_cast<double>(done),
                  100.0 * static_cast<double>(succeeded) / static_cast<double>(done));
      std::fflush(stdout);
    }
  }
  return std::min(failures, 100);
}

}  // namespace

void log_nothing() {
  base::configure_log(static_cast<base::LogLevel>(static_cast<int>(base::LogLevel::kError) + 1),
                      base::LogFormat::kText);
}

int show(std::uint64_t seed) {
  log_nothing();
  std::printf("%s", explain(seed).c_str());
  return carry_out(seed).violation.empty() ? 0 : 1;
}

int conduct(const Campaign& campaign) {
  log_nothing();
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  const int jobs = campaign.jobs > 0 ? campaign.jobs : cores;
  const base::RealClock clock;
  const auto begun = clock.steady_now();
  std::printf("recycle soak: %llu runs from seed %llu, %d processes\n",
              static_cast<unsigned long long>(campaign.runs),
              static_cast<unsigned long long>(campaign.from), jobs);
  std::fflush(stdout);
  std::vector<pid_t> children;
  for (int share = 0; share < jobs; ++share) {
    const pid_t child = fork();
    if (child == 0) _exit(take_share(campaign, share, jobs));
    children.push_back(child);
  }
  int failures = 0;
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    failures += WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  }
  const double seconds = std::chrono::duration<double>(clock.steady_now() - begun).count();
  std::printf("%s: %llu runs in %.1f s, %.2f ms a run\n", failures == 0 ? "passed" : "FAILED",
              static_cast<unsigned long long>(campaign.runs), seconds,
              1e3 * seconds / static_cast<double>(campaign.runs));
  return failures == 0 ? 0 : 1;
}

}  // namespace proof
