// ScriptRunner: runs scripts of teams so that they cannot hurt the worker: without a shell, with
// limits, each below a guard (script_guard.h) that ends everything that it started.
//
// Where the worker may change its user (it runs as root, in a container say) every script has a
// user of its own, that owns nothing else: the limit on processes is exact then, and it can neither
// signal nor read the worker. Else it runs as the worker's user, whose processes all count.
#pragma once

#include "base/clock.h"
#include "consumers/oncall/job_log.h"
#include "consumers/oncall/turns.h"

#include <boost/asio/awaitable.hpp>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace consumers::oncall {

// Of one run. The names are those of "limits" in job.json.
struct ScriptLimits {
  int cpu_seconds = 60;   // of each process
  int memory_mb = 512;    // data of each process, and resident memory of all together
  int processes = 64;     // threads count too
  int file_mb = 64;       // each file
  int open_files = 256;   // each process
  int output_kb = 128;    // on standard output; more is an error
  int grace_seconds = 5;  // from SIGTERM to SIGKILL
};

struct ScriptCall {
  std::vector<std::string> words;        // words[0] is a path with a slash
  std::vector<std::string> environment;  // "NAME=value"; HOME, PATH and TMPDIR come to it
  std::string folder;                    // where it runs
  std::string input;                     // on standard input
  ScriptLimits limits;
  base::Duration timeout = std::chrono::minutes(1);
};

struct ScriptEnd {
  enum class Why {
    kExited,  // with exit_code
    kSignal,  // by signal
    kTimeout,
    kTooMuchOutput,
    kTooManyProcesses,
    kTooMuchMemory,
    kCannotRun,  // `error` is errno
    kLost,       // its guard was killed; nobody knows
  };
  Why why = Why::kLost;
  int exit_code = 0;
  int signal = 0;
  int error = 0;
  int left_over = 0;  // processes that it left behind, killed
  std::string output;
};

class ScriptRunner {
 public:
  static constexpr int kAtOnceMax = 64;

  struct Options {
    int at_once = 4;                      // 1..kAtOnceMax; more wait for their turn
    std::string temporary_root = "/tmp";  // each run gets a folder below it
  };
  ScriptRunner(base::Clock& clock, Options options);

  // Waits for its turn, which does not count as running. Lines of standard error go into `log`.
  // Cancelled, it ends the script at once and is back when nothing of it is left.
  boost::asio::awaitable<ScriptEnd> run(ScriptCall call, JobLog& log);

  // Whether scripts have users of their own.
  bool isolated() const { return first_user_ != 0; }

 private:
  struct Run;

  boost::asio::awaitable<void> follow(Run& run);
  boost::asio::awaitable<void> wind_up(Run& run);

  base::Clock& clock_;
  Options options_;
  Turns turns_;
  std::set<int> free_places_;
  uid_t first_user_ = 0;
};

}  // namespace consumers::oncall
