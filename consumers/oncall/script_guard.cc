#include "consumers/oncall/script_guard.h"

#include "consumers/oncall/process_table.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <initializer_list>

namespace consumers::oncall {
namespace {

constexpr int kDescriptorsAbove = 64;  // out of the way of those that are put in their places
constexpr int kReapPauseMs = 2;
constexpr int kKillRounds = 500;  // some seconds; a process in the kernel's hands may take a while
constexpr int kKillRoundReaps = 10;
constexpr int kCleanPauses = 5'000;          // ten seconds
constexpr char kOutOfMemoryScore[] = "800";  // before the worker, should memory run out

enum Place { kControl = 3, kReport, kInput, kOutput, kErrors, kPlacesEnd };

void set_limit(int what, std::uint64_t value) {
  const rlimit limit{value, value};
  ::setrlimit(static_cast<__rlimit_resource>(what), &limit);
}

void put_into_places(const GuardPlan& plan) {
  std::array<int, 5> moved{plan.control, plan.report, plan.input, plan.output, plan.errors};
  for (int& descriptor : moved) descriptor = ::fcntl(descriptor, F_DUPFD, kDescriptorsAbove);
  for (int i = 0; i < static_cast<int>(moved.size()); ++i) ::dup2(moved[i], kControl + i);
  const int nothing = ::open("/dev/null", O_RDWR);
  for (int standard = 0; standard <= 2; ++standard) ::dup2(nothing, standard);
  ::close_range(kPlacesEnd, ~0U, 0);
}

void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool become(uid_t user) {
  return ::setgroups(0, nullptr) == 0 && ::setresgid(user, user, user) == 0 &&
         ::setresuid(user, user, user) == 0;
}

// The script's process, up to its exec. `failed` gets errno where that does not come about.
[[noreturn]] void become_script(const GuardPlan& plan, int failed) {
  ::setpgid(0, 0);
  reset_signals();
  ::dup2(kInput, STDIN_FILENO);
  ::dup2(kOutput, STDOUT_FILENO);
  ::dup2(kErrors, STDERR_FILENO);
  ::dup3(failed, kControl, O_CLOEXEC);
  ::close_range(kControl + 1, ~0U, 0);
  const int score = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score >= 0) {
    static_cast<void>(!::write(score, kOutOfMemoryScore, sizeof kOutOfMemoryScore - 1));
    ::close(score);
  }
  const rlimit cpu{plan.cpu_seconds, plan.cpu_seconds + 1};  // SIGXCPU, then SIGKILL
  ::setrlimit(RLIMIT_CPU, &cpu);
  set_limit(RLIMIT_DATA, plan.data_bytes);
  set_limit(RLIMIT_FSIZE, plan.file_bytes);
  set_limit(RLIMIT_NOFILE, plan.open_files);
  set_limit(RLIMIT_NPROC, plan.processes_of_user);
  set_limit(RLIMIT_CORE, 0);
  ::umask(S_IRWXG | S_IRWXO);
  const bool ready = (plan.user == 0 || become(plan.user)) &&
                     ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
                     ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::chdir(plan.folder) == 0;
  if (ready) ::execve(plan.program, plan.arguments, plan.environment);
  const std::int32_t code = errno;
  static_cast<void>(!::write(kControl, &code, sizeof code));
  ::_exit(127);
}

class Guard {
 public:
  explicit Guard(const GuardPlan& plan) : plan_(plan) {}

  void run() {
    if (!start()) return;
    while (!over_) {
      std::array<pollfd, 2> ready{pollfd{kControl, POLLIN, 0}, pollfd{children_, POLLIN, 0}};
      const int count = ::poll(ready.data(), ready.size(), plan_.watch_every_ms);
      if (ready[1].revents != 0) forget_signals();
      reap();
      if (over_) break;
      if (ready[0].revents != 0) {
        obey();
      } else if (count == 0) {
        watch();
      }
    }
    end_everything();
  }

  void clean_and_report() {
    if (plan_.cleaner != nullptr) clean();
    static_cast<void>(!::write(kReport, &report_, sizeof report_));
  }

