// The worked examples of docs/jobs/examples: in order, and they do what they say.
#include "consumers/oncall/schema.h"
#include "tests/consumers/oncall/script_rig.h"

#include <gmock/gmock.h>

namespace consumers::oncall {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class Examples : public testing::Test {
 protected:
  Examples() {
    std::filesystem::copy(std::filesystem::path(TEST_DATA_DIR) / "../../docs/jobs/examples",
                          rig.root(), std::filesystem::copy_options::recursive);
  }

  Answer run(const std::string& name, const std::string& params, bool dry_run = false) {
    const auto found = read_script_folder(rig.root() + "/" + name);
    for (const std::string& problem : found.problems) ADD_FAILURE() << name << "/" << problem;
    ScriptJob job(*found.script, rig.runner, rig.secrets, {});
    const auto schema = Schema::parse(job.entry().params_schema);
    const auto checked = schema->check(params);
    EXPECT_TRUE(checked) << (checked ? "" : checked.error().message);
    Request request;
    request.job = name;
    request.params = *checked;
    request.requested_by = "alice";
    request.dry_run = dry_run;
    request.timeout = 30s;
    rig.log = JobLog(rig.clock);
    const auto answer = rig.wait(job.run(std::move(request), rig.log));
    EXPECT_EQ(rig.log.text().find("is not as job.json says"), std::string::npos) << rig.log.text();
    return answer;
  }

  ScriptRig rig;
};

TEST_F(Examples, AreFiveAndInOrder) {
  const auto folders = script_folders(rig.root()).value();
  EXPECT_EQ(folders.size(), 5U);
  for (const std::string& folder : folders) {
    EXPECT_THAT(read_script_folder(folder).problems, testing::ElementsAre()) << folder;
  }
}

TEST_F(Examples, DiskUsageLooksAtFoldersThatAreThere) {
  EXPECT_THAT(run("debug-disk-usage", R"({"folders":["/","/tmp"]})").body,
              testing::MatchesRegex(R"re(.*"folder":"/tmp","size_kb":[0-9]+.*)re"));
  const auto missing = run("debug-disk-usage", R"({"folders":["/","/no/such"]})");
  EXPECT_EQ(missing.status_code, 404);
  EXPECT_EQ(missing.body, R"("no such folder: /no/such")");
}

TEST_F(Examples, ACertificateNeedsAServer) {
  const auto answer = run("debug-certificate", R"({"host":"127.0.0.1","port":1})");
  EXPECT_EQ(answer.status_code, 404);
  EXPECT_THAT(answer.body, HasSubstr("cannot connect to 127.0.0.1:1"));
}

TEST_F(Examples, AnEndpointThatDoesNotAnswerFailsWithTheReason) {
  const auto answer = run("test-json-endpoint", R"({"url":"http://127.0.0.1:1/"})");
  EXPECT_EQ(answer.status_code, 500);
  EXPECT_THAT(answer.body, HasSubstr("exit code 1: http://127.0.0.1:1/ cannot be asked"));
}

TEST_F(Examples, CleaningDeletesOnlyWhenItIsMeant) {
  std::string folder = "/tmp/oncall-clean-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  ::chmod(folder.c_str(), 0777);
  ScriptRig::write(folder + "/old.txt", "x");
  const std::string params = R"({"folder":")" + folder + R"(","days":0})";
  EXPECT_EQ(run("oncall-clean-folder", params, true).body, R"({"files":1,"dry_run":true})");
  EXPECT_TRUE(std::filesystem::exists(folder + "/old.txt"));
  EXPECT_EQ(run("oncall-clean-folder", params).body, R"({"files":1,"dry_run":false})");
  EXPECT_FALSE(std::filesystem::exists(folder + "/old.txt"));
  std::filesystem::remove_all(folder);
}

TEST_F(Examples, TheWebhooksAddressDoesNotShow) {
  rig.secrets.values = {{"/oncall/incident-webhook", "http://127.0.0.1:1/T0PS3CR3T"}};
  EXPECT_EQ(run("oncall-post-message", R"({"text":"hello"})", true).body, R"({"posted":false})");
  const auto answer = run("oncall-post-message", R"({"text":"hello"})");
  EXPECT_THAT(answer.body, HasSubstr("the webhook did not take it"));
  EXPECT_THAT(rig.log.text(), HasSubstr("posting to ***"));
  EXPECT_EQ(rig.log.text().find("T0PS3CR3T"), std::string::npos);
}

}  // namespace
}  // namespace consumers::oncall
