#include "tests/oncall/rig.h"

namespace test {
namespace {

using consumers::oncall::Suite;

constexpr const char* kPassed =
    "<testsuites><testsuite><testcase name=a time=1/></testsuite></testsuites>";

class Integration : public OncallRig {
 protected:
  Suite& add_task(const std::string& name, const std::string& script) {
    define_task(name, script);
    Suite suite;
    suite.name = name;
    suite.task_definition = name;
    suite.container = "app";
    config.suites.push_back(suite);
    return config.suites.back();
  }
  // Without the quotes that the little shell would take off.
  static std::string quoted(std::string xml) {
    for (std::size_t at = 0; (at = xml.find('=', at)) != std::string::npos;) {
      xml.insert(at + 1, "\"");
      xml.insert(xml.find_first_of(" />", at + 2), "\"");
      ++at;
    }
    return xml;
  }
  void put_report(const std::string& key, const std::string& xml) {
    aws::S3 s3(stage.operating.caller);
    EXPECT_TRUE(loop.run(s3.put_object({"reports", key}, xml, "text/xml")).has_value());
  }
  Json tasks() {
    const Json arns = ecs("ListTasks", {{"desiredStatus", "STOPPED"}})["taskArns"];
    return arns.empty() ? Json::array() : ecs("DescribeTasks", {{"tasks", arns}})["tasks"];
  }
};

TEST_F(Integration, ASuitePassesByItsExitCodeInTheSeedsWords) {
  add_task("checkout", "sleep 60; echo tests of $SERVICE_NAME; exit 0");
  const auto outcome =
      run("test-integration", {{"service_name", "shop"}, {"test_suite", "checkout"}});
  EXPECT_EQ(outcome.status, 200) << outcome.text();
  EXPECT_EQ(outcome.body["passed"], true);
  EXPECT_EQ(outcome.body["exit_code"], 0);
  EXPECT_EQ(outcome.body["service_name"], "shop");
  const Json said = call("logs", "FilterLogEvents", {{"logGroupName", "/ecs/checkout"}});
  EXPECT_EQ(said["events"][0]["message"], "tests of shop");
}

TEST_F(Integration, ASuiteFailsByItsExitCode) {
  add_task("checkout", "exit 3");
  const auto outcome = run("test-integration", {{"test_suite", "checkout"}});
  EXPECT_EQ(outcome.status, 500);
  EXPECT_EQ(outcome.body["message"], "suite checkout failed: exit code 3");
  EXPECT_EQ(outcome.body["exit_code"], 3);
}

TEST_F(Integration, AReportInTheLogSaysWhichTestsFailed) {
  add_task("checkout",
           "echo '<testsuite><testcase name=\"pay\"><failure message=\"no card\"/></testcase>';"
           "echo '<testcase name=\"add\"/></testsuite>'; exit 1")
      .junit = "output";
  const auto outcome = run("test-integration", {{"test_suite", "checkout"}});
  EXPECT_EQ(outcome.status, 500);
  EXPECT_EQ(outcome.body["message"], "suite checkout failed: 1 of 2 tests failed");
  EXPECT_EQ(outcome.body["tests"], 2);
  EXPECT_EQ(outcome.body["failed"][0]["test"], "pay");
  EXPECT_EQ(outcome.body["failed"][0]["message"], "no card");
  EXPECT_TRUE(outcome.body["log"].get<std::string>().starts_with("/ecs/checkout ecs/app/"));
}

TEST_F(Integration, AFailureInTheReportCountsAlthoughTheExitCodeIsZero) {
  add_task("checkout", "echo '<testsuite><testcase name=\"a\"><error/></testcase></testsuite>'")
      .junit = "output";
  const auto outcome = run("test-integration", {{"test_suite", "checkout"}});
  EXPECT_EQ(outcome.status, 500);
  EXPECT_EQ(outcome.body["exit_code"], 0);
  EXPECT_EQ(outcome.body["passed"], false);
}

TEST_F(Integration, AReportIsReadFromS3UnderTheRequestsName) {
  add_task("checkout", "echo $JUNIT_REPORT").junit = "s3://reports/checkout/{request_id}.xml";
  stage.worker.http.after = {};
  create_bucket("reports");
  put_report("checkout/r-1___etc.xml", quoted(kPassed));
  const auto outcome = run("test-integration", {{"test_suite", "checkout"}},
                           {.dry_run = false, .request_id = "r-1/../etc", .timeout = {}});
  EXPECT_EQ(outcome.status, 500) << "dots are characters of a path";
  put_report("checkout/r-2.xml", quoted(kPassed));
  const auto found = run("test-integration", {{"test_suite", "checkout"}},
                         {.dry_run = false, .request_id = "r-2", .timeout = {}});
  EXPECT_EQ(found.status, 200) << found.text();
  EXPECT_EQ(found.body["tests"], 1);
  EXPECT_EQ(found.body["log"], "s3://reports/checkout/r-2.xml");
  const auto none = run("test-integration", {{"test_suite", "checkout"}},
                        {.dry_run = false, .request_id = "r-3", .timeout = {}});
  EXPECT_EQ(none.status, 500) << none.text();
  EXPECT_EQ(none.body["message"], "suite checkout failed: there is no report where the suite says");
}

TEST_F(Integration, ASuiteThatCannotStartSaysWhy) {
  define_task("checkout", "", "missing/app:1");
  Suite suite;
  suite.name = suite.task_definition = "checkout";
  suite.container = "app";
  config.suites = {suite};
  const auto outcome = run("test-integration", {{"test_suite", "checkout"}});
  EXPECT_EQ(outcome.status, 500);
  EXPECT_TRUE(outcome.body["exit_code"].is_null());
  EXPECT_NE(outcome.body["message"].get<std::string>().find("CannotPullContainerError"),
            std::string::npos)
      << outcome.text();
}

TEST_F(Integration, ASuiteThatTakesTooLongIsStopped) {
  add_task("checkout", "sleep 36000");
  const auto outcome = run("test-integration", {{"test_suite", "checkout"}},
                           {.dry_run = false, .request_id = "r", .timeout = 5min});
  EXPECT_EQ(outcome.status, 408) << outcome.text();
  ASSERT_EQ(tasks().size(), 1U);
  EXPECT_EQ(tasks()[0]["stopCode"], "UserInitiated");
  EXPECT_EQ(tasks()[0]["stoppedReason"], "the test suite's time is up");
}

TEST_F(Integration, ARequestThatComesAgainFindsItsTask) {
  add_task("checkout", "sleep 120");
  const auto once = run("test-integration", {{"test_suite", "checkout"}});
  const auto again = run("test-integration", {{"test_suite", "checkout"}});
  EXPECT_EQ(once.body["run"], again.body["run"]);
  const auto other = run("test-integration", {{"test_suite", "checkout"}},
                         {.dry_run = false, .request_id = "r-2", .timeout = {}});
  EXPECT_NE(other.body["run"], once.body["run"]);
}

TEST_F(Integration, AClusterWithoutRoomIs500WithTheReason) {
  add_task("checkout", "exit 0");
  region.ecs().set_capacity("default", 0);
  const auto outcome = run("test-integration", {{"test_suite", "checkout"}});
  EXPECT_EQ(outcome.status, 500);
  EXPECT_NE(outcome.text().find("RESOURCE:MEMORY"), std::string::npos) << outcome.text();
}

TEST_F(Integration, ASuiteOnAnInstanceIsACommand) {
  Suite suite;
  suite.name = "db";
  suite.instance_id = run_instance();
  suite.commands = {"sleep 30", "echo '<testsuite><testcase name=\"a\"/></testsuite>'"};
  suite.junit = "output";
  config.suites = {suite};
  const auto outcome = run("test-integration", {{"test_suite", "db"}});
  EXPECT_EQ(outcome.status, 200) << outcome.text();
  EXPECT_EQ(outcome.body["tests"], 1);
  EXPECT_TRUE(region.ssm().sent().at(0).starts_with("export TEST_SUITE='db'"));
}

TEST_F(Integration, ASuiteOnAnInstanceThatTakesTooLongIsCancelled) {
  Suite suite;
  suite.name = "db";
  suite.instance_id = run_instance();
  suite.commands = {"sleep 36000"};
  config.suites = {suite};
  region.ssm().lose_agent(suite.instance_id);
  const auto outcome = run("test-integration", {{"test_suite", "db"}},
                           {.dry_run = false, .request_id = "r", .timeout = 1min});
  EXPECT_EQ(outcome.status, 408) << outcome.text();
  EXPECT_EQ(outcome.calls.at("ssm:CancelCommand"), 1);
}

TEST_F(Integration, KnowsItsSuitesAndNoOthers) {
  add_task("checkout", "exit 0");
  const auto outcome = run("test-integration", {{"test_suite", "payment"}});
  EXPECT_EQ(outcome.status, 404);
  EXPECT_EQ(outcome.text(), "Error running test suite: there is no suite payment; known: checkout");
  EXPECT_EQ(run("test-integration", {{"test_suite", "a/b"}}).status, 400);
  EXPECT_EQ(run("test-integration", Json::object()).status, 400);
  const auto dry = dry_run("test-integration", {{"test_suite", "checkout"}});
  EXPECT_EQ(dry.body["message"], "would run task checkout in cluster default");
}

}  // namespace
}  // namespace test
