#include "consumers/oncall/jobs/suite_run.h"

#include "aws/sha256.h"
#include "base/wait_until.h"
#include "consumers/oncall/jobs/command_run.h"
#include "consumers/oncall/jobs/junit.h"
#include "consumers/oncall/jobs/rollout.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace consumers::oncall {

namespace {

using boost::asio::awaitable;

constexpr base::Duration kLook{5'000};
constexpr base::Duration kUnknownAtFirst{30'000};  // a task that was just started
constexpr base::Duration kLogsLate{30'000};        // what a task printed, in CloudWatch Logs
constexpr std::size_t kOutputMax = 4U << 20U;
constexpr int kLogPagesMax = 100;
constexpr const char* kIdMark = "{request_id}";

bool is_s3(const std::string& junit) { return junit.starts_with("s3://"); }

// Into a key, so that it cannot reach another folder.
std::string plain(const std::string& id) {
  std::string out;
  for (const char c : id.substr(0, 128)) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out += word || c == '-' || c == '_' ? c : '_';
  }
  return out;
}

}  // namespace

std::string SuiteRun::report_uri() const {
  std::string uri = suite_.junit;
  if (const std::size_t at = uri.find(kIdMark); at != std::string::npos) {
    uri.replace(at, std::string_view(kIdMark).size(), plain(request_.request_id));
  }
  return uri;
}

aws::RunTaskOptions SuiteRun::task_options() const {
  aws::RunTaskOptions options;
  options.cluster = suite_.cluster;
  options.task_definition = suite_.task_definition;
  options.launch_type = suite_.launch_type;
  options.started_by = "autorecycle";
  // 64 characters that are the same for the same request.
  options.client_token = aws::to_hex(aws::sha256(suite_.name + "\n" + request_.request_id));
  options.container = suite_.container;
  options.command = suite_.command;
  options.environment = suite_.environment;
  options.environment["TEST_SUITE"] = suite_.name;
  options.environment["SERVICE_NAME"] = service_;
  options.environment["REQUEST_ID"] = request_.request_id;
  if (is_s3(suite_.junit)) options.environment["JUNIT_REPORT"] = report_uri();
  options.subnets = suite_.subnets;
  options.security_groups = suite_.security_groups;
  options.assign_public_ip = suite_.assign_public_ip;
  return options;
}

awaitable<base::Result<SuiteOutcome>> SuiteRun::run(base::SteadyPoint deadline) {
  auto outcome = suite_.instance_id.empty() ? run_task(deadline) : run_commands(deadline);
  auto ended = co_await std::move(outcome);
  if (!ended || ended->timed_out || !is_s3(suite_.junit)) co_return ended;
  const auto read = co_await read_report(*ended);
  if (!read) co_return read.error();
  co_return ended;
}

awaitable<base::Result<base::Seen>> SuiteRun::has_stopped(aws::EcsTask& task,
                                                          base::SteadyPoint begun) {
  auto tasks = co_await needs_.ecs.describe_tasks(suite_.cluster, {task.arn});
  if (!tasks) co_return tasks.error();
  if (tasks->empty()) {
    if (needs_.clock.steady_now() - begun < kUnknownAtFirst) {
      co_return base::Seen::kNotYet;
    }
    co_return base::Error{
        base::ErrorKind::kNotFound, "TaskNotFound", "ECS knows the task no more: " + task.arn, {}};
  }
  task = std::move(tasks->front());
  co_return task.status == "STOPPED" ? base::Seen::kThere : base::Seen::kNotYet;
}

awaitable<base::Result<SuiteOutcome>> SuiteRun::run_task(base::SteadyPoint deadline) {
  const base::SteadyPoint begun = needs_.clock.steady_now();
  auto task = co_await needs_.ecs.run_task(task_options());
  if (!task) co_return task.error();
  needs_.log.line(fmt::format("suite {} runs as task {}", suite_.name, task->arn));
  aws::EcsTask& seen = *task;
  const auto stopped =
      co_await base::wait_until(needs_.clock, {.interval = kLook, .deadline = deadline},
                                [&] { return has_stopped(seen, begun); });
  if (!stopped) co_return stopped.error();
  SuiteOutcome outcome;
  outcome.where = seen.arn;
  if (*stopped == base::Seen::kNotYet) {
    outcome.timed_out = true;
    const auto ended =
        co_await needs_.ecs.stop_task(suite_.cluster, seen.arn, "the test suite's time is up");
    if (!ended) co_return ended.error();
    co_return outcome;
  }
  const auto container =
      std::ranges::find(seen.containers, suite_.container, &aws::EcsContainer::name);
  if (container != seen.containers.end()) outcome.exit_code = container->exit_code;
  if (!outcome.exit_code) outcome.problem = stop_reasons({seen}, 1);
  if (suite_.junit == "output") {
    const auto read = co_await read_task_log(seen, outcome);
    if (!read) co_return read.error();
  }
  co_return outcome;
}

awaitable<base::Result<SuiteOutcome>> SuiteRun::run_commands(base::SteadyPoint deadline) {
  const base::InstanceId instance(suite_.instance_id);
  std::vector<std::string> commands = {
      fmt::format("export TEST_SUITE='{}' SERVICE_NAME='{}'", suite_.name, service_)};
  if (is_s3(suite_.junit)) {
    commands.front() += fmt::format(" JUNIT_REPORT='{}'", report_uri());
  }
  commands.insert(commands.end(), suite_.commands.begin(), suite_.commands.end());
  const auto patience = deadline - needs_.clock.steady_now();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(patience).count();
  CommandRun command(needs_.ssm, needs_.clock, {instance});
  const auto sent = co_await command.send(std::move(commands), std::max<std::int64_t>(seconds, 5),
                                          "test suite " + suite_.name);
  if (!sent) co_return sent.error();
  needs_.log.line(
      fmt::format("suite {} runs as command {} on {}", suite_.name, command.id(), instance.value));
  const auto over = co_await command.finish(deadline);
  if (!over) co_return over.error();
  SuiteOutcome outcome;
  outcome.where = command.id();
  outcome.timed_out = *over == base::Seen::kNotYet;
  const aws::CommandInvocation& ended = command.invocations().at(instance);
  if (ended.response_code >= 0) outcome.exit_code = ended.response_code;
  if (!outcome.exit_code) outcome.problem = command.what_failed();
  if (suite_.junit == "output") outcome.report = junit_in(ended.output);
  co_return outcome;
}

awaitable<base::Result<void>> SuiteRun::read_report(SuiteOutcome& outcome) {
  const std::string uri = report_uri();
  const std::string rest = uri.substr(std::string_view("s3://").size());
  const std::size_t slash = rest.find('/');
  outcome.log = uri;
  auto object = co_await needs_.s3.get_object({rest.substr(0, slash), rest.substr(slash + 1)});
  if (object) {
    outcome.report = std::move(*object);
  } else if (object.error().kind != base::ErrorKind::kNotFound) {
    co_return object.error().while_doing("reading " + uri);
  }
  co_return base::Result<void>();
}

// Where the definition says that its container prints to.
awaitable<base::Result<void>> SuiteRun::read_task_log(const aws::EcsTask& task,
                                                      SuiteOutcome& outcome) {
  const auto definition = co_await needs_.ecs.describe_task_definition(task.task_definition);
  if (!definition) co_return definition.error();
  const auto container =
      std::ranges::find(*definition, suite_.container, &aws::EcsContainerDefinition::name);
  if (container == definition->end() || container->log_group.empty()) {
    needs_.log.line("the container has no awslogs: its report cannot be read");
    co_return base::Result<void>();
  }
  const std::string group = container->log_group;
  const std::string stream = fmt::format("{}/{}/{}", container->log_prefix, suite_.container,
                                         task.arn.substr(task.arn.rfind('/') + 1));
  outcome.log = group + " " + stream;
  std::string& report = outcome.report;
  const auto read = co_await base::wait_until(
      needs_.clock, {.interval = kLook, .deadline = needs_.clock.steady_now() + kLogsLate},
      [&] { return read_stream(group, stream, report); });
  if (!read) co_return read.error();
  co_return base::Result<void>();
}

// Whether there is a report in it.
awaitable<base::Result<base::Seen>> SuiteRun::read_stream(std::string group, std::string stream,
                                                          std::string& report) {
  aws::GetLogEventsOptions options;
  options.group = std::move(group);
  options.stream = std::move(stream);
  std::string output;
  for (int page = 0; page < kLogPagesMax && output.size() < kOutputMax; ++page) {
    const auto events = co_await needs_.logs.get_log_events(options);
    // The stream comes with its first line.
    if (!events && events.error().kind == base::ErrorKind::kNotFound) {
      co_return base::Seen::kNotYet;
    }
    if (!events) co_return events.error();
    for (const aws::LogEvent& event : events->events) output += event.message + "\n";
    if (events->next_token.empty()) break;
    options.next_token = events->next_token;
  }
  report = junit_in(output);
  co_return report.empty() ? base::Seen::kNotYet : base::Seen::kThere;
}

}  // namespace consumers::oncall
