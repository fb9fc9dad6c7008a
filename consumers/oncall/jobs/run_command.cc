// oncall-run-command: shell commands on instances through Systems Manager, with what they print.
#include "consumers/oncall/jobs/built_in.h"
#include "consumers/oncall/jobs/command_run.h"
#include "consumers/oncall/jobs/params.h"

#include <fmt/format.h>

#include <utility>

namespace consumers::oncall {

namespace {

constexpr const char* kDoing = "running command";
constexpr base::Duration kMargin{15'000};
constexpr std::size_t kInstancesMax = 50;  // of one SendCommand

constexpr const char* kOutput =
    R"json({
  "type": "object",
  "properties": {
    "message": {"type": "string", "description": "What was done, for people"},
    "command_id": {"type": "string", "description": "Systems Manager's id of the command"},
    "succeeded": {"type": "boolean", "description": "On every instance with exit code 0"},
    "results": {"type": "array", "description": "instance_id, status, exit_code, output and )json"
    R"json(error_output (their first 8,000 bytes, less of many) of each"}
  }
})json";

Entry make_entry(const BuiltInConfig& config) {
  Entry entry;
  entry.name = "oncall-run-command";
  entry.purpose = "Runs shell commands on instances through Systems Manager and brings the output";
  entry.params_schema = R"json({
    "type": "object",
    "required": ["commands"],
    "additionalProperties": false,
    "properties": {
      "commands": {"type": "array", "minItems": 1, "maxItems": 100,
                   "items": {"type": "string", "minLength": 1, "maxLength": 10000},
                   "description": "Lines of a shell script"},
      "instance_ids": {"type": "array", "minItems": 1, "maxItems": 50,
                       "items": {"type": "string", "pattern": "^i-[0-9a-f]{8,17}$"},
                       "description": "The instances"},
      "group": {"type": "string", "minLength": 1, "maxLength": 255,
                "description": "Instead: all instances in service of this Auto Scaling )json"
                        R"json(group, at most 50"},
      "execution_timeout": {"type": "integer", "minimum": 5, "maximum": 36000, "default": 300,
                            "description": "Seconds that the script may take on an instance"}
    }
  })json";
  entry.output_schema = kOutput;
  entry.example = R"({"instance_ids":["i-0abc12345678"],"commands":["uptime","df -h"]})";
  entry.owner = config.owner;
  entry.timeout = std::chrono::minutes(10);
  entry.permissions = {"autoscaling:DescribeAutoScalingGroups", "ssm:CancelCommand",
                       "ssm:GetCommandInvocation", "ssm:SendCommand"};
  entry.changes = true;
  entry.safe_to_retry = false;
  return entry;
}

class RunCommandJob final : public Job {
 public:
  RunCommandJob(const Clients& clients, const BuiltInConfig& config)
      : ssm_(clients.ssm),
        auto_scaling_(clients.recycle.auto_scaling),
        clock_(clients.clock),
        entry_(make_entry(config)) {}

  const Entry& entry() const override { return entry_; }
  boost::asio::awaitable<Answer> run(Request request, JobLog& log) override;

 private:
  boost::asio::awaitable<base::Result<std::vector<base::InstanceId>>> members(std::string group);

  aws::Ssm& ssm_;
  aws::AutoScaling& auto_scaling_;
  base::Clock& clock_;
  Entry entry_;
};

boost::asio::awaitable<base::Result<std::vector<base::InstanceId>>> RunCommandJob::members(
    std::string group) {
  aws::DescribeAutoScalingGroupsOptions options;
  options.names = {base::GroupName(group)};
  const auto groups = co_await auto_scaling_.describe_auto_scaling_groups(std::move(options));
  if (!groups) co_return groups.error();
  if (groups->empty()) {
    co_return base::Error{base::ErrorKind::kNotFound,
                          "GroupNotFound",
                          fmt::format("there is no Auto Scaling group {}", group),
                          {}};
  }
  std::vector<base::InstanceId> members;
  for (const aws::GroupInstance& instance : groups->front().instances) {
    if (instance.lifecycle_state == "InService") members.push_back(instance.id);
  }
  co_return members;
}

boost::asio::awaitable<Answer> RunCommandJob::run(Request request, JobLog& log) {
  const base::SteadyPoint started = clock_.steady_now();
  const Params params(request.params);
  if (params.has("group") == params.has("instance_ids")) {
    co_return failed(400, kDoing, "instance_ids: expected either instance_ids or group");
  }
  std::vector<base::InstanceId> instances;
  for (std::string& id : params.texts("instance_ids")) instances.emplace_back(std::move(id));
  if (params.has("group")) {
    auto found = co_await members(params.text("group"));
    if (!found) co_return answer_failed(found.error(), kDoing);
    instances = std::move(*found);
    if (instances.empty() || instances.size() > kInstancesMax) {
      co_return failed(409, kDoing,
                       fmt::format("group {} has {} instances in service; expected 1 to {}",
                                   params.text("group"), instances.size(), kInstancesMax));
    }
  }
  const std::vector<std::string> commands = params.texts("commands");
  Json body = {{"message", ""}};
  if (request.dry_run) {
    body["message"] =
        fmt::format("would run {} lines on {} instances", commands.size(), instances.size());
    for (const base::InstanceId& one : instances) body["instances"].push_back(one.value);
    co_return done(body);
  }
  const std::size_t count = instances.size();
  CommandRun command(ssm_, clock_, std::move(instances));
  const auto sent = co_await command.send(commands, params.number("execution_timeout", 300),
                                          fmt::format("{} {}", entry_.name, request.request_id));
  if (!sent) co_return answer_failed(sent.error(), kDoing);
  log.line(fmt::format("command {} was sent to {} instances", command.id(), count));
  const auto over = co_await command.finish(started + request.timeout - kMargin);
  body["command_id"] = command.id();
  body["succeeded"] = command.succeeded();
  body["results"] = command.results();
  if (!over) co_return answer_failed(over.error(), kDoing);
  if (*over == base::Seen::kNotYet) {
    body["message"] = fmt::format("cancelled after {}", in_words(request.timeout - kMargin));
    co_return failed_with(408, body);
  }
  body["message"] = command.succeeded() ? fmt::format("ran on {} instances", count)
                                        : "failed: " + command.what_failed();
  co_return command.succeeded() ? done(body) : failed_with(500, body);
}

}  // namespace

std::unique_ptr<Job> make_run_command(const Clients& clients, const BuiltInConfig& config) {
  return std::make_unique<RunCommandJob>(clients, config);
}

}  // namespace consumers::oncall
