#include "consumers/oncall/jobs/rollout.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace consumers::oncall {

namespace {

constexpr std::size_t kTasksMax = 50;
constexpr std::size_t kReasonsMax = 3;

const aws::EcsDeployment* primary_of(const aws::EcsService& service) {
  const auto found =
      std::ranges::find(service.deployments, std::string("PRIMARY"), &aws::EcsDeployment::status);
  return found == service.deployments.end() ? nullptr : &*found;
}

std::string reason_of(const aws::EcsTask& task) {
  std::string reason = task.stopped_reason.empty() ? "no reason given" : task.stopped_reason;
  for (const aws::EcsContainer& container : task.containers) {
    const bool ended_badly = container.exit_code && *container.exit_code != 0;
    if (!ended_badly && container.reason.empty()) continue;
    // ECS repeats a container's reason as the task's.
    const bool new_reason = !container.reason.empty() && container.reason != task.stopped_reason;
    if (!ended_badly && !new_reason) continue;
    reason += fmt::format(" ({}:{}{})", container.name,
                          ended_badly ? fmt::format(" exit code {}", *container.exit_code) : "",
                          new_reason ? " " + container.reason : "");
    break;  // the others were killed with it
  }
  return reason;
}

}  // namespace

std::string stop_reasons(const std::vector<aws::EcsTask>& tasks, std::size_t most) {
  std::map<std::string, int> counted;
  for (const aws::EcsTask& task : tasks) ++counted[reason_of(task)];
  std::vector<std::pair<std::string, int>> sorted(counted.begin(), counted.end());
  std::ranges::stable_sort(sorted, std::greater(), &std::pair<std::string, int>::second);
  std::string text;
  for (std::size_t i = 0; i < std::min(most, sorted.size()); ++i) {
    text += fmt::format("{}{} x {}", i == 0 ? "" : "; ", sorted[i].second, sorted[i].first);
  }
  return text;
}

Rollout::Rollout(aws::Ecs& ecs, JobLog& log, std::string cluster, aws::EcsService service)
    : ecs_(ecs), log_(log), cluster_(std::move(cluster)), service_(std::move(service)) {
  if (const aws::EcsDeployment* primary = primary_of(service_)) {
    deployment_ = primary->id;
    created_ = primary->created;
  }
  if (!service_.events.empty()) told_ = service_.events.front().time;
}

// Oldest first, those that are newer than what was there at the last look.
void Rollout::note_events() {
  const auto told = told_;
  for (auto event = service_.events.rbegin(); event != service_.events.rend(); ++event) {
    if (told && event->time <= *told) continue;
    told_ = event->time;
    log_.line(event->message);
  }
}

std::string Rollout::where_it_stands() const {
  std::string text = fmt::format("{} of {} tasks run", service_.running, service_.desired);
  if (!service_.events.empty()) text += "; " + service_.events.front().message;
  return text;
}

base::Result<base::Seen> Rollout::judge(bool& failed) const {
  const auto ours = std::ranges::find(service_.deployments, deployment_, &aws::EcsDeployment::id);
  if (ours != service_.deployments.end() && ours->rollout_state == "FAILED") {
    failed = true;
    return base::Error{base::ErrorKind::kFatal, "DeploymentFailed", ours->rollout_reason, {}};
  }
  const aws::EcsDeployment* primary = primary_of(service_);
  if (ours == service_.deployments.end() || primary == nullptr || primary->id != deployment_) {
    const bool newer =
        primary != nullptr && created_ && primary->created && *primary->created > *created_;
    if (newer) {
      return base::Error{base::ErrorKind::kInvalid,
                         "Superseded",
                         fmt::format("deployment {} took its place", primary->id),
                         {}};
    }
    failed = true;
    return base::Error{base::ErrorKind::kFatal, "DeploymentFailed", "ECS rolled it back", {}};
  }
  // A controller that is not ECS's own keeps no state of the rollout.
  const bool rolled_out = ours->rollout_state == "COMPLETED" ||
                          (ours->rollout_state.empty() && service_.deployments.size() == 1);
  const bool steady = rolled_out && service_.running == service_.desired && service_.pending == 0;
  return steady ? base::Seen::kThere : base::Seen::kNotYet;
}

boost::asio::awaitable<base::Result<base::Seen>> Rollout::look() {
  auto service = co_await ecs_.describe_services(cluster_, service_.name);
  if (!service) co_return service.error();
  service_ = std::move(*service);
  note_events();
  if (service_.status != "ACTIVE") {
    co_return base::Error{base::ErrorKind::kInvalid,
                          "Superseded",
                          fmt::format("the service is {} now", service_.status),
                          {}};
  }
  bool failed = false;
  const auto judged = judge(failed);
  if (!failed) co_return judged;
  base::Error error = judged.error();
  error.message = co_await with_stop_reasons(error.message);
  co_return error;
}

// What stopped the tasks says more than that they were stopped. Not being told is no failure.
boost::asio::awaitable<std::string> Rollout::with_stop_reasons(std::string reason) {
  aws::ListTasksOptions options;
  options.cluster = cluster_;
  options.started_by = deployment_;
  options.desired_status = "STOPPED";
  const auto arns = co_await ecs_.list_tasks(std::move(options), kTasksMax);
  if (!arns || arns->empty()) co_return reason;
  const auto tasks = co_await ecs_.describe_tasks(cluster_, *arns);
  if (!tasks) co_return reason;
  // The deployment's end stops what still ran.
  std::vector<aws::EcsTask> ended_themselves;
  std::ranges::copy_if(*tasks, std::back_inserter(ended_themselves), [](const aws::EcsTask& task) {
    return task.stop_code != "ServiceSchedulerInitiated" && task.stop_code != "UserInitiated";
  });
  const std::string reasons = stop_reasons(ended_themselves, kReasonsMax);
  co_return reasons.empty() ? reason : reason + " " + reasons;
}

}  // namespace consumers::oncall
