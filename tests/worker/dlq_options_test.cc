// The options of `dlq` as people and jobs give them; what is shown while it runs; exit codes.
#include "worker/dlq_options.h"

#include "worker/cli.h"
#include "worker/command_dlq.h"
#include "worker/oncall_replay.h"
#include "worker/progress.h"

#include <gtest/gtest.h>

#include <sstream>

namespace worker {
namespace {

using namespace std::chrono_literals;

TEST(DlqOptions, ComeFromTheCommandLineInTheirOrder) {
  const auto line = parse_command_line({"dlq", "replay", "letters", "--id", "a", "--id", "b",
                                        "--where", "x.y = 7", "--rate", "2.5", "--dry-run"});
  ASSERT_TRUE(line.run) << line.err;
  EXPECT_EQ(line.command, "dlq replay");
  EXPECT_EQ(line.dlq_queue, "letters");
  const auto arguments = read_dlq_arguments(line.dlq_options, kDlqReplay).value();
  EXPECT_EQ(arguments.filter.ids, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(arguments.filter.where, (std::vector<std::string>{"x.y = 7"}));
  EXPECT_EQ(arguments.rate, 2.5);
  EXPECT_TRUE(arguments.dry_run);
  EXPECT_FALSE(arguments.resume);
}

TEST(DlqOptions, EveryCommandNeedsWhatItNeeds) {
  for (const char* command : {"peek", "show", "replay", "export", "purge"}) {
    EXPECT_EQ(parse_command_line({"dlq", command}).exit_code, kExitUsage) << command;
  }
  EXPECT_TRUE(parse_command_line({"dlq", "ls"}).run);
  EXPECT_EQ(parse_command_line({"dlq"}).exit_code, kExitUsage);
  EXPECT_EQ(parse_command_line({"dlq", "purge", "q", "--rate", "1"}).exit_code, kExitUsage);
}

TEST(DlqOptions, WrongValuesNameTheOptionTheValueAndWhatIsAccepted) {
  const std::vector<std::pair<std::string, std::string>> cases = {{"rate", "0"},
                                                                  {"rate", "fast"},
                                                                  {"rate", "nan"},
                                                                  {"max", "-1"},
                                                                  {"canary", "x"},
                                                                  {"older-than", "ago"},
                                                                  {"visibility", "1s"},
                                                                  {"visibility", "3h"},
                                                                  {"receives-min", "0"},
                                                                  {"edit", ""},
                                                                  {"to", ""}};
  for (const auto& [name, value] : cases) {
    const auto read = read_dlq_arguments({{name, value}}, kDlqReplay);
    ASSERT_FALSE(read) << name << " " << value;
    EXPECT_NE(read.error().message.find("--" + name), std::string::npos);
    EXPECT_NE(read.error().message.find("expected"), std::string::npos);
  }
  EXPECT_FALSE(read_dlq_arguments({{"rate", "1"}, {"rate", "2"}}, kDlqReplay));
  EXPECT_FALSE(read_dlq_arguments({{"yes", "1"}}, kDlqReplay)) << "of another command";
}

TEST(DlqOptions, AJobTakesTheSameNamesButNothingThatRunsPrograms) {
  const auto arguments =
      replay_arguments(R"({"queue":"q","kind":["a","b"],"rate":5,"own-replay":true})", true)
          .value();
  EXPECT_EQ(arguments.queue, "q");
  EXPECT_EQ(arguments.filter.error_kinds, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(arguments.rate, 5);
  EXPECT_TRUE(arguments.dry_run);
  EXPECT_EQ(arguments.checkpoint, "off");
  for (const char* wrong :
       {R"({"queue":"q","edit-command":"sh"})", R"({"queue":"q","resume":true})",
        R"({"queue":"q","checkpoint":"/x"})", R"({"queue":"q","none":1})",
        R"({"queue":"q","rate":{}})", "{}", "[]", "x"}) {
    EXPECT_FALSE(replay_arguments(wrong, false)) << wrong;
  }
}

TEST(DlqOptions, ExitCodesTellApartDoneLeftFailedAndStopped) {
  dlq::Summary summary;
  summary.ended = dlq::Ended::kDone;
  EXPECT_EQ(exit_code_of(summary, 0), kExitOk);
  summary.no_target = 1;
  EXPECT_EQ(exit_code_of(summary, 0), kExitLeft);
  summary.no_target = 0;
  summary.ended = dlq::Ended::kCanary;
  EXPECT_EQ(exit_code_of(summary, 0), kExitLeft);
  summary.ended = dlq::Ended::kStopped;
  EXPECT_EQ(exit_code_of(summary, 2), 130);
  summary.ended = dlq::Ended::kFailed;
  EXPECT_EQ(exit_code_of(summary, 2), kExitFailed);
}

TEST(DlqProgress, SaysHowFarItIs) {
  dlq::Summary summary;
  summary.depth = 1'000;
  summary.looked_at = 500;
  summary.sent = 400;
  summary.kept = 100;
  EXPECT_EQ(progress_line(summary, 5s, true),
            "[############............]  50%  400 replayed of about 1000, 100 kept  80/s  5s left");
  summary.elsewhere = 7;
  EXPECT_NE(progress_line(summary, 5s, false).find("waiting for 7 hidden"), std::string::npos);
  EXPECT_EQ(progress_line(dlq::Summary(), 0s, false), "0 replayed of about 0  0/s");
}

}  // namespace
}  // namespace worker
