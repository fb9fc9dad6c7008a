// oncall-scale-service: another number of tasks for an ECS service, waited for.
#include "consumers/oncall/jobs/built_in.h"
#include "consumers/oncall/jobs/params.h"
#include "consumers/oncall/jobs/rollout.h"

#include <fmt/format.h>

#include <utility>

namespace consumers::oncall {

namespace {

constexpr const char* kDoing = "scaling service";
constexpr base::Duration kMargin{10'000};

constexpr const char* kOutput = R"json({
  "type": "object",
  "properties": {
    "message": {"type": "string", "description": "What was done, for people"},
    "service_name": {"type": "string", "description": "The service"},
    "cluster": {"type": "string", "description": "Its cluster"},
    "before": {"type": "integer", "description": "Tasks that were wanted until now"},
    "desired": {"type": "integer", "description": "Tasks that are wanted now"},
    "running": {"type": "integer", "description": "Tasks that run"}
  }
})json";

Entry make_entry(const BuiltInConfig& config) {
  Entry entry;
  entry.name = "oncall-scale-service";
  entry.purpose = "Sets the number of tasks of an ECS service and waits until they run";
  Json schema = Json::parse(std::string(R"json({
    "type": "object",
    "required": ["service_name", "desired_count"],
    "additionalProperties": false,
    "properties": {
      )json") + kServiceProperties +
                            R"json(,
      "desired_count": {"type": "integer", "minimum": 0, "maximum": 1000,
                        "description": "How many tasks are to run"},
      "expected_count": {"type": "integer", "minimum": 0, "maximum": 1000,
                         "description": "Only if so many are wanted now; else 409"},
      "wait": {"type": "boolean", "default": true,
               "description": "false: answer as soon as the number is set"}
    }
  })json");
  schema["properties"]["cluster"]["default"] = config.cluster;
  entry.params_schema = dump(schema);
  entry.output_schema = kOutput;
  entry.example = R"({"service_name":"web","desired_count":4})";
  entry.owner = config.owner;
  entry.timeout = std::chrono::minutes(15);
  entry.permissions = {"ecs:DescribeServices", "ecs:UpdateService"};
  entry.changes = true;
  entry.safe_to_retry = true;  // the same number twice
  entry.clash = "ecs/{cluster}/{service_name}";
  return entry;
}

class ScaleServiceJob final : public Job {
 public:
  ScaleServiceJob(const Clients& clients, const BuiltInConfig& config)
      : ecs_(clients.ecs), clock_(clients.clock), entry_(make_entry(config)) {}

  const Entry& entry() const override { return entry_; }
  boost::asio::awaitable<Answer> run(Request request, JobLog& log) override;

 private:
  // Whether so many tasks run. Errors: kInvalid "Superseded": somebody asked for another number.
  boost::asio::awaitable<base::Result<base::Seen>> look(const std::string& cluster, int desired,
                                                        aws::EcsService& service);

  aws::Ecs& ecs_;
  base::Clock& clock_;
  Entry entry_;
};

boost::asio::awaitable<base::Result<base::Seen>> ScaleServiceJob::look(const std::string& cluster,
                                                                       int desired,
                                                                       aws::EcsService& service) {
  auto seen = co_await ecs_.describe_services(cluster, service.name);
  if (!seen) co_return seen.error();
  service = std::move(*seen);
  if (service.desired != desired) {
    co_return base::Error{base::ErrorKind::kInvalid,
                          "Superseded",
                          fmt::format("{} tasks are wanted now", service.desired),
                          {}};
  }
  const bool there = service.running == desired && service.pending == 0;
  co_return there ? base::Seen::kThere : base::Seen::kNotYet;
}

boost::asio::awaitable<Answer> ScaleServiceJob::run(Request request, JobLog& log) {
  const base::SteadyPoint started = clock_.steady_now();
  const Params params(request.params);
  const std::string name = params.text("service_name");
  const std::string cluster = params.text("cluster");
  const int desired = static_cast<int>(params.number("desired_count"));
  auto service = co_await ecs_.describe_services(cluster, name);
  if (!service) co_return answer_failed(service.error(), kDoing);
  if (service->status != "ACTIVE") {
    co_return failed(409, kDoing, fmt::format("{} is {}", name, service->status));
  }
  const int before = service->desired;
  if (params.has("expected_count") && params.number("expected_count") != before) {
    co_return failed(409, kDoing,
                     fmt::format("{} tasks of {} are wanted now, not {}", before, name,
                                 params.number("expected_count")));
  }
  Json body = {{"message", ""}, {"service_name", name}, {"cluster", cluster}, {"before", before}};
  if (request.dry_run) {
    body["message"] = fmt::format("would set the tasks of {} from {} to {}", name, before, desired);
    body["desired"] = desired;
    body["running"] = service->running;
    co_return done(body);
  }
  if (before != desired) {
    aws::UpdateServiceOptions options;
    options.cluster = cluster;
    options.service = name;
    options.desired_count = desired;
    auto updated = co_await ecs_.update_service(std::move(options));
    if (!updated) co_return answer_failed(updated.error(), kDoing);
    *service = std::move(*updated);
    log.line(fmt::format("{}: {} tasks instead of {}", name, desired, before));
  }
  if (params.flag("wait", true)) {
    aws::EcsService& seen = *service;
    const auto there = co_await base::wait_until(
        clock_,
        {.interval = std::chrono::seconds(5), .deadline = started + request.timeout - kMargin},
        [&] { return look(cluster, desired, seen); });
    if (!there) {
      const base::Error error = there.error();
      if (error.code == "Superseded") co_return failed(409, kDoing, error.message);
      co_return answer_failed(error, kDoing);
    }
    if (*there == base::Seen::kNotYet) {
      const std::string event = seen.events.empty() ? "" : "; " + seen.events.front().message;
      co_return failed(408, kDoing,
                       fmt::format("{} of {} tasks of {} run after {}{}", seen.running, desired,
                                   name, in_words(request.timeout - kMargin), event));
    }
  }
  body["message"] = before == desired ? fmt::format("{} has {} tasks already", name, desired)
                                      : fmt::format("{} was scaled", name);
  body["desired"] = service->desired;
  body["running"] = service->running;
  co_return done(body);
}

}  // namespace

std::unique_ptr<Job> make_scale_service(const Clients& clients, const BuiltInConfig& config) {
  return std::make_unique<ScaleServiceJob>(clients, config);
}

}  // namespace consumers::oncall
