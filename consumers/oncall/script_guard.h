// The guard: a process between the worker and a script, one for each run. It starts the script with
// its limits, watches what the script starts, and ends all of it: when the script has ended, when
// it is told to, when a limit is passed, and when the worker is gone. As the reaper of whatever
// loses its parent below it (PR_SET_CHILD_SUBREAPER) it sees those too that left their process
// group.
//
// It is a fork of the worker that never execs: nothing has to be installed, and it runs nothing
// that may allocate or lock.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace consumers::oncall {

// Everything is made before the fork. Descriptors are above 2.
struct GuardPlan {
  const char* program = nullptr;
  char* const* arguments = nullptr;    // with the program's name, ends with nullptr
  char* const* environment = nullptr;  // ends with nullptr
  const char* folder = nullptr;        // where it runs
  char* const* cleaner = nullptr;      // run when all is over: removes the temporary folder
  uid_t user = 0;                      // 0: the worker's own
  int input = -1;
  int output = -1;
  int errors = -1;
  int control = -1;  // 'T': ask the script to end; 'K' or its end: kill
  int report = -1;   // a GuardReport, once nothing is left
  std::uint64_t cpu_seconds = 0;
  std::uint64_t data_bytes = 0;  // of each process
  std::uint64_t file_bytes = 0;  // of each file
  std::uint64_t open_files = 0;
  std::uint64_t processes_of_user = 0;  // RLIMIT_NPROC: all processes of the user, threads too
  int processes_max = 0;                // of the script
  std::uint64_t resident_max = 0;       // bytes, of all of them together
  int watch_every_ms = 250;
};

enum class GuardEnd : std::int32_t {
  kEnded,             // `code` is the wait status
  kCannotRun,         // `code` is errno
  kTooManyProcesses,  // killed for it
  kTooMuchMemory,     // likewise
  kKilled,            // as it was told to, or the worker was gone
};

struct GuardReport {
  GuardEnd end = GuardEnd::kKilled;
  std::int32_t code = 0;
  std::int32_t left_over = 0;  // processes that had to be killed after the script itself ended
};

// In the child of a fork. Never returns.
[[noreturn]] void guard(const GuardPlan& plan);

}  // namespace consumers::oncall