 private:
  bool start() {
    sigset_t child;
    ::sigemptyset(&child);
    ::sigaddset(&child, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &child, nullptr);
    children_ = ::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    std::array<int, 2> failed{};
    if (children_ < 0 || ::pipe2(failed.data(), O_CLOEXEC) != 0) return cannot_run(errno);
    script_ = ::fork();
    if (script_ < 0) return cannot_run(errno);
    if (script_ == 0) become_script(plan_, failed[1]);
    ::setpgid(script_, script_);  // whoever comes first
    ::close(failed[1]);
    ::close(kInput);
    ::close(kOutput);
    ::close(kErrors);
    std::int32_t code = 0;
    ssize_t count = 0;
    while ((count = ::read(failed[0], &code, sizeof code)) < 0 && errno == EINTR) {
    }
    ::close(failed[0]);
    if (count != sizeof code) return true;  // closed by its exec
    ::waitpid(script_, nullptr, 0);
    return cannot_run(code);
  }

  bool cannot_run(int code) {
    report_.end = GuardEnd::kCannotRun;
    report_.code = code;
    return false;
  }

  void forget_signals() {
    signalfd_siginfo info;
    while (::read(children_, &info, sizeof info) == sizeof info) {
    }
  }

  // False when there is no child at all.
  bool reap() {
    for (;;) {
      int status = 0;
      const pid_t pid = ::waitpid(-1, &status, WNOHANG);
      if (pid == 0) return true;
      if (pid < 0 && errno == EINTR) continue;
      if (pid < 0) return false;
      if (over_ && pid != script_ && pid != killer_) ++report_.left_over;
      if (pid == script_ && !over_) stop(GuardEnd::kEnded, status);
      if (pid == script_) script_ = 0;
    }
  }

  void stop(GuardEnd end, int code = 0) {
    over_ = true;
    report_.end = end;
    report_.code = code;
  }

  void obey() {
    char order = 0;
    const ssize_t count = ::read(kControl, &order, 1);
    if (count == 1 && order == 'T') {
      ::kill(-script_, SIGTERM);
    } else if (count >= 0 || errno != EINTR) {
      stop(GuardEnd::kKilled);
    }
  }

  void watch() {
    if (!table_.read(::getpid(), plan_.user)) return;
    if (table_.count() > plan_.processes_max) stop(GuardEnd::kTooManyProcesses);
    if (table_.resident_bytes() > plan_.resident_max) stop(GuardEnd::kTooMuchMemory);
  }

  // Until no child is left: what loses its parent becomes ours, so then nothing is.
  void end_everything() {
    for (int round = 0; round < kKillRounds; ++round) {
      if (plan_.user != 0) {
        kill_user();
      } else {
        kill_descendants();
      }
      for (int i = 0; i < kKillRoundReaps; ++i) {
        if (!reap()) return;
        ::poll(nullptr, 0, kReapPauseMs);
      }
    }
  }

  // All processes of a user in one call: nothing can be forked in between.
  void kill_user() {
    killer_ = ::fork();
    if (killer_ == 0) {
      if (become(plan_.user)) ::kill(-1, SIGKILL);
      ::_exit(0);
    }
  }

  // Stopped first, until none runs that could fork; then killed.
  void kill_descendants() {
    constexpr int kStopRounds = 200;
    for (int round = 0; round < kStopRounds; ++round) {
      if (!table_.read(::getpid(), 0) || table_.signal_running(SIGSTOP) == 0) break;
    }
    if (table_.read(::getpid(), 0)) table_.signal_all(SIGKILL);
  }

  void clean() {
    const pid_t cleaner = ::fork();
    if (cleaner == 0) {
      reset_signals();
      ::execve(plan_.cleaner[0], plan_.cleaner, plan_.environment);
      ::_exit(127);
    }
    for (int i = 0; i < kCleanPauses && cleaner > 0; ++i) {
      if (::waitpid(cleaner, nullptr, WNOHANG) != 0) return;
      ::poll(nullptr, 0, kReapPauseMs);
    }
    if (cleaner > 0) ::kill(cleaner, SIGKILL);
  }

  const GuardPlan& plan_;
  GuardReport report_;
  ProcessTable table_;
  pid_t script_ = 0;
  pid_t killer_ = 0;
  int children_ = -1;
  bool over_ = false;
};

}  // namespace

void guard(const GuardPlan& plan) {
  ::setsid();  // no terminal's signals
  reset_signals();
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) ::signal(signal, SIG_IGN);
  put_into_places(plan);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  Guard process(plan);
  process.run();
  process.clean_and_report();
  ::_exit(0);
}

}  // namespace consumers::oncall
