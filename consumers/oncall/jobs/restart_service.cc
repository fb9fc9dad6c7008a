// oncall-restart-service: a new deployment of an ECS service as it is, waited for until it is
// steady.
#include "consumers/oncall/jobs/built_in.h"
#include "consumers/oncall/jobs/params.h"
#include "consumers/oncall/jobs/rollout.h"

#include <fmt/format.h>

#include <utility>

namespace consumers::oncall {

namespace {

constexpr const char* kDoing = "restarting service";
constexpr base::Duration kMargin{10'000};  // the answer is given before the runner's patience ends

constexpr const char* kOutput = R"json({
  "type": "object",
  "properties": {
    "message": {"type": "string", "description": "What was done, for people"},
    "service_name": {"type": "string", "description": "The service"},
    "cluster": {"type": "string", "description": "Its cluster"},
    "deployment": {"type": "string", "description": "Id of the new deployment"},
    "desired": {"type": "integer", "description": "Tasks that are wanted"},
    "running": {"type": "integer", "description": "Tasks that run"},
    "seconds": {"type": "integer", "description": "How long it took until it was steady"}
  }
})json";

Entry make_entry(const BuiltInConfig& config) {
  Entry entry;
  entry.name = "oncall-restart-service";
  entry.purpose =
      "Restarts an ECS service with a new deployment and waits until it is steady or says why not";
  Json schema = Json::parse(std::string(R"json({
    "type": "object",
    "required": ["service_name"],
    "additionalProperties": false,
    "properties": {
      )json") + kServiceProperties +
                            R"json(,
      "wait": {"type": "boolean", "default": true,
               "description": "false: answer as soon as the deployment has begun"}
    }
  })json");
  schema["properties"]["cluster"]["default"] = config.cluster;
  entry.params_schema = dump(schema);
  entry.output_schema = kOutput;
  entry.example = R"({"service_name":"web"})";
  entry.owner = config.owner;
  entry.timeout = std::chrono::minutes(15);
  entry.permissions = {"ecs:DescribeServices", "ecs:DescribeTasks", "ecs:ListTasks",
                       "ecs:UpdateService"};
  entry.changes = true;
  entry.safe_to_retry = false;  // every forced deployment replaces all tasks
  entry.clash = "ecs/{cluster}/{service_name}";
  return entry;
}

class RestartServiceJob final : public Job {
 public:
  RestartServiceJob(const Clients& clients, const BuiltInConfig& config)
      : ecs_(clients.ecs), clock_(clients.clock), entry_(make_entry(config)) {}

  const Entry& entry() const override { return entry_; }
  boost::asio::awaitable<Answer> run(Request request, JobLog& log) override;

 private:
  boost::asio::awaitable<base::Result<aws::EcsService>> force(std::string cluster,
                                                              aws::EcsService before);

  aws::Ecs& ecs_;
  base::Clock& clock_;
  Entry entry_;
};

std::string primary_id(const aws::EcsService& service) {
  for (const aws::EcsDeployment& one : service.deployments) {
    if (one.status == "PRIMARY") return one.id;
  }
  return {};
}

// When the answer is lost, a deployment that was not there before is ours.
boost::asio::awaitable<base::Result<aws::EcsService>> RestartServiceJob::force(
    std::string cluster, aws::EcsService before) {
  aws::UpdateServiceOptions options;
  options.cluster = cluster;
  options.service = before.name;
  options.force_new_deployment = true;
  auto updated = co_await ecs_.update_service(std::move(options));
  if (updated || !updated.error().is_transient()) co_return updated;
  auto after = co_await ecs_.describe_services(cluster, before.name);
  if (after && primary_id(*after) != primary_id(before)) co_return after;
  co_return updated;
}

boost::asio::awaitable<Answer> RestartServiceJob::run(Request request, JobLog& log) {
  const base::SteadyPoint started = clock_.steady_now();
  const Params params(request.params);
  const std::string name = params.text("service_name");
  const std::string cluster = params.text("cluster");
  const auto before = co_await ecs_.describe_services(cluster, name);
  if (!before) co_return answer_failed(before.error(), kDoing);
  if (before->status != "ACTIVE") {
    co_return failed(409, kDoing, fmt::format("{} is {}", name, before->status));
  }
  Json body = {{"message", ""}, {"service_name", name}, {"cluster", cluster}};
  if (request.dry_run) {
    body["message"] = fmt::format("would replace the {} tasks of {} with a new deployment of {}",
                                  before->running, name, before->task_definition);
    body["desired"] = before->desired;
    body["running"] = before->running;
    co_return done(body);
  }
  const auto updated = co_await force(cluster, *before);
  if (!updated) co_return answer_failed(updated.error(), kDoing);
  Rollout rollout(ecs_, log, cluster, *updated);
  log.line(fmt::format("deployment {} of {} has begun", rollout.deployment(), name));
  body["deployment"] = rollout.deployment();
  if (params.flag("wait", true)) {
    const auto steady = co_await base::wait_until(
        clock_,
        {.interval = std::chrono::seconds(5), .deadline = started + request.timeout - kMargin},
        [&rollout] { return rollout.look(); });
    if (!steady) {
      const base::Error error = steady.error();
      const int status = error.code == "Superseded" ? 409 : 500;
      co_return failed(status, kDoing, fmt::format("{}: {}", name, error.message));
    }
    if (*steady == base::Seen::kNotYet) {
      co_return failed(408, kDoing,
                       fmt::format("{} is not steady after {}: {}; the deployment goes on", name,
                                   in_words(request.timeout - kMargin), rollout.where_it_stands()));
    }
    body["message"] = fmt::format("{} was restarted", name);
  } else {
    body["message"] = fmt::format("{} is being restarted", name);
  }
  body["desired"] = rollout.service().desired;
  body["running"] = rollout.service().running;
  body["seconds"] =
      std::chrono::duration_cast<std::chrono::seconds>(clock_.steady_now() - started).count();
  co_return done(body);
}

}  // namespace

std::unique_ptr<Job> make_restart_service(const Clients& clients, const BuiltInConfig& config) {
  return std::make_unique<RestartServiceJob>(clients, config);
}

}  // namespace consumers::oncall
