// Scripts that mean harm, or are only broken: each gives a clear answer, leaves nothing behind, and
// the next one runs as ever.
#include "tests/consumers/oncall/script_rig.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>

namespace consumers::oncall {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

long resident_kb() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

struct Hostile {
  const char* name;
  const char* script;
  const char* more;
  base::Duration timeout;
  int status_code;
  const char* words;
};

class HostileScript : public testing::TestWithParam<Hostile> {};

TEST_P(HostileScript, GetsAClearAnswerAndHurtsNobody) {
  const Hostile& hostile = GetParam();
  ScriptRig rig;
  const long before = resident_kb();
  const auto began = std::chrono::steady_clock::now();
  const auto answer = rig.run(hostile.script, hostile.more, hostile.timeout);
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_EQ(answer.status_code, hostile.status_code) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr(hostile.words));
  EXPECT_LT(took, 30s);
  // A gigabyte must not arrive here; the sanitizer keeps what was freed for a while.
  EXPECT_LT(resident_kb() - before, 64'000) << "KiB that the worker grew by";
  EXPECT_EQ(rig.leavings(), 0U);
  EXPECT_NE(std::system("pgrep -f 'sleep 98765[0-9]' > /dev/null"), 0) << "something runs on";
  EXPECT_EQ(rig.run("echo '\"next\"'").body, "\"next\"");
}

const char* const kShort = R"(,"limits":{"grace_seconds":1})";

INSTANTIATE_TEST_SUITE_P(
    Kinds, HostileScript,
    testing::Values(
        Hostile{"NeverEnds", "sleep 987650", kShort, 500ms, 408, "not done in time"},
        Hostile{"IgnoresTerm", "trap '' TERM; while :; do sleep 987651 & wait; done", kShort, 500ms,
                408, "not done in time"},
        Hostile{"LeavesItsGroup", "setsid sleep 987652 & sleep 0.2; echo 1", "", 20s, 200, "1"},
        Hostile{"LeavesADaemonThatHoldsTheOutput",
                "(setsid bash -c 'trap \"\" TERM HUP; exec sleep 987653' &) ; sleep 0.2; echo 1",
                "", 20s, 200, "1"},
        Hostile{"PrintsAGigabyte", "head -c 1073741824 /dev/zero", "", 20s, 500,
                "printed more than 128 KiB"},
        Hostile{"PrintsWithoutEnd", "yes", "", 20s, 500, "printed more than 128 KiB"},
        Hostile{"LogsWithoutEnd", "yes log >&2", kShort, 1s, 408, "not done in time"},
        Hostile{"PrintsNotJson", "echo hello there", "", 20s, 500,
                "printed what is not JSON: \\\"hello there"},
        Hostile{"PrintsNothing", "true", "", 20s, 500, "printed nothing"},
        Hostile{"PrintsBytes", "head -c 1000 /dev/urandom", "", 20s, 500, "not JSON"},
        Hostile{"Exits137", "exit 137", "", 20s, 500, "exit code 137 (as after SIGKILL)"},
        Hostile{"KillsItself", "kill -9 $$", "", 20s, 500, "ended by signal 9 (Killed)"},
        Hostile{"KillsItsGroup", "kill -9 0", "", 20s, 500, "ended by signal 9 (Killed)"},
        Hostile{"BurnsTime", "while :; do :; done", R"(,"limits":{"cpu_seconds":1})", 20s, 500,
                "limits.cpu_seconds is 1"},
        Hostile{"TakesMemory", "exec python3 -c \"x = 'a' * (1 << 30); print(len(x))\"",
                R"(,"limits":{"memory_mb":64})", 20s, 500, "MemoryError"},
        Hostile{"WritesABigFile", "exec head -c 100000000 /dev/zero > $TMPDIR/big",
                R"(,"limits":{"file_mb":1})", 20s, 500, "a file of more than 1 MB"},
        Hostile{"NestsFoldersDeeply",
                "cd $TMPDIR; for i in $(seq 1000); do mkdir d && cd d || exit 1; done; echo 1", "",
                20s, 200, "1"}),
    [](const auto& info) { return info.param.name; });

// The limit is of its own user, so it holds exactly: itself and nineteen more.
TEST(HostileScriptOfItsOwnUser, CannotHaveMoreProcessesThanItsLimit) {
  ScriptRig rig;
  if (!rig.runner.isolated()) GTEST_SKIP() << "needs root: only root can give scripts users";
  const auto answer = rig.run(R"(exec python3 -c "
import os, time
count = 0
try:
  while count < 200:
    if os.fork() == 0:
      time.sleep(987654)
    count += 1
except BlockingIOError:
  pass
print(count)
")",
                              R"(,"limits":{"processes":20})");
  EXPECT_EQ(answer.body, "19");
  EXPECT_NE(std::system("pgrep -f 'sleep.98765[0-9]' > /dev/null"), 0);
}

TEST(HostileScriptOfItsOwnUser, AForkBombEndsWithItsTime) {
  ScriptRig rig;
  if (!rig.runner.isolated()) GTEST_SKIP() << "needs root: only root can give scripts users";
  const auto began = std::chrono::steady_clock::now();
  const auto answer = rig.run("bomb() { bomb | bomb & }; bomb 2>/dev/null; sleep 987655",
                              R"(,"limits":{"processes":50,"grace_seconds":0})", 2s);
  EXPECT_EQ(answer.status_code, 408) << answer.body;
  EXPECT_LT(std::chrono::steady_clock::now() - began, 20s);
  EXPECT_EQ(rig.run("echo '\"next\"'").body, "\"next\"");
}

TEST(HostileScriptOfItsOwnUser, CanNeitherSignalNorReadTheWorker) {
  ScriptRig rig;
  if (!rig.runner.isolated()) GTEST_SKIP() << "needs root: only root can give scripts users";
  const auto answer = rig.run(fmt::format(
      "kill -0 {0} 2>/dev/null && echo '\"signals\"' && exit; cat /proc/{0}/environ >/dev/null "
      "2>&1 && echo '\"reads\"' && exit; kill -9 $PPID 2>/dev/null && echo '\"guard\"' && exit; "
      "touch run.sh 2>/dev/null && echo '\"changes itself\"' && exit; echo '\"cannot\"'",
      ::getpid()));
  EXPECT_EQ(answer.body, "\"cannot\"");
}

}  // namespace
}  // namespace consumers::oncall
