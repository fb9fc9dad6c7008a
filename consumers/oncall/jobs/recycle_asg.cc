// oncall-recycle-asg: asks for a recycle of an Auto Scaling group, as `autorecycle enqueue` does.
// Its dry run is the plan.
#include "consumers/oncall/jobs/built_in.h"
#include "consumers/oncall/jobs/params.h"
#include "consumers/oncall/jobs/recycle_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace consumers::oncall {

namespace {

constexpr const char* kDoing = "recycling group";
constexpr std::size_t kStepsShown = 200;

constexpr const char* kOutput = R"json({
  "type": "object",
  "properties": {
    "message": {"type": "string", "description": "What was done, for people"},
    "group": {"type": "string", "description": "The group"},
    "strategy": {"type": "string", "description": "The strategy that will be used"},
    "target": {"type": "string", "description": "The launch template version that it goes to"},
    "message_id": {"type": "string", "description": "Id of the request on the events queue"},
    "plan": {"type": "array", "description": "Dry run: the steps"}
  }
})json";

Entry make_entry(const BuiltInConfig& config) {
  Entry entry;
  entry.name = "oncall-recycle-asg";
  entry.purpose = "Asks for a recycle of an Auto Scaling group; a dry run prints the plan";
  entry.params_schema = R"json({
    "type": "object",
    "required": ["group"],
    "additionalProperties": false,
    "properties": {
      "group": {"type": "string", "minLength": 1, "maxLength": 255,
                "description": "Name of the Auto Scaling group"},
      "strategy": {"type": "string", "enum": ["out-in", "out-in-timed", "in-out"],
                   "description": "Instead of the one that the group's tags name"},
      "force": {"type": "boolean", "default": false,
                "description": "Replace every instance, and without the group's tags asking )json"
                        R"json(for it"},
      "rollback_to": {"type": "string", "pattern": "^[0-9]{1,10}$",
                      "description": "To this version of the launch template"},
      "reason": {"type": "string", "maxLength": 200, "description": "Why, for people"}
    }
  })json";
  entry.output_schema = kOutput;
  entry.example = R"({"group":"web-asg-1","reason":"stuck connections"})";
  entry.owner = config.owner;
  entry.timeout = std::chrono::minutes(2);
  entry.permissions = {"autoscaling:DescribeAutoScalingGroups",
                       "autoscaling:DescribeInstanceRefreshes",
                       "ec2:DescribeInstances",
                       "ec2:DescribeLaunchTemplates",
                       "elasticloadbalancing:DescribeInstanceHealth",
                       "elasticloadbalancing:DescribeTargetHealth",
                       "sqs:GetQueueUrl",
                       "sqs:SendMessage"};
  entry.changes = true;
  entry.safe_to_retry = true;  // a request that comes twice finds nothing left to do
  entry.clash = "asg/{group}";
  return entry;
}

class RecycleAsgJob final : public Job {
 public:
  RecycleAsgJob(const Clients& clients, const BuiltInConfig& config)
      : clients_(clients), queue_(config.events_queue), entry_(make_entry(config)) {}

  const Entry& entry() const override { return entry_; }
  boost::asio::awaitable<Answer> run(Request request, JobLog& log) override;

 private:
  Clients clients_;
  std::string queue_;
  Entry entry_;
};

boost::asio::awaitable<Answer> RecycleAsgJob::run(Request request, JobLog& log) {
  const Params params(request.params);
  const std::string group = params.text("group");
  recycle::PolicyOverrides overrides;
  overrides.strategy = params.text("strategy");
  overrides.force = params.flag("force");
  overrides.rollback_to = params.text("rollback_to");
  const auto plan = co_await recycle::plan_group(clients_.recycle, clients_.recycle_config,
                                                 base::GroupName(group), overrides);
  if (!plan) co_return answer_failed(plan.error(), kDoing);
  if (!plan->not_recyclable.empty()) {
    co_return failed(409, kDoing, fmt::format("{}: {}", group, plan->not_recyclable));
  }
  Json body = {
      {"message", ""}, {"group", group}, {"strategy", plan->strategy}, {"target", plan->target}};
  if (request.dry_run) {
    body["message"] = fmt::format("would recycle {} in {} steps", group, plan->steps.size());
    body["plan"] = Json::array();
    for (std::size_t i = 0; i < std::min(plan->steps.size(), kStepsShown); ++i) {
      body["plan"].push_back({{"step", plan->steps[i].what}, {"why", plan->steps[i].why}});
    }
    co_return done(body);
  }
  messages::RecycleRequest recycle;
  recycle.group = base::GroupName(group);
  recycle.strategy = overrides.strategy;
  recycle.force = overrides.force;
  recycle.rollback_to = overrides.rollback_to;
  recycle.requested_at = clients_.clock.now();
  recycle.reason = params.text("reason", "on-call job " + request.request_id);
  auto sent = co_await send_recycle_request(clients_.sqs, clients_.clock, queue_,
                                            std::move(recycle), request);
  if (!sent) co_return answer_failed(sent.error(), kDoing);
  log.line(fmt::format("a recycle of {} was asked for: message {}", group, *sent));
  body["message"] = fmt::format("a recycle of {} was asked for", group);
  body["message_id"] = std::move(*sent);
  co_return done(body);
}

}  // namespace

std::unique_ptr<Job> make_recycle_asg(const Clients& clients, const BuiltInConfig& config) {
  return std::make_unique<RecycleAsgJob>(clients, config);
}

}  // namespace consumers::oncall
