#include "tests/recycle_proof/campaign.h"

#include "base/clock.h"
#include "base/log.h"
#include "tests/recycle_proof/coverage.h"
#include "tests/recycle_proof/proof.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <new>
#include <thread>
#include <vector>

namespace proof {

namespace {

// What the processes have counted, each in a part of its own that the parent sees.
class Counters {
 public:
  explicit Counters(int jobs) : bytes_(sizeof(Part) * static_cast<std::size_t>(jobs)) {
    void* shared = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) throw std::bad_alloc();
    parts_ = static_cast<Part*>(shared);
  }
  ~Counters() { munmap(parts_, bytes_); }
  Counters(const Counters&) = delete;
  Counters& operator=(const Counters&) = delete;

  std::uint64_t* part(int share) { return parts_[share].data(); }
  std::vector<std::uint64_t> sum(int jobs) const {
    std::vector<std::uint64_t> total(kDimensionsMax);
    for (int share = 0; share < jobs; ++share) {
      for (std::size_t i = 0; i < kDimensionsMax; ++i) total[i] += parts_[share][i];
    }
    return total;
  }

 private:
  using Part = std::array<std::uint64_t, kDimensionsMax>;
  std::size_t bytes_;
  Part* parts_ = nullptr;
};

// Every jobs-th seed; its exit code is the number of failures.
int take_share(const Campaign& campaign, int share, int jobs, std::uint64_t* counts) {
  const base::RealClock clock;
  const auto begun = clock.steady_now();
  auto shown = begun;
  std::uint64_t done = 0;
  std::uint64_t succeeded = 0;
  int failures = 0;
  for (std::uint64_t i = static_cast<std::uint64_t>(share); i < campaign.runs;
       i += static_cast<std::uint64_t>(jobs)) {
    const std::uint64_t seed = campaign.from + i;
    const Scenario scenario = campaign.crowded ? make_crowded_scenario(seed) : make_scenario(seed);
    const Report report = carry_out(scenario, false);
    count(scenario, report, counts);
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

int show(const Scenario& scenario) {
  log_nothing();
  std::printf("%s", explain(scenario).c_str());
  return carry_out(scenario, false).violation.empty() ? 0 : 1;
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
  Counters counters(jobs);
  std::vector<pid_t> children;
  for (int share = 0; share < jobs; ++share) {
    const pid_t child = fork();
    if (child == 0) _exit(take_share(campaign, share, jobs, counters.part(share)));
    children.push_back(child);
  }
  int failures = 0;
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    failures += WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  }
  const double seconds = std::chrono::duration<double>(clock.steady_now() - begun).count();
  const std::vector<std::uint64_t> counts = counters.sum(jobs);
  std::printf("of these runs so many each:\n%s", table(counts.data(), campaign.runs).c_str());
  const std::string never =
      campaign.crowded ? std::string() : missing(counts.data(), campaign.runs);
  if (failures == 0 && !never.empty()) {
    std::printf("met too seldom to prove anything: %s\n", never.c_str());
    ++failures;
  }
  rusage used{};
  getrusage(RUSAGE_CHILDREN, &used);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  const double cpu = of(used.ru_utime) + of(used.ru_stime);
  std::printf("%s: %llu runs in %.1f s, %.2f ms of processor time a run\n",
              failures == 0 ? "passed" : "FAILED", static_cast<unsigned long long>(campaign.runs),
              seconds, 1e3 * cpu / static_cast<double>(campaign.runs));
  return failures == 0 ? 0 : 1;
}

}  // namespace proof
