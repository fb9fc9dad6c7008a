#include "consumers/oncall/script_process.h"

#include "base/descriptor.h"
#include "base/log.h"
#include "consumers/oncall/process_table.h"
#include "consumers/oncall/script_files.h"
#include "consumers/oncall/script_guard.h"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>
#include <utility>

namespace consumers::oncall {

namespace asio = boost::asio;
using asio::awaitable;

namespace {

// Between two looks at what a script does. What it prints is read at 64 KiB a look at most: one
// that prints without end is slowed down by its pipe and does not keep the worker from its work.
constexpr base::Duration kLookMin{2};
constexpr base::Duration kLookMax{50};
constexpr std::size_t kReadMax = 64 * 1024;
// From an order to kill until the guard reports: it has seconds of its own for both of its tasks.
constexpr base::Duration kWindUpMax = std::chrono::seconds(30);
constexpr std::uint64_t kMegabyte = 1024 * 1024;
constexpr std::uint64_t kKilobyte = 1024;

// No system gives these numbers to anybody: https://systemd.io/UIDS-GIDS. Each process id has 64 of
// them, so that two workers never share one.
constexpr uid_t kUsersBegin = 1'879'048'192;
constexpr uid_t kUserNumberMax = 2'147'483'647;

using base::Pipe;
using File = base::Descriptor;

// Our end does not block; programs do not expect that of theirs.
bool open_pipe(Pipe& pipe) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  pipe = {File(ends[0]), File(ends[1])};
  return ::fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

// A pair of sockets: writing to one whose other end is gone is an error, not a signal.
bool open_control(Pipe& pipe) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return false;
  pipe = {File(ends[0]), File(ends[1])};
  return true;
}

// A file without a name: nobody has to wait for the script to read it.
bool fill(File& file, std::string_view text) {
  file = File(::memfd_create("request", MFD_CLOEXEC));
  while (file.is_open() && !text.empty()) {
    const ssize_t count = ::write(file.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return file.is_open() && ::lseek(file.get(), 0, SEEK_SET) == 0;
}

// At most kReadMax of what is there now; closes the file at its end.
std::string read_some(File& file) {
  std::string text;
  std::array<char, 8'192> buffer;
  while (file.is_open() && text.size() < kReadMax) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (count <= 0) {
      file.close();
      break;
    }
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

// 0 where this process may not become another user.
uid_t find_first_user() {
  const auto first = static_cast<std::uint64_t>(kUsersBegin) +
                     static_cast<std::uint64_t>(::getpid()) * ScriptRunner::kAtOnceMax;
  if (::geteuid() != 0 || first + ScriptRunner::kAtOnceMax > kUserNumberMax) return 0;
  const auto user = static_cast<uid_t>(first);
  const pid_t child = ::fork();
  if (child == 0)
    ::_exit(::setresgid(user, user, user) == 0 && ::setresuid(user, user, user) == 0 ? 0 : 1);
  int status = 1;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return child > 0 && status == 0 ? user : 0;
}

}  // namespace

struct ScriptRunner::Run {
  ScriptCall call;
  JobLog& log;
  uid_t user = 0;
  std::string temporary;
  std::vector<std::string> environment;
  std::vector<std::string> cleaner;
  File input;
  Pipe output;
  Pipe errors;
  Pipe control;
  Pipe report;
  pid_t guard = 0;
  ScriptEnd end;
  bool limit_passed = false;  // end.why is known, whatever the report says
  std::string line;           // of standard error, not yet ended
  std::string report_bytes;

  ~Run() {
    // Not reached by a run that was wound up: its process is going down in the middle of it.
    control.write.close();
    if (guard > 0) ::waitpid(guard, nullptr, WNOHANG);
  }

  bool prepare(const std::string& root) {
    temporary = root + "/autorecycle-job-XXXXXX";
    if (::mkdtemp(temporary.data()) == nullptr) return false;
    if (user != 0 && ::chown(temporary.c_str(), user, user) != 0) return false;
    cleaner = {"/bin/rm", "-rf", "--", temporary};
    environment = call.environment;
    environment.push_back("HOME=" + temporary);
    environment.push_back("TMPDIR=" + temporary);
    environment.push_back(fmt::format("PATH={}", kScriptPath));
    if (!fill(input, call.input) || !open_pipe(output) || !open_pipe(errors) ||
        !open_control(control) || !open_pipe(report)) {
      return false;
    }
    // Whoever opens /dev/stderr opens the pipe anew, and must be allowed to.
    for (const int descriptor : {input.get(), output.write.get(), errors.write.get()}) {
      if (user != 0 && ::fchown(descriptor, user, user) != 0) return false;
    }
    return true;
  }

  bool start() {
    GuardPlan plan;
    const std::vector<char*> words = pointers(call.words);
    const std::vector<char*> variables = pointers(environment);
    const std::vector<char*> clean = pointers(cleaner);
    const auto limit = [](int value, std::uint64_t unit) {
      return static_cast<std::uint64_t>(std::max(value, 1)) * unit;
    };
    plan.program = call.words.front().c_str();
    plan.arguments = words.data();
    plan.environment = variables.data();
    plan.folder = call.folder.c_str();
    plan.cleaner = clean.data();
    plan.user = user;
    plan.input = input.get();
    plan.output = output.write.get();
    plan.errors = errors.write.get();
    plan.control = control.read.get();
    plan.report = report.write.get();
    plan.cpu_seconds = limit(call.limits.cpu_seconds, 1);
    plan.data_bytes = limit(call.limits.memory_mb, kMegabyte);
    plan.resident_max = plan.data_bytes;
    plan.file_bytes = limit(call.limits.file_mb, kMegabyte);
    plan.open_files = limit(call.limits.open_files, 1);
    plan.processes_max = call.limits.processes;
    plan.processes_of_user = limit(call.limits.processes, 1) + (user == 0 ? others_of_user() : 0);
    guard = ::fork();
    if (guard == 0) oncall::guard(plan);
    const int code = errno;
    input.close();
    output.write.close();
    errors.write.close();
    control.read.close();
    report.write.close();
    errno = code;
    return guard > 0;
  }

  // What counts against RLIMIT_NPROC already.
  static std::uint64_t others_of_user();

  void order(char what) const {
    if (control.write.is_open()) ::send(control.write.get(), &what, 1, MSG_NOSIGNAL);
  }

  void stop(ScriptEnd::Why why) {
    if (std::exchange(limit_passed, true)) return;
    end.why = why;
    order('K');
  }

  // What there is to read now; false once everything was.
  bool look() {
    const std::size_t output_max = static_cast<std::size_t>(call.limits.output_kb) * kKilobyte;
    const std::string printed = read_some(output.read);
    if (end.output.size() <= output_max) end.output += printed;
    if (end.output.size() > output_max) stop(ScriptEnd::Why::kTooMuchOutput);
    write_lines(read_some(errors.read));
    report_bytes += read_some(report.read);
    return output.read.is_open() || errors.read.is_open() || report.read.is_open();
  }

  void write_lines(std::string_view text) {
    while (!text.empty()) {
      const auto at = std::min(text.find('\n'), text.size());
      const std::size_t room =
          JobLog::kLineBytesMax * 2 - std::min(line.size(), JobLog::kLineBytesMax * 2);
      line += text.substr(0, std::min(at, room));
      if (at == text.size()) return;
      log.line(std::exchange(line, {}));
      text.remove_prefix(at + 1);
    }
  }

  void conclude() {
    if (!line.empty()) log.line(std::exchange(line, {}));
    GuardReport said;
    const bool known = report_bytes.size() == sizeof said;
    if (known) std::memcpy(&said, report_bytes.data(), sizeof said);
    end.left_over = said.left_over;
    if (limit_passed) return;
    if (!known || said.end == GuardEnd::kKilled) {
      end.why = ScriptEnd::Why::kLost;
    } else if (said.end == GuardEnd::kCannotRun) {
      end.why = ScriptEnd::Why::kCannotRun;
      end.error = said.code;
    } else if (said.end != GuardEnd::kEnded) {
      end.why = said.end == GuardEnd::kTooMuchMemory ? ScriptEnd::Why::kTooMuchMemory
                                                     : ScriptEnd::Why::kTooManyProcesses;
    } else if (WIFSIGNALED(said.code)) {
      end.why = ScriptEnd::Why::kSignal;
      end.signal = WTERMSIG(said.code);
    } else {
      end.why = ScriptEnd::Why::kExited;
      end.exit_code = WEXITSTATUS(said.code);
    }
  }
};

ScriptRunner::ScriptRunner(base::Clock& clock, Options options)
    : clock_(clock), options_(std::move(options)), turns_(clock), first_user_(find_first_user()) {
  options_.at_once = std::clamp(options_.at_once, 1, kAtOnceMax);
  for (int place = 0; place < options_.at_once; ++place) free_places_.insert(place);
}

awaitable<ScriptEnd> ScriptRunner::run(ScriptCall call, JobLog& log) {
  const Turns::Turn turn = co_await turns_.take("scripts", options_.at_once);
  const int place = *free_places_.begin();
  free_places_.erase(place);
  struct GiveBack {
    std::set<int>& places;
    int place;
    ~GiveBack() { places.insert(place); }
  } const give_back{free_places_, place};

  Run run{.call = std::move(call), .log = log};
  if (first_user_ != 0) run.user = first_user_ + static_cast<uid_t>(place);
  if (!run.prepare(options_.temporary_root) || !run.start()) {
    run.end.why = ScriptEnd::Why::kCannotRun;
    run.end.error = errno;
    if (!run.cleaner.empty()) ::rmdir(run.temporary.c_str());
    co_return std::move(run.end);
  }
  std::exception_ptr stopped;
  try {
    co_await follow(run);
  } catch (...) {
    stopped = std::current_exception();
  }
  if (stopped) {
    // Nothing can be awaited before this:
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    run.order('K');
    co_await wind_up(run);
    std::rethrow_exception(stopped);
  }
  co_await wind_up(run);
  run.conclude();
  co_return std::move(run.end);
}

// Until it has ended and everything was read, or its time and its grace are up.
awaitable<void> ScriptRunner::follow(Run& run) {
  const base::SteadyPoint deadline = clock_.steady_now() + run.call.timeout;
  const base::Duration grace = std::chrono::seconds(run.call.limits.grace_seconds);
  base::Duration pause = kLookMin;
  bool asked_to_end = false;
  while (run.look() && !run.limit_passed) {
    const base::SteadyPoint now = clock_.steady_now();
    if (now >= deadline && !std::exchange(asked_to_end, true)) run.order('T');
    if (now >= deadline + grace) run.stop(ScriptEnd::Why::kTimeout);
    co_await clock_.sleep_for(pause);
    pause = std::min(pause * 2, kLookMax);
  }
  // It did as it was asked, but too late all the same.
  if (asked_to_end) run.stop(ScriptEnd::Why::kTimeout);
}

// Until the guard has reported and gone.
awaitable<void> ScriptRunner::wind_up(Run& run) {
  const base::SteadyPoint deadline = clock_.steady_now() + kWindUpMax;
  while (run.look() && clock_.steady_now() < deadline) co_await clock_.sleep_for(kLookMin * 5);
  run.control.write.close();
  while (clock_.steady_now() < deadline) {
    const pid_t reaped = ::waitpid(run.guard, nullptr, WNOHANG);
    if (reaped != 0) {
      run.guard = 0;
      co_return;
    }
    co_await clock_.sleep_for(kLookMin);
  }
  base::log_error("oncall", "a script could not be ended", {{"guard", run.guard}});
}

std::uint64_t ScriptRunner::Run::others_of_user() {
  // Threads count, and processes come and go: some room on top.
  constexpr std::uint64_t kRoom = 16;
  ProcessTable table;
  return table.read(0, ::geteuid()) ? table.threads() + kRoom : kRoom;
}

}  // namespace consumers::oncall
