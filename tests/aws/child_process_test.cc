#include "aws/child_process.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>

namespace {

using Outcome = base::Result<aws::ProcessOutput>;
using namespace std::chrono_literals;

// Real processes, real time.
Outcome run(std::vector<std::string> words, aws::ProcessLimits limits = {}) {
  boost::asio::io_context io;
  base::RealClock clock;
  std::optional<Outcome> outcome;
  boost::asio::co_spawn(io, aws::run_process(clock, std::move(words), limits),
                        [&](std::exception_ptr error, Outcome ended) {
                          if (error) std::rethrow_exception(error);
                          outcome = std::move(ended);
                        });
  io.run();
  return *outcome;
}
Outcome sh(const std::string& script, aws::ProcessLimits limits = {}) {
  return run({"sh", "-c", script}, limits);
}

TEST(ChildProcess, GivesBothOutputsAndTheExitCode) {
  const auto ended = sh("echo out; echo err >&2; exit 3").value();
  EXPECT_EQ(ended.output, "out\n");
  EXPECT_EQ(ended.errors, "err\n");
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_EQ(sh("kill -KILL $$").value().exit_code, 137);
}

TEST(ChildProcess, IsGivenItsWholeInputWhetherItReadsItOrNot) {
  aws::ProcessLimits limits;
  limits.bytes_max = 4U << 20U;
  limits.input = std::string(2U << 20U, 'x') + "end";
  EXPECT_EQ(sh("cat", limits).value().output, limits.input);
  EXPECT_EQ(sh("echo ignored", limits).value().output, "ignored\n");
  EXPECT_EQ(sh("cat").value().output, "") << "nothing without one";
}

TEST(ChildProcess, PassesWordsAsTheyAre) {
  EXPECT_EQ(run({"printf", "%s|", "a b", "$HOME", "*"}).value().output, "a b|$HOME|*|");
}

TEST(ChildProcess, HasAnEmptyInputAndNoneOfOurFiles) {
  EXPECT_EQ(sh("cat; ls /proc/self/fd | wc -l").value().output, "4\n") << "ls holds one itself";
}

TEST(ChildProcess, ReadsItsInput) {
  EXPECT_EQ(sh("cat", {.input = "{\"a\":1}\n"}).value().output, "{\"a\":1}\n");
  // One that does not care ends like any other.
  EXPECT_EQ(sh("exit 4", {.input = std::string(30'000, 'x')}).value().exit_code, 4);
  EXPECT_EQ(sh("cat", {.input = std::string(aws::kProcessInputMax + 1, 'x')}).error().code,
            "CannotRun");
}

TEST(ChildProcess, IsNotGivenVariablesThatAreWithheld) {
  ::setenv("OURS_TOKEN", "secret", 1);
  EXPECT_EQ(sh("echo $OURS_TOKEN", {.withheld_prefix = "OURS_"}).value().output, "\n");
  EXPECT_EQ(sh("echo $OURS_TOKEN").value().output, "secret\n");
  ::unsetenv("OURS_TOKEN");
}

TEST(ChildProcess, HasItsOutputCutWhereThatIsAskedFor) {
  const auto ended = sh("yes | head -c 100000", {.bytes_max = 10, .cut_output = true});
  ASSERT_TRUE(ended) << ended.error().message;
  EXPECT_LE(ended->output.size(), 11U);
}

TEST(ChildProcess, IsAskedToEndBeforeItIsKilled) {
  const std::string mark = testing::TempDir() + "asked-to-end";
  std::remove(mark.c_str());
  const auto polite =
      sh(fmt::format("trap 'touch {}; exit 0' TERM; while :; do sleep 0.01; done", mark),
         {.timeout = 200ms, .grace = 10s});
  EXPECT_EQ(polite.error().code, "Timeout");
  EXPECT_TRUE(std::ifstream(mark).good());
  std::remove(mark.c_str());
  const auto deaf =
      sh("trap '' TERM; while :; do sleep 0.01; done", {.timeout = 100ms, .grace = 200ms});
  EXPECT_EQ(deaf.error().code, "Timeout");
}

TEST(ChildProcess, IsNotLeftWithOurIgnoredSignals) {
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  const auto ended = sh("kill -PIPE $$; echo survived");
  std::signal(SIGPIPE, before);
  EXPECT_EQ(ended.value().output, "");
}

TEST(ChildProcess, EndsAlsoWhereTheSystemReapsItForUs) {
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  const auto ended = sh("echo done", {.timeout = 10s});
  std::signal(SIGCHLD, before);
  EXPECT_EQ(ended.value().output, "done\n");
}

TEST(ChildProcess, NamesAProgramThatCannotBeRun) {
  const auto error = run({"/nonexistent/keys", "--secret"}).error();
  EXPECT_EQ(error.code, "CannotRun");
  EXPECT_EQ(error.message, "/nonexistent/keys cannot be run: No such file or directory");
}

// Gone, or a zombie until somebody reaps it.
bool is_dead(pid_t process) {
  std::ifstream status(fmt::format("/proc/{}/stat", process));
  std::string text;
  std::getline(status, text);
  return text.empty() || text.find(") Z ") != std::string::npos;
}

TEST(ChildProcess, IsKilledWithItsChildrenWhenTheTimeIsUp) {
  const std::string file = fmt::format("{}/child-{}", testing::TempDir(), ::getpid());
  const auto error = sh("sleep 600 & echo $! > " + file + "; wait", {.timeout = 300ms}).error();
  EXPECT_EQ(error.code, "Timeout");
  EXPECT_EQ(error.message, "sh did not end within 300 ms");
  pid_t grandchild = 0;
  std::ifstream(file) >> grandchild;
  ASSERT_GT(grandchild, 0);
  // The signal was sent; the kernel may take a moment, which running a program gives it.
  for (int i = 0; i < 500 && !is_dead(grandchild); ++i) run({"true"}).value();
  EXPECT_TRUE(is_dead(grandchild));
}

TEST(ChildProcess, MayNotPrintWithoutEnd) {
  const auto error = sh("yes", {.timeout = 10s, .bytes_max = 100'000}).error();
  EXPECT_EQ(error.code, "OutputTooLong");
  EXPECT_EQ(sh("yes >&2 | head -c 1", {.timeout = 200ms}).error().code, "Timeout")
      << "complaints are read, cut and not an error";
}

TEST(ChildProcess, IsKilledWhenItsCallerIsCancelled) {
  boost::asio::io_context io;
  base::RealClock clock;
  boost::asio::cancellation_signal signal;
  bool cancelled = false;
  boost::asio::co_spawn(
      io, aws::run_process(clock, {"sleep", "600"}, {}),
      boost::asio::bind_cancellation_slot(
          signal.slot(), [&](std::exception_ptr error, Outcome) { cancelled = error != nullptr; }));
  io.run_for(30ms);
  signal.emit(boost::asio::cancellation_type::all);
  io.run();
  EXPECT_TRUE(cancelled);
}

TEST(SplitCommand, SplitsAsAShellDoesWithoutBeingOne) {
  struct Row {
    const char* command;
    std::vector<std::string> words;
  };
  const Row rows[] = {
      {"", {}},
      {"  a\tb  c ", {"a", "b", "c"}},
      {"a 'b c' \"d e\"", {"a", "b c", "d e"}},
      {"a'b'\"c\"d", {"abcd"}},
      {"a '' \"\"", {"a", "", ""}},
      {R"(a\ b c\\d \"e)", {"a b", "c\\d", "\"e"}},
      {R"("a\"b\\c\d$e")", {"a\"b\\c\\d$e"}},
      {R"('a\b')", {"a\\b"}},
      {"a $HOME `b` | c; d > e # f", {"a", "$HOME", "`b`", "|", "c;", "d", ">", "e", "#", "f"}},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(aws::split_command(row.command).value(), row.words) << row.command;
  }
  for (const char* command : {"'a", "\"a", "a\\", "\"a\\\""}) {
    EXPECT_EQ(aws::split_command(command).error().kind, base::ErrorKind::kInvalid) << command;
  }
}

TEST(WithoutSecrets, HidesWhatCouldBeAKeyAndKeepsWords) {
  for (const char* text :
       {"error: no vault at /usr/local/bin/some-credential-helper", "exit code 12",
        "profile my-production-account not found", "HTTP 500 from https://vault.example/v1/keys"}) {
    EXPECT_EQ(aws::without_secrets(text, 200), text);
  }
  EXPECT_EQ(aws::without_secrets("key AKID1234567890EXAMPLE.", 200), "key ***.");
  EXPECT_EQ(aws::without_secrets("\"SecretAccessKey\": \"wJalrXUtnFEMI/K7MDENG/bPxRfiCY\"", 200),
            "\"SecretAccessKey\": \"***\"");
  EXPECT_EQ(aws::without_secrets("a\n\n\tb\x1b[31m\n", 200), "a b [31m");
  EXPECT_EQ(aws::without_secrets(std::string(500, 'x'), 10), std::string(10, 'x'));
}

}  // namespace
