// test-integration: runs a named test suite and says whether it passed.
#include "consumers/oncall/jobs/built_in.h"
#include "consumers/oncall/jobs/junit.h"
#include "consumers/oncall/jobs/params.h"
#include "consumers/oncall/jobs/suite_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace consumers::oncall {

namespace {

constexpr const char* kDoing = "running test suite";
constexpr base::Duration kMargin{60'000};  // for stopping it, and for its report

constexpr const char* kOutput = R"json({
  "type": "object",
  "properties": {
    "message": {"type": "string", "description": "The result, for people"},
    "test_suite": {"type": "string", "description": "The suite"},
    "service_name": {"type": "string", "description": "What it was told to test"},
    "passed": {"type": "boolean", "description": "Exit code 0, and no failure in the report"},
    "exit_code": {"type": ["integer", "null"], "description": "Its exit code; null: it never ran"},
    "tests": {"type": "integer", "description": "Test cases in its report"},
    "failures": {"type": "integer", "description": "Of those: failed"},
    "errors": {"type": "integer", "description": "Of those: broken"},
    "skipped": {"type": "integer", "description": "Of those: not run"},
    "seconds": {"type": "number", "description": "What the test cases took"},
    "failed": {"type": "array", "description": "test and message of the first 50 that failed"},
    "run": {"type": "string", "description": "ARN of the task, or id of the command"},
    "log": {"type": "string", "description": "Where it printed to, or its report is"}
  }
})json";

std::string known_suites(const std::vector<Suite>& suites) {
  std::string names;
  for (const Suite& suite : suites) names += (names.empty() ? "" : ", ") + suite.name;
  return names.empty() ? "none" : names;
}

Entry make_entry(const BuiltInConfig& config) {
  Entry entry;
  entry.name = "test-integration";
  entry.purpose =
      "Runs a test suite that the configuration names, as an ECS task or on an instance";
  entry.params_schema = R"json({
    "type": "object",
    "required": ["test_suite"],
    "additionalProperties": false,
    "properties": {
      "test_suite": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,64}$",
                     "description": "Name of the suite"},
      "service_name": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{0,255}$", "default": "",
                       "description": "What to test: the suite finds it in SERVICE_NAME"}
    }
  })json";
  entry.output_schema = kOutput;
  entry.example = R"({"service_name":"checkout","test_suite":"checkout"})";
  entry.owner = config.owner;
  entry.timeout = std::chrono::minutes(30);
  entry.permissions = {"ecs:DescribeTaskDefinition",
                       "ecs:DescribeTasks",
                       "ecs:RunTask",
                       "ecs:StopTask",
                       "iam:PassRole",
                       "logs:GetLogEvents",
                       "s3:GetObject",
                       "ssm:CancelCommand",
                       "ssm:GetCommandInvocation",
                       "ssm:SendCommand"};
  entry.changes = true;  // it starts something
  entry.safe_to_retry = false;
  entry.clash = "suite/{test_suite}";
  return entry;
}

class TestIntegrationJob final : public Job {
 public:
  TestIntegrationJob(const Clients& clients, const BuiltInConfig& config)
      : clients_(clients), config_(config), entry_(make_entry(config)) {}

  const Entry& entry() const override { return entry_; }
  boost::asio::awaitable<Answer> run(Request request, JobLog& log) override;

 private:
  Clients clients_;
  BuiltInConfig config_;
  Entry entry_;
};

void put_report(Json& body, const JUnitReport& report) {
  body["tests"] = report.tests;
  body["failures"] = report.failures;
  body["errors"] = report.errors;
  body["skipped"] = report.skipped;
  body["seconds"] = report.seconds;
  body["failed"] = Json::array();
  for (const auto& one : report.failed) {
    body["failed"].push_back({{"test", one.test}, {"message", one.message}});
  }
}

// Empty: it passed.
std::string judge(const Suite& suite, const SuiteOutcome& outcome, Json& body) {
  if (!outcome.exit_code) return "it did not run: " + outcome.problem;
  std::string problem;
  if (*outcome.exit_code != 0) problem = fmt::format("exit code {}", *outcome.exit_code);
  if (suite.junit.empty()) return problem;
  if (outcome.report.empty()) {
    // Its exit code says more than that it wrote nothing.
    return problem.empty() ? "there is no report where the suite says" : problem;
  }
  const auto report = parse_junit(outcome.report);
  if (!report) return problem.empty() ? report.error().message : problem;
  put_report(body, *report);
  if (report->passed()) return problem;
  return fmt::format("{} of {} tests failed", report->failures + report->errors, report->tests);
}

boost::asio::awaitable<Answer> TestIntegrationJob::run(Request request, JobLog& log) {
  const base::SteadyPoint started = clients_.clock.steady_now();
  const Params params(request.params);
  const std::string name = params.text("test_suite");
  const std::string service = params.text("service_name");
  const auto known = std::ranges::find(config_.suites, name, &Suite::name);
  if (known == config_.suites.end()) {
    co_return failed(
        404, kDoing,
        fmt::format("there is no suite {}; known: {}", name, known_suites(config_.suites)));
  }
  Suite suite = *known;
  if (suite.cluster.empty()) suite.cluster = config_.cluster;
  Json body = {{"message", ""}, {"test_suite", name}, {"service_name", service}};
  if (request.dry_run) {
    body["message"] =
        suite.instance_id.empty()
            ? fmt::format("would run task {} in cluster {}", suite.task_definition, suite.cluster)
            : fmt::format("would run {} commands on {}", suite.commands.size(), suite.instance_id);
    co_return done(body);
  }
  const base::Duration margin = std::min<base::Duration>(kMargin, request.timeout / 4);
  const base::SteadyPoint deadline = started + request.timeout - margin;
  SuiteRun run({clients_.ecs, clients_.logs, clients_.ssm, clients_.s3, clients_.clock, log}, suite,
               request, service);
  const auto outcome = co_await run.run(deadline);
  if (!outcome) co_return answer_failed(outcome.error(), kDoing);
  body["passed"] = false;
  body["exit_code"] = outcome->exit_code ? Json(*outcome->exit_code) : Json(nullptr);
  body["run"] = outcome->where;
  body["log"] = outcome->log;
  if (outcome->timed_out) {
    body["message"] = fmt::format("stopped after {}", in_words(request.timeout - margin));
    co_return failed_with(408, body);
  }
  const std::string problem = judge(suite, *outcome, body);
  body["passed"] = problem.empty();
  body["message"] = problem.empty() ? fmt::format("suite {} passed", name)
                                    : fmt::format("suite {} failed: {}", name, problem);
  log.line(body["message"].get<std::string>());
  co_return problem.empty() ? done(body) : failed_with(500, body);
}

}  // namespace

std::unique_ptr<Job> make_test_integration(const Clients& clients, const BuiltInConfig& config) {
  return std::make_unique<TestIntegrationJob>(clients, config);
}

}  // namespace consumers::oncall
