#include "consumers/oncall/script_folder.h"

#include "tests/consumers/oncall/script_rig.h"

#include <gmock/gmock.h>

namespace consumers::oncall {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(ScriptFolder, IsReadAsItSays) {
  ScriptRig rig;
  const Script script = rig.script(
      "echo 1",
      R"(,"timeout":"2m","environment":["A"],"secrets":{"T":"ssm:/t","D":"secretsmanager:d#m"},
         "changes":true,"safe_to_retry":true,"permissions":["s3:GetObject"],
         "limits":{"memory_mb":100,"output_kb":10})");
  EXPECT_EQ(script.entry.timeout, std::chrono::minutes(2));
  EXPECT_TRUE(script.entry.changes);
  EXPECT_TRUE(script.entry.safe_to_retry);
  EXPECT_EQ(script.limits.memory_mb, 100);
  EXPECT_EQ(script.limits.processes, ScriptLimits().processes);
  EXPECT_EQ(script.command, (std::vector<std::string>{script.folder + "/run.sh"}));
  const auto secret = parse_secret_name(script.secrets.at("D"));
  EXPECT_EQ(secret->store, SecretName::Store::kSecretsManager);
  EXPECT_EQ(secret->name, "d");
  EXPECT_EQ(secret->member, "m");
}

TEST(ScriptFolder, TellsEveryProblemAtOnceWithFileAndField) {
  ScriptRig rig;
  const std::string folder = rig.folder("echo 1");
  ScriptRig::write(folder + "/job.json",
                   R"({"name":"test-it","purpose":"A test","params":{"type":"object"},"example":{},
                       "command":["./run.sh"],"timeout":"2 days","chagnes":true,
                       "limits":{"memory_mb":1},"environment":["A-B"],"secrets":{"T":"token"}})");
  EXPECT_THAT(read_script_folder(folder).problems,
              ElementsAre("job.json: owner: missing, expected a string of 1 to 200 characters",
                          "job.json: timeout: found \"2 days\", expected a duration such as 90s, "
                          "5m or 2h",
                          HasSubstr("job.json: chagnes: unknown, expected one of $schema, name"),
                          "job.json: limits.memory_mb: found 1, expected a whole number from 16 to "
                          "65536",
                          HasSubstr("job.json: environment[0]: found \"A-B\""),
                          HasSubstr("job.json: secrets.T: found \"token\", expected ssm:NAME")));
}

TEST(ScriptFolder, RefusesWhatIsWrongWithItsEntry) {
  ScriptRig rig;
  const auto problems = [&](const std::string& json) {
    const std::string folder = rig.folder("echo 1");
    ScriptRig::write(folder + "/job.json", json);
    return read_script_folder(folder).problems;
  };
  EXPECT_THAT(
      problems(R"({"name":"other","owner":"t","purpose":"p","params":{"type":"object",
    "properties":{"a":{"type":"integer"}}},"example":{"a":"x"},"command":["./run.sh"],
    "environment":["AWS_SECRET_ACCESS_KEY"],"dry_run":true})"),
      ElementsAre(HasSubstr("job.json: name: \"other\" is not the name of a job"),
                  HasSubstr("params.properties.a.description: missing"),
                  HasSubstr("example.a: found \"x\", expected a whole number"),
                  HasSubstr("name: found \"other\", expected the folder's name, \"test-it\""),
                  HasSubstr("environment: AWS_SECRET_ACCESS_KEY is not handed on"),
                  HasSubstr("dry_run: found true")));
  EXPECT_THAT(problems("{\n  \"name\": \"x\",\n}"),
              ElementsAre(HasSubstr("job.json: line 3, column 1: not JSON")));
  EXPECT_THAT(problems("[]"), ElementsAre(HasSubstr("found [], expected an object")));
}

TEST(ScriptFolder, RefusesACommandThatCannotRun) {
  ScriptRig rig;
  const auto problems = [&](const std::string& command,
                            const std::string& first = "#!/bin/bash\n") {
    const std::string folder = rig.folder("echo 1");
    ScriptRig::write(folder + "/run.sh", first);
    ::chmod((folder + "/run.sh").c_str(), 0755);
    ScriptRig::write(folder + "/plain.txt", "x");
    ScriptRig::write(folder + "/job.json",
                     R"({"name":"test-it","owner":"t","purpose":"p","params":{"type":"object"},
                         "example":{},"command":)" +
                         command + "}");
    return read_script_folder(folder).problems;
  };
  EXPECT_THAT(problems(R"(["./run.sh"])"), ElementsAre());
  EXPECT_THAT(problems(R"(["bash","run.sh"])"), ElementsAre());
  EXPECT_THAT(problems(R"(["./absent"])"), ElementsAre(HasSubstr("\"./absent\" is no file")));
  EXPECT_THAT(problems(R"(["../../bin/sh"])"), ElementsAre(HasSubstr("leads out of the folder")));
  EXPECT_THAT(problems(R"(["./plain.txt"])"), ElementsAre(HasSubstr("chmod +x")));
  EXPECT_THAT(problems(R"(["run.sh"])"), ElementsAre(HasSubstr("is called ./run.sh")));
  EXPECT_THAT(problems(R"(["bash","main.sh"])"),
              ElementsAre(HasSubstr("command[1]: \"main.sh\" is not in the folder")));
  EXPECT_THAT(problems(R"(["./run.sh"])", "echo 1\n"), ElementsAre(HasSubstr("no #! line")));
  EXPECT_THAT(problems(R"(["./run.sh"])", "#!/bin/bash\r\n"), ElementsAre(HasSubstr("CR LF")));
  EXPECT_THAT(problems(R"(["./run.sh"])", "#!/no/such\n"),
              ElementsAre(HasSubstr("its interpreter /no/such is not here")));
}

TEST(ScriptFolder, RefusesFilesThatOthersMayChangeOrThatLeadOut) {
  ScriptRig rig;
  const std::string folder = rig.folder("echo 1");
  ScriptRig::write(folder + "/open.txt", "x");
  ::chmod((folder + "/open.txt").c_str(), 0666);
  ScriptRig::write(folder + "/closed.txt", "x");
  ::chmod((folder + "/closed.txt").c_str(), 0600);
  std::filesystem::create_symlink("/etc/passwd", folder + "/link");
  const auto problems = read_script_folder(folder).problems;
  EXPECT_EQ(problems.size(), 3U);
  EXPECT_THAT(problems, Contains(HasSubstr("open.txt: mode 0666")));
  EXPECT_THAT(problems, Contains(HasSubstr("closed.txt: mode 0600")));
  EXPECT_THAT(problems, Contains("link: a link that leads out of the folder"));
}

TEST(ScriptFolder, AFolderThatIsNotThereSaysSo) {
  EXPECT_THAT(read_script_folder("/no/such").problems, ElementsAre("/no/such: no such folder"));
  EXPECT_FALSE(script_folders("/no/such"));
  ScriptRig rig;
  rig.folder("echo 1", "", "test-b");
  rig.folder("echo 1", "", "test-a");
  EXPECT_THAT(*script_folders(rig.root()),
              ElementsAre(rig.root() + "/test-a", rig.root() + "/test-b"));
}

}  // namespace
}  // namespace consumers::oncall
