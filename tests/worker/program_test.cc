// The program as a function: arguments, environment and standard input -> output and exit code.
#include "worker/program.h"

#include "tests/worker/rig.h"
#include "worker/cli.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace worker {
namespace {

struct Ran {
  int code = 0;
  std::string out;
  std::string err;
};

Ran run(std::vector<std::string> arguments, const std::string& input = "",
        const Settings& environment = {}) {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  Ran ran;
  ran.code = run_program(std::move(arguments), environment, in, out, err, {});
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

TEST(Program, ShowsHelpWithExamplesForEveryCommand) {
  const std::vector<std::vector<std::string>> commands = {
      {"worker"}, {"enqueue", "recycle"}, {"plan"}, {"decode"}, {"window"}, {"credentials"}};
  for (auto command : commands) {
    const std::string name = command.front();
    command.push_back("--help");
    const auto ran = run(command);
    EXPECT_EQ(ran.code, kExitOk) << name;
    EXPECT_NE(ran.out.find("Examples:"), std::string::npos) << name;
    EXPECT_NE(ran.out.find("autorecycle " + name), std::string::npos) << name;
    EXPECT_EQ(ran.err, "") << name;
  }
  EXPECT_NE(run({"--help"}).out.find("Exit codes:"), std::string::npos);
  EXPECT_NE(run({"--version"}).out.find("autorecycle "), std::string::npos);
}

TEST(Program, OffersEveryOptionOfTheTableOnItsCommands) {
  const auto help = run({"worker", "--help"}).out;
  for (const OptionSpec& spec : option_specs()) {
    const bool shown = help.find("--" + spec.name + " ") != std::string::npos;
    EXPECT_EQ(shown, (spec.scope & kWorkerScope) != 0 && !spec.secret) << spec.name;
  }
}

TEST(Program, TakesNoSecretFromAFlagAndDoesNotRepeatIt) {
  int secrets = 0;
  for (const OptionSpec& spec : option_specs()) {
    if (!spec.secret) continue;
    ++secrets;
    for (const auto& arguments :
         {std::vector<std::string>{"worker", "--" + spec.name, "s3cr3t"},
          std::vector<std::string>{"worker", "--" + spec.name + "=s3cr3t"}}) {
      const auto result = run(arguments);
      EXPECT_EQ(result.code, kExitUsage) << spec.name;
      EXPECT_NE(result.err.find(environment_name(spec.name)), std::string::npos) << result.err;
      EXPECT_EQ(result.err.find("s3cr3t"), std::string::npos) << result.err;
    }
  }
  EXPECT_EQ(secrets, 5);
}

TEST(Program, NamesEverySecretInTheHelpOfTheWorker) {
  const std::string help = run({"worker", "--help"}).out;
  for (const OptionSpec& spec : option_specs()) {
    if (spec.secret)
      EXPECT_NE(help.find(environment_name(spec.name)), std::string::npos) << spec.name;
  }
}

TEST(Program, TakesAGroupAsAWordOrByItsFlagWhereverOneIsNamed) {
  for (const std::vector<std::string>& command : std::vector<std::vector<std::string>>{
           {"plan"}, {"enqueue", "recycle"}, {"pause"}, {"resume"}, {"cancel"}, {"history"}}) {
    for (const std::vector<std::string>& group :
         std::vector<std::vector<std::string>>{{"web"}, {"--asg", "web"}}) {
      std::vector<std::string> words = command;
      words.insert(words.end(), group.begin(), group.end());
      const CommandLine line = parse_command_line(words);
      EXPECT_TRUE(line.run) << command.back() << ": " << line.err;
      EXPECT_EQ(line.flags.at("asg"), "web") << command.back();
    }
  }
}

TEST(Program, AnswersWrongUsageWithTwo) {
  struct Row {
    std::vector<std::string> arguments;
    const char* says;
  };
  const Row rows[] = {
      {{}, "no command is given; after `autorecycle` comes one of: worker, enqueue, plan, decode"},
      {{"frobnicate"}, "\"frobnicate\" is not a command; after `autorecycle` comes one of: worker"},
      {{"enqueue"}, "no command is given; after `autorecycle enqueue` comes one of: recycle"},
      {{"enqueue", "frob"}, "\"frob\" is not a command; after `autorecycle enqueue` comes one of"},
      {{"--asg", "x", "plan"}, "--asg: options come after the command"},
      {{"plan", "web", "extra"}, "extra"},
      {{"plan", "web", "--asg", "x"}, "--asg"},
      {{"pause"}, "--asg: missing"},
      {{"cancel", "web", "--asg", "x"}, "--asg"},
      {{"enqueue", "recycle", "web", "--asg", "x"}, "--asg"},
      {{"pause", "web", "--restore"}, "--restore"},
      {{"history", "--days", "91"}, "a number from 1 to 90"},
      {{"enqueue", "recycle", "--asg", "x", "--rollback-to", "latest"}, "--rollback-to"},
      {{"worker", "--frob", "1"}, "--frob"},
      {{"worker", "--poll-wait"}, "--poll-wait"},
      {{"worker", "--poll-wait", "1y"}, "expected a duration"},
      {{"plan"}, "--asg: missing"},
      {{"plan", "--asg", "x", "--strategy", "sideways"}, "sideways"},
      {{"enqueue", "recycle"}, "--asg: missing"},
      {{"enqueue", "recycle", "--asg", "\xff"}, "--asg: expected UTF-8"},
      {{"enqueue", "recycle", "--asg", "x", "--reason", "\xff"}, "--reason: expected UTF-8"},
      {{"enqueue", "recycle", "--asg", "x", "--reason", std::string(1001, 'x')}, "found 1001"},
      {{"enqueue", "recycle", "--asg", "x", "--strategy", "sideways"}, "out-in-timed"},
      {{"window", "--window", "4 o'clock"}, "--window"},
      {{"window", "--at", "yesterday"}, "--at"},
      {{"window", "--zone", "Mars/Olympus"}, "Mars/Olympus"},
      {{"decode", "--config", "/nonexistent/x.toml"}, "/nonexistent/x.toml"},
  };
  for (const Row& row : rows) {
    const auto ran = run(row.arguments);
    EXPECT_EQ(ran.code, kExitUsage) << row.says;
    EXPECT_NE(ran.err.find(row.says), std::string::npos) << ran.err;
    EXPECT_TRUE(ran.err.starts_with("autorecycle: ")) << ran.err;
    EXPECT_EQ(ran.out, "") << row.says;
  }
}

TEST(Program, AnswersAWrongConfigurationWithTwoBeforeAnythingIsSent) {
  const std::vector<std::vector<std::string>> commands = {
      {"worker", "--listen", "off", "--log-level", "error"},
      {"plan", "--asg", "x"},
      {"enqueue", "recycle", "--asg", "x"}};
  for (auto command : commands) {
    const std::string name = command.front();
    command.insert(command.end(), {"--profile", "no-such-profile", "--region", "eu-west-2"});
    const auto ran = run(command);
    EXPECT_EQ(ran.code, kExitUsage) << name;
    EXPECT_NE(ran.err.find("profile 'no-such-profile'"), std::string::npos) << ran.err;
  }
}

TEST(Credentials, AreShownByNameAndNeverByValue) {
  CredentialsReport report;
  report.source = "profile 'payments' (assume-role arn:aws:iam::123456789012:role/x)";
  report.access_key_id = "****MPLE";
  report.account = "123456789012";
  report.arn = "arn:aws:sts::123456789012:assumed-role/x/me";
  report.region = "eu-west-2";
  report.endpoints = {{"sqs", "http://localhost:4580"}};
  std::ostringstream table;
  print_credentials(report, Output::kTable, table);
  for (const std::string& part : {report.source, report.access_key_id, report.account, report.arn,
                                  report.region, std::string("http://localhost:4580")}) {
    EXPECT_NE(table.str().find(part), std::string::npos) << table.str();
  }
  EXPECT_NE(table.str().find("expires        never\n"), std::string::npos) << table.str();
  std::ostringstream text;
  print_credentials(report, Output::kJson, text);
  auto json = nlohmann::json::parse(text.str());
  EXPECT_EQ(json["source"], report.source);
  EXPECT_EQ(json["expires"], nullptr);
  EXPECT_EQ(json["endpoints"]["sqs"], "http://localhost:4580");
  report.identity_error = base::Error{base::ErrorKind::kRetry, "ConnectError", "no", {}};
  report.expiration = base::parse_rfc3339("2026-01-02T04:04:05Z").value();
  text.str("");
  print_credentials(report, Output::kJson, text);
  json = nlohmann::json::parse(text.str());
  EXPECT_FALSE(json.contains("account") || json.contains("arn"));
  EXPECT_EQ(json["expires"], "2026-01-02T04:04:05Z");
}

TEST(Decode, PrintsJsonFromStandardInputOrAFile) {
  const std::string body = request_for("web-asg-1");
  const auto file = testing::TempDir() + "autorecycle-decode.json";
  std::ofstream(file) << body;
  for (const auto& ran :
       {run({"decode"}, body), run({"decode", "-"}, body), run({"decode", file})}) {
    EXPECT_EQ(ran.code, kExitOk) << ran.err;
    const auto json = nlohmann::json::parse(ran.out, nullptr, false);
    EXPECT_EQ(json["kind"], "recycle-request") << ran.out;
  }
  std::remove(file.c_str());
}

TEST(Decode, PrintsATableWhenAskedTo) {
  const auto ran = run({"decode", "--output", "table"}, request_for("web-asg-1"));
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_TRUE(ran.out.starts_with("kind                    recycle-request\n")) << ran.out;
}

TEST(Program, OutlivesTheReaderOfItsOutput) {
  std::signal(SIGPIPE, SIG_DFL);
  run({"--version"});
  EXPECT_EQ(std::signal(SIGPIPE, SIG_DFL), SIG_IGN);
}

TEST(Program, FailsWhenItsAnswerCannotBeWritten) {
  std::istringstream in;
  std::ostringstream err;
  std::ofstream full("/dev/full");
  EXPECT_EQ(run_program({"window"}, {}, in, full, err, {}), kExitFailed);
  EXPECT_NE(err.str().find("standard output"), std::string::npos) << err.str();
}

TEST(Decode, FailsOnGarbageAndSaysWhy) {
  const auto ran = run({"decode"}, "garbage");
  EXPECT_EQ(ran.code, kExitFailed);
  EXPECT_NE(ran.err.find("not JSON"), std::string::npos) << ran.err;
  EXPECT_EQ(run({"decode", "/nonexistent"}).code, kExitFailed);
  EXPECT_EQ(run({"decode"}, std::string(9U << 20U, 'x')).code, kExitFailed);
}

TEST(Window, AnswersAsTheOriginalDid) {
  struct Row {
    std::vector<std::string> arguments;
    const char* says;
  };
  const std::string window = "04:00:00, 05:30:00";
  const Row rows[] = {
      {{"--window", window, "--at", "2018-03-22T06:20:00Z"},
       R"({"wait":true,"time_wait":"2018-03-23T04:00:00Z"})"},
      {{"--window", "10:45:00, 09:45:00", "--at", "2018-01-22T11:00:00Z"}, R"({"wait":false})"},
      {{"--window", "09:00:00, 10:00:00", "--at", "2018-01-22T06:00:00Z"},
       R"({"wait":true,"time_wait":"2018-01-22T09:00:00Z"})"},
      {{"--at", "2018-01-22T06:00:00Z"}, R"({"wait":false})"},
      {{"--at", "2018-01-22T06:00:00Z", "--output", "table"}, "open"},
      // As the tags write it.
      {{"--window", "09:00:00-10:00:00", "--exclude", "09:00:00-09:10:00 + 09:10:01-09:20:00",
        "--zone", "UTC", "--at", "2018-01-22T09:05:00Z", "--output", "table"},
       "shut until 2018-01-22T09:20:01Z"},
      // London is an hour ahead in summer.
      {{"--window", window, "--at", "2018-06-22T03:30:00Z"}, R"({"wait":false})"},
      {{"--window", "22:00:00, 02:00:00", "--exclude", "23:00:00, 23:29:59", "--exclude",
        "00:00:00, 00:10:00", "--zone", "UTC", "--at", "2018-01-22T23:10:00Z"},
       R"({"wait":true,"time_wait":"2018-01-22T23:30:00Z"})"},
  };
  for (const Row& row : rows) {
    std::vector<std::string> arguments = {"window"};
    arguments.insert(arguments.end(), row.arguments.begin(), row.arguments.end());
    const auto ran = run(arguments);
    EXPECT_EQ(ran.code, kExitOk) << ran.err;
    EXPECT_EQ(ran.out, std::string(row.says) + "\n");
  }
}

TEST(Window, TakesItsOptionsFromEnvironmentAndFileToo) {
  const auto file = testing::TempDir() + "autorecycle-window.toml";
  std::ofstream(file) << "zone = \"UTC\"\nwindow = \"01:00:00, 02:00:00\"\n";
  const Settings environment = {{"AUTORECYCLE_CONFIG", file},
                                {"AUTORECYCLE_WINDOW", "04:00:00, 05:00:00"}};
  const auto ran = run({"window", "--at", "2018-01-22T04:30:00Z"}, "", environment);
  EXPECT_EQ(ran.out, "{\"wait\":false}\n") << ran.err;
  std::remove(file.c_str());
}

TEST(Enqueue, SendsARequestThatTheWorkerDecodes) {
  Rig rig;
  Config config;
  config.events.queue = rig.events.target.url.value;
  config.group = "web-asg-1";
  config.strategy = "in-out";
  config.force = true;
  config.reason = "CVE";
  const auto id = rig.loop.run(enqueue_recycle(config, rig.context));
  ASSERT_TRUE(id) << id.error().to_string();
  const auto messages = rig.take("events");
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].message_id, *id);
  const auto ran = run({"decode"}, messages[0].body);
  EXPECT_EQ(ran.code, kExitOk) << ran.err;
  EXPECT_NE(messages[0].body.find("web-asg-1"), std::string::npos);
  EXPECT_NE(messages[0].body.find("CVE"), std::string::npos);
}

