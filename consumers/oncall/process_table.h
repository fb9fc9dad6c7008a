// ProcessTable: the processes below one, or those of one user, from /proc. It allocates nothing and
// takes no lock: for the guard (script_guard.h).
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>

namespace consumers::oncall {

class ProcessTable {
 public:
  // Those of `user`, or with user 0 whatever descends from `root` (which is not one of them).
  // Processes that have ended but were not waited for do not count. False if /proc cannot be read.
  bool read(pid_t root, uid_t user);

  int count() const { return ours_; }
  std::uint64_t threads() const { return threads_; }
  std::uint64_t resident_bytes() const { return resident_; }
  // To those that are not stopped; how many there were.
  int signal_running(int signal) const;
  void signal_all(int signal) const;

 private:
  struct Process {
    pid_t pid = 0;
    pid_t parent = 0;
    std::uint64_t pages = 0;
    std::uint64_t threads = 0;
    char state = 0;
    bool ours = false;
  };
  static constexpr int kProcessesMax = 16'384;

  void add(const char* name, int proc, pid_t root, uid_t user);
  void mark(pid_t root, bool all);

  std::array<Process, kProcessesMax> processes_;
  int size_ = 0;
  int ours_ = 0;
  std::uint64_t resident_ = 0;
  std::uint64_t threads_ = 0;
};

}  // namespace consumers::oncall
