#include "aws/child_process.h"

#include "base/descriptor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

namespace aws {

namespace asio = boost::asio;

namespace {

// A process that is asked for credentials once an hour may be looked at every few milliseconds; it
// spares the program a handler for SIGCHLD.
constexpr base::Duration kLookMin{2};
constexpr base::Duration kLookMax{50};

using base::Pipe;
using File = base::Descriptor;

std::optional<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) return std::nullopt;
  return Pipe{File(ends[0]), File(ends[1])};
}

// A process group; killed and reaped when it goes, unless it has ended before.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  void ask_to_end() { ::kill(-pid_, SIGTERM); }
  // The exit code, once it has ended.
  std::optional<int> ended() {
    int status = 0;
    const pid_t reaped = ::waitpid(pid_, &status, WNOHANG);
    if (reaped == 0 || (reaped < 0 && errno == EINTR)) return std::nullopt;
    pid_ = 0;
    if (reaped < 0) return 0;  // SIGCHLD is ignored, so nobody knows; what it printed will tell
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_;
};

std::vector<char*> environment_without(const std::string& prefix) {
  std::vector<char*> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const bool withheld = !prefix.empty() && std::string_view(*entry).starts_with(prefix);
    if (!withheld) variables.push_back(*entry);
  }
  variables.push_back(nullptr);
  return variables;
}

struct Streams {
  Pipe input;  // not open: /dev/null
  Pipe output;
  Pipe errors;
};

// A file without a name, which takes the whole input at once: nobody has to wait for the program to
// read it.
bool fill(Streams& streams, const std::string& text) {
  if (text.empty()) return true;
  if (text.size() > kProcessInputMax) return false;
  File file(::memfd_create("input", MFD_CLOEXEC));
  for (std::string_view rest = text; file.is_open() && !rest.empty();) {
    const ssize_t count = ::write(file.get(), rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  if (!file.is_open() || ::lseek(file.get(), 0, SEEK_SET) != 0) return false;
  streams.input.read = std::move(file);
  return true;
}

// 0, or errno.
int spawn(const std::vector<std::string>& words, const Streams& streams,
          const std::string& withheld, pid_t& pid) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (streams.input.read.is_open()) {
    posix_spawn_file_actions_adddup2(&actions, streams.input.read.get(), STDIN_FILENO);
  } else {
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  }
  posix_spawn_file_actions_adddup2(&actions, streams.output.write.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, streams.errors.write.get(), STDERR_FILENO);
  // Our connections are not the child's business.
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigset_t ignored;
  sigemptyset(&none);
  sigemptyset(&ignored);
  sigaddset(&ignored, SIGPIPE);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &ignored);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> variables = environment_without(withheld);
  const int code = ::posix_spawnp(&pid, arguments.front(), &actions, &attributes, arguments.data(),
                                  variables.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return code;
}

// What is there now; closes the file at its end. Beyond bytes_max + 1 the rest is thrown away.
void drain(File& file, std::string& text, std::size_t bytes_max) {
  std::array<char, 4096> buffer;
  while (file.is_open()) {
    const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    if (count <= 0) {
      file.close();
      return;
    }
    const std::size_t room = bytes_max + 1 - std::min(bytes_max + 1, text.size());
    text.append(buffer.data(), std::min(room, static_cast<std::size_t>(count)));
  }
}

base::Error cannot_run(const std::string& program, int code) {
  return {base::ErrorKind::kFatal,
          "CannotRun",
          fmt::format("{} cannot be run: {}", program, std::strerror(code)),
          {}};
}

}  // namespace