TEST(Enqueue, RefusesAnUnknownStrategyBeforeAnythingIsSent) {
  Rig rig;
  Config config;
  config.events.queue = rig.events.target.url.value;
  config.group = "web-asg-1";
  config.strategy = "sideways";
  EXPECT_FALSE(rig.loop.run(enqueue_recycle(config, rig.context)));
  EXPECT_EQ(rig.depth("events"), 0U);
}

TEST(Plan, PrintsStepsAndFailsWhenTheyEndInAnAbort) {
  consumers::recycle::PlanReport report;
  report.group = "web-asg-1";
  report.strategy = "out-in";
  report.target = "lt-1:7";
  report.steps = {{"UpdateAutoScalingGroup", "UpdateAutoScalingGroup max=8", "room to grow"},
                  {"finished", "", "nothing old is left"}};
  std::ostringstream table;
  EXPECT_EQ(print_plan(report, Output::kTable, table), kExitOk);
  EXPECT_NE(table.str().find("1  UpdateAutoScalingGroup max=8  room to grow"), std::string::npos)
      << table.str();
  std::ostringstream json;
  EXPECT_EQ(print_plan(report, Output::kJson, json), kExitOk);
  EXPECT_EQ(nlohmann::json::parse(json.str())["steps"].size(), 2U);

  report.steps = {{"abort", "", "max-size leaves no room"}};
  std::ostringstream refused;
  EXPECT_EQ(print_plan(report, Output::kTable, refused), kExitFailed);

  report.steps.clear();
  report.not_recyclable = "tag autorecycle_strategy is missing";
  std::ostringstream nothing;
  EXPECT_EQ(print_plan(report, Output::kTable, nothing), kExitOk);
  EXPECT_NE(nothing.str().find("autorecycle_strategy"), std::string::npos);
}

}  // namespace
}  // namespace worker
