// oncall-complete-lifecycle: lets an instance that waits at a lifecycle hook go on, or gives it up,
// or gives it more time.
#include "consumers/oncall/jobs/built_in.h"
#include "consumers/oncall/jobs/params.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace consumers::oncall {

namespace {

constexpr const char* kDoing = "completing lifecycle action";

constexpr const char* kOutput = R"json({
  "type": "object",
  "properties": {
    "message": {"type": "string", "description": "What was done, for people"},
    "group": {"type": "string", "description": "The Auto Scaling group"},
    "instance_id": {"type": "string", "description": "The instance"},
    "hook": {"type": "string", "description": "The hook that it waited at"},
    "state": {"type": "string", "description": "Its lifecycle state before"}
  }
})json";

Entry make_entry(const BuiltInConfig& config) {
  Entry entry;
  entry.name = "oncall-complete-lifecycle";
  entry.purpose =
      "Completes the lifecycle action of an instance that waits at a hook, or extends it";
  entry.params_schema = R"json({
    "type": "object",
    "required": ["group", "instance_id"],
    "additionalProperties": false,
    "properties": {
      "group": {"type": "string", "minLength": 1, "maxLength": 255,
                "description": "Name of the Auto Scaling group"},
      "instance_id": {"type": "string", "pattern": "^i-[0-9a-f]{8,17}$",
                      "description": "The instance that waits"},
      "hook": {"type": "string", "minLength": 1, "maxLength": 255,
               "description": "Its hook; needed only where several hooks fit"},
      "action": {"type": "string", "enum": ["continue", "abandon", "extend"], "default": "continue",
                 "description": "extend: the hook's time begins anew"}
    }
  })json";
  entry.output_schema = kOutput;
  entry.example = R"({"group":"web-asg-1","instance_id":"i-0abc12345678"})";
  entry.owner = config.owner;
  entry.timeout = std::chrono::minutes(1);
  entry.permissions = {
      "autoscaling:CompleteLifecycleAction", "autoscaling:DescribeAutoScalingGroups",
      "autoscaling:DescribeLifecycleHooks", "autoscaling:RecordLifecycleActionHeartbeat"};
  entry.changes = true;
  entry.safe_to_retry = true;  // what waits no more is 409
  entry.clash = "asg/{group}";
  return entry;
}

class CompleteLifecycleJob final : public Job {
 public:
  CompleteLifecycleJob(const Clients& clients, const BuiltInConfig& config)
      : auto_scaling_(clients.recycle.auto_scaling),
        hooks_(clients.hooks),
        entry_(make_entry(config)) {}

  const Entry& entry() const override { return entry_; }
  boost::asio::awaitable<Answer> run(Request request, JobLog& log) override;

 private:
  aws::AutoScaling& auto_scaling_;
  aws::LifecycleHooks& hooks_;
  Entry entry_;
};

// "Pending:Wait" waits at the hooks of launching, "Terminating:Wait" at the others; warm pools have
// states of their own, "Warmed:Pending:Wait".
std::string transition_of(const std::string& state) {
  if (!state.ends_with(":Wait")) return {};
  return state.find("Terminating") != std::string::npos ? "autoscaling:EC2_INSTANCE_TERMINATING"
                                                        : "autoscaling:EC2_INSTANCE_LAUNCHING";
}

// The hook that is meant. kInvalid: none of that name, or several that fit.
base::Result<std::string> choose_hook(const std::vector<aws::LifecycleHook>& hooks,
                                      const std::string& asked, const std::string& transition) {
  std::vector<std::string> fitting;
  for (const aws::LifecycleHook& hook : hooks) {
    if (hook.transition != transition) continue;
    if (hook.name == asked) return asked;
    fitting.push_back(hook.name);
  }
  if (asked.empty() && fitting.size() == 1) return fitting.front();
  std::string names;
  for (const std::string& name : fitting) names += (names.empty() ? "" : ", ") + name;
  return base::invalid(fmt::format("hook: {}; hooks that fit: {}",
                                   asked.empty() ? "missing" : "\"" + asked + "\" does not fit",
                                   names.empty() ? "none" : names));
}

boost::asio::awaitable<Answer> CompleteLifecycleJob::run(Request request, JobLog& log) {
  const Params params(request.params);
  const std::string group = params.text("group");
  const base::InstanceId id(params.text("instance_id"));
  const std::string action = params.text("action", "continue");
  aws::DescribeAutoScalingGroupsOptions options;
  options.names = {base::GroupName(group)};
  const auto groups = co_await auto_scaling_.describe_auto_scaling_groups(std::move(options));
  if (!groups) co_return answer_failed(groups.error(), kDoing);
  if (groups->empty()) co_return failed(404, kDoing, fmt::format("there is no group {}", group));
  const auto& instances = groups->front().instances;
  const auto instance = std::ranges::find(instances, id, &aws::GroupInstance::id);
  if (instance == instances.end()) {
    co_return failed(404, kDoing, fmt::format("{} is not in group {}", id.value, group));
  }
  const std::string transition = transition_of(instance->lifecycle_state);
  if (transition.empty()) {
    co_return failed(
        409, kDoing,
        fmt::format("{} is {} and waits at no hook", id.value, instance->lifecycle_state));
  }
  const auto hooks = co_await hooks_.describe_lifecycle_hooks(base::GroupName(group));
  if (!hooks) co_return answer_failed(hooks.error(), kDoing);
  const auto hook = choose_hook(*hooks, params.text("hook"), transition);
  if (!hook) co_return answer_failed(hook.error(), kDoing);

  Json body = {{"message", ""},
               {"group", group},
               {"instance_id", id.value},
               {"hook", *hook},
               {"state", instance->lifecycle_state}};
  if (request.dry_run) {
    body["message"] = fmt::format("would {} {} at {}", action, id.value, *hook);
    co_return done(body);
  }
  aws::LifecycleAction waiting;
  waiting.group = base::GroupName(group);
  waiting.hook = *hook;
  waiting.instance = id;
  base::Result<void> told;
  if (action == "extend") {
    told = co_await hooks_.record_lifecycle_action_heartbeat(std::move(waiting));
  } else {
    const std::string result = action == "abandon" ? "ABANDON" : "CONTINUE";
    told = co_await hooks_.complete_lifecycle_action(std::move(waiting), result);
  }
  if (!told) co_return answer_failed(told.error(), kDoing);
  log.line(fmt::format("{}: {} at {}", id.value, action, *hook));
  body["message"] = action == "extend" ? fmt::format("{} has more time at {}", id.value, *hook)
                                       : fmt::format("{} was told to {}", id.value, action);
  co_return done(body);
}

}  // namespace

std::unique_ptr<Job> make_complete_lifecycle(const Clients& clients, const BuiltInConfig& config) {
  return std::make_unique<CompleteLifecycleJob>(clients, config);
}

}  // namespace consumers::oncall