asio::awaitable<base::Result<ProcessOutput>> run_process(base::Clock& clock,
                                                         std::vector<std::string> words,
                                                         ProcessLimits limits) {
  if (words.empty()) co_return base::invalid("no program to run");
  const std::string program = words.front();
  auto out = make_pipe();
  auto err = make_pipe();
  if (!out || !err) co_return cannot_run(program, errno);
  Streams streams{{}, std::move(*out), std::move(*err)};
  Pipe& output = streams.output;
  Pipe& errors = streams.errors;
  if (!fill(streams, limits.input)) co_return cannot_run(program, E2BIG);
  // Only our ends are to be non-blocking: programs do not expect that of theirs.
  ::fcntl(output.write.get(), F_SETFL, 0);
  ::fcntl(errors.write.get(), F_SETFL, 0);
  pid_t pid = 0;
  if (const int code = spawn(words, streams, limits.withheld_prefix, pid); code != 0) {
    co_return cannot_run(program, code);
  }
  Child child(pid);
  streams.input.read.close();
  output.write.close();
  errors.write.close();

  ProcessOutput result;
  const base::SteadyPoint deadline = clock.steady_now() + limits.timeout;
  base::Duration pause = kLookMin;
  bool asked_to_end = false;
  while (true) {
    drain(output.read, result.output, limits.bytes_max);
    drain(errors.read, result.errors, limits.bytes_max);
    if (result.output.size() > limits.bytes_max && !limits.cut_output) {
      co_return base::Error{base::ErrorKind::kFatal,
                            "OutputTooLong",
                            fmt::format("{} printed more than {} bytes", program, limits.bytes_max),
                            {}};
    }
    // All was read when both ends are closed: a grandchild may still be writing.
    const bool all_read = !output.read.is_open() && !errors.read.is_open();
    if (all_read && !asked_to_end) {
      if (const auto code = child.ended()) {
        result.exit_code = *code;
        co_return result;
      }
    }
    const base::SteadyPoint now = clock.steady_now();
    if (now >= deadline && !asked_to_end && limits.grace.count() > 0) {
      child.ask_to_end();
      asked_to_end = true;
    }
    // Not reaped before the group is killed: until then its number cannot be another's.
    const bool gone = asked_to_end && all_read;
    if (now >= deadline && (gone || now >= deadline + limits.grace)) {
      co_return base::Error{
          base::ErrorKind::kRetry,
          "Timeout",
          fmt::format("{} did not end within {} ms", program, limits.timeout.count()),
          {}};
    }
    co_await clock.sleep_for(pause);
    pause = std::min(pause * 2, kLookMax);
  }
}

base::Result<std::vector<std::string>> split_command(std::string_view command) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    const bool last = i + 1 == command.size();
    if (c == '\\' && quote != '\'') {
      if (last) return base::invalid("a backslash at the end has nothing to escape");
      const char next = command[i + 1];
      const bool literal = quote == '"' && next != '"' && next != '\\';
      if (literal) word += c;
      word += next;
      ++i;
      in_word = true;
    } else if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
      in_word = true;
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      if (in_word) words.push_back(std::exchange(word, {}));
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote != 0) return base::invalid(fmt::format("a {} is not closed", quote));
  if (in_word) words.push_back(std::move(word));
  return words;
}

std::string without_secrets(std::string_view text, std::size_t characters_max) {
  constexpr std::size_t kSecretLengthMin = 16;  // of an access key id, the shortest
  const auto in_secret = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/' || c == '=' || c == '_' || c == '-';
  };
  std::string out;
  while (!text.empty() && out.size() < characters_max) {
    const auto end = std::ranges::find_if_not(text, in_secret);
    const std::string_view run = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    const bool digit = std::ranges::any_of(run, [](char c) { return c >= '0' && c <= '9'; });
    const bool upper = std::ranges::any_of(run, [](char c) { return c >= 'A' && c <= 'Z'; });
    out += run.size() >= kSecretLengthMin && digit && upper ? std::string_view("***") : run;
    text.remove_prefix(run.size());
    if (text.empty()) break;
    const bool plain = text.front() >= ' ' && text.front() != '\x7f';
    const char shown = plain ? text.front() : ' ';
    if (shown != ' ' || (!out.empty() && out.back() != ' ')) out += shown;
    text.remove_prefix(1);
  }
  if (out.size() > characters_max) out.resize(characters_max);
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace aws
