#include "tests/consumers/oncall/script_rig.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>

namespace consumers::oncall {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(Script, GetsTheRequestAndGivesItsAnswerAndItsLog) {
  ScriptRig rig;
  const auto answer = rig.run("echo working >&2; cat", "", 20s, R"({"service_name":"web"})");
  EXPECT_EQ(answer.status_code, 200);
  EXPECT_EQ(answer.body, R"({"job":"test-it","params":{"service_name":"web"},"request_id":"r-1",)"
                         R"("requested_by":"alice","dry_run":false,"secrets":{}})");
  EXPECT_THAT(rig.log.text(), HasSubstr("Z working\n"));
  EXPECT_EQ(rig.leavings(), 0U);
}

TEST(Script, MayAnswerAsTheFunctionsDoThatItReplaces) {
  ScriptRig rig;
  const auto found = rig.run(R"(echo '{"statusCode":200,"body":"{\"a\":1}"}')");
  EXPECT_EQ(to_json(found), R"json({"statusCode":200,"body":"{\"a\":1}"})json");
  const auto missing = rig.run(R"(echo '{"statusCode":404,"body":"no such service"}'; exit 1)");
  EXPECT_EQ(missing.status_code, 404);
  EXPECT_EQ(missing.body, R"("no such service")");
}

TEST(Script, FailsWithItsLastWords) {
  ScriptRig rig;
  const auto answer = rig.run("echo first >&2; echo 'no such host' >&2; exit 3");
  EXPECT_EQ(answer.status_code, 500);
  EXPECT_EQ(answer.body, R"("Error running test-it: exit code 3: no such host")");
}

TEST(Script, SeesNothingOfTheWorkersEnvironmentButWhatIsListed) {
  ScriptRig rig;
  rig.variables = {{"LISTED", "yes"}, {"OTHER", "no"}};
  const auto answer = rig.run(R"(env | cut -d= -f1 | sort | jq -R . | jq -sc . || true)",
                              R"(,"environment":["LISTED","ABSENT"])");
  EXPECT_EQ(answer.status_code, 200) << answer.body;
  EXPECT_EQ(answer.body, R"(["HOME","LANG","LISTED","PATH","PWD","SHLVL","TMPDIR","_"])");
}

TEST(Script, HasAFolderOfItsOwnThatGoesWithIt) {
  ScriptRig rig;
  const auto answer = rig.run(
      "mkdir -p $TMPDIR/a/b; echo x > $TMPDIR/a/b/c; ln -s / $TMPDIR/root; pwd >&2;"
      "printf '\"%s\"' $TMPDIR");
  EXPECT_THAT(answer.body, HasSubstr("/scratch/autorecycle-job-"));
  EXPECT_THAT(rig.log.text(), HasSubstr("/test-it\n")) << "it runs where its files are";
  EXPECT_EQ(rig.leavings(), 0U);
}

TEST(Script, HoldsNoneOfOurFiles) {
  ScriptRig rig;
  const int ours = ::open("/etc/passwd", O_RDONLY);  // not CLOEXEC
  EXPECT_EQ(rig.run("exec python3 -c \"import os; print(len(os.listdir('/proc/self/fd')))\"").body,
            "4")
      << "listdir holds one itself";
  ::close(ours);
}

TEST(Script, MayWriteToDevStderrAndReadDevStdin) {
  ScriptRig rig;
  EXPECT_EQ(rig.run("echo there > /dev/stderr; jq .params /dev/stdin").body, "{}");
  EXPECT_THAT(rig.log.text(), HasSubstr("there"));
}

TEST(Script, IsGivenSecretsWhichAreNeverShown) {
  ScriptRig rig;
  rig.secrets.values = {{"/t/token", "s3cr3t-value"}, {"db", R"(line "one"
line two long)"}};
  const auto answer = rig.run(
      "in=$(cat); t=$(jq -r .secrets.TOKEN <<<$in); echo token is $t >&2;"
      "jq -r .secrets.DB <<<$in >&2; jq -c '{got: .secrets}' <<<$in",
      R"(,"secrets":{"TOKEN":"ssm:/t/token","DB":"secretsmanager:db"})");
  EXPECT_EQ(answer.status_code, 200);
  // The runner redacts answers; the log is redacted as it is written.
  EXPECT_EQ(rig.log.redacted(answer.body), R"({"got":{"DB":"***","TOKEN":"***"}})");
  EXPECT_THAT(rig.log.text(), HasSubstr("token is ***"));
  EXPECT_EQ(rig.log.text().find("line two"), std::string::npos) << rig.log.text();
}

TEST(Script, IsNotRunWithoutItsSecrets) {
  ScriptRig rig;
  const auto answer = rig.run("touch ran", R"(,"secrets":{"TOKEN":"ssm:/absent"})");
  EXPECT_EQ(answer.status_code, 500);
  EXPECT_THAT(answer.body, HasSubstr("reading the secret TOKEN (ssm:/absent)"));
}

TEST(Script, IsNotRunForADryRunUnlessItDoesThemItself) {
  ScriptRig rig;
  rig.dry_run = true;
  const auto plan = rig.run("echo '{}'; touch $HOME/../ran", R"(,"changes":true)");
  EXPECT_THAT(plan.body, HasSubstr("would_run"));
  EXPECT_EQ(rig.run("jq .dry_run", R"(,"changes":true,"dry_run":true)").body, "true");
  EXPECT_EQ(rig.run("jq .dry_run").body, "true") << "it changes nothing";
}

TEST(Script, RunsSoManyAtOnceAndTheOthersAfterThem) {
  ScriptRig rig;
  ScriptRunner two(rig.clock, {.at_once = 2, .temporary_root = rig.scratch()});
  const Script script = rig.script("sleep 0.4; echo 1");
  ScriptJob job(script, two, rig.secrets, {});
  int ended = 0;
  const auto began = std::chrono::steady_clock::now();
  std::vector<std::unique_ptr<JobLog>> logs;
  for (int i = 0; i < 4; ++i) {
    logs.push_back(std::make_unique<JobLog>(rig.clock));
    Request request;
    request.params = "{}";
    request.timeout = 600ms;  // its turn does not count
    boost::asio::co_spawn(rig.io, job.run(request, *logs.back()),
                          [&](std::exception_ptr error, const Answer& answer) {
                            EXPECT_FALSE(error);
                            EXPECT_EQ(answer.status_code, 200) << answer.body;
                            ++ended;
                          });
  }
  rig.io.run();
  EXPECT_EQ(ended, 4);
  EXPECT_GE(std::chrono::steady_clock::now() - began, 800ms);
}

TEST(Script, IsGoneWhenItsCoroutineIsCancelled) {
  ScriptRig rig;
  const Script script = rig.script("trap '' TERM; setsid sleep 987654 & sleep 987653; echo 1");
  ScriptJob job(script, rig.runner, rig.secrets, {});
  Request request;
  request.params = "{}";
  request.timeout = 60s;
  boost::asio::cancellation_signal stop;
  bool threw = false;
  boost::asio::co_spawn(
      rig.io, job.run(request, rig.log),
      boost::asio::bind_cancellation_slot(
          stop.slot(), [&](std::exception_ptr error, const Answer&) { threw = error != nullptr; }));
  boost::asio::co_spawn(
      rig.io,
      [](base::Clock& clock,
         boost::asio::cancellation_signal& signal) -> boost::asio::awaitable<void> {
        co_await clock.sleep_for(500ms);
        signal.emit(boost::asio::cancellation_type::terminal);
      }(rig.clock, stop),
      [](std::exception_ptr) {});
  rig.io.run();
  EXPECT_TRUE(threw);
  EXPECT_NE(std::system("pgrep -f 'sleep 98765[34]' > /dev/null"), 0);
  EXPECT_EQ(rig.leavings(), 0U);
}

TEST(Script, SaysWhyItCannotBeRun) {
  ScriptRig rig;
  Script script = rig.script("echo 1");
  script.command.front() = script.folder + "/absent";
  ScriptJob job(script, rig.runner, rig.secrets, {});
  Request request;
  request.params = "{}";
  request.timeout = 5s;
  const auto answer = rig.wait(job.run(request, rig.log));
  EXPECT_EQ(answer.body, R"("Error running test-it: it cannot be run: No such file or directory")");
}

TEST(Script, AnAnswerThatIsNotAsPromisedIsNotedInItsLog) {
  ScriptRig rig;
  EXPECT_EQ(rig.run("echo '{\"n\":\"x\"}'", R"(,"output":{"properties":{"n":{"type":"integer"}}})")
                .status_code,
            200);
  EXPECT_THAT(rig.log.text(), HasSubstr("output.n: found \"x\", expected a whole number"));
}

}  // namespace
}  // namespace consumers::oncall
