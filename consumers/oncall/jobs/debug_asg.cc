// debug-asg: an Auto Scaling group as the recycler sees it: instances, drift, activities, journal.
#include "consumers/oncall/jobs/built_in.h"
#include "consumers/oncall/jobs/params.h"
#include "consumers/recycle/journal.h"
#include "consumers/recycle/observer.h"
#include "consumers/recycle/reader.h"
#include "consumers/recycle/status.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace consumers::oncall {

namespace {

constexpr const char* kDoing = "looking at group";
constexpr std::size_t kInstancesShown = 300;

constexpr const char* kOutput = R"json({
  "type": "object",
  "properties": {
    "group": {"type": "string", "description": "The group"},
    "min": {"type": "integer", "description": "Smallest size"},
    "max": {"type": "integer", "description": "Largest size"},
    "desired": {"type": "integer", "description": "Size that is wanted"},
    "target": {"type": "string", "description": "Launch template version that it launches now"},
    "suspended": {"type": "array", "description": "Processes that are suspended, and why"},
    "drift": {"type": "object", "description": "old and new instances, and how many of the )json"
                                R"json(new are ready"},
    "recycle": {"type": "object", "description": "state, strategy, phase, run, step, )json"
                                R"json(failure: what the recycler would do or does"},
    "journal": {"type": ["object", "null"], "description": "What a run under way has )json"
                                R"json(written down: the original sizes, what it suspended"},
    "instances": {"type": "array", "description": "id, zone, state, health, version, old, )json"
                                R"json(ready and why not"},
    "activities": {"type": "array", "description": "The newest: start, status, description, )json"
                                R"json(message"}
  }
})json";

Entry make_entry(const BuiltInConfig& config) {
  Entry entry;
  entry.name = "debug-asg";
  entry.purpose = "Shows an Auto Scaling group: instances, drift, scaling activities and journal";
  entry.params_schema = R"json({
    "type": "object",
    "required": ["group"],
    "additionalProperties": false,
    "properties": {
      "group": {"type": "string", "minLength": 1, "maxLength": 255,
                "description": "Name of the Auto Scaling group"},
      "activities": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20,
                     "description": "How many of the newest scaling activities"}
    }
  })json";
  entry.output_schema = kOutput;
  entry.example = R"({"group":"web-asg-1"})";
  entry.owner = config.owner;
  entry.timeout = std::chrono::minutes(2);
  entry.permissions = {"autoscaling:DescribeAutoScalingGroups",
                       "autoscaling:DescribeScalingActivities",
                       "ec2:DescribeInstances",
                       "ec2:DescribeLaunchTemplates",
                       "elasticloadbalancing:DescribeInstanceHealth",
                       "elasticloadbalancing:DescribeTargetHealth"};
  entry.safe_to_retry = true;
  return entry;
}

class DebugAsgJob final : public Job {
 public:
  DebugAsgJob(const Clients& clients, const BuiltInConfig& config)
      : services_(clients.recycle), config_(clients.recycle_config), entry_(make_entry(config)) {}

  const Entry& entry() const override { return entry_; }
  boost::asio::awaitable<Answer> run(Request request, JobLog& log) override;

 private:
  recycle::Services services_;
  recycle::Config config_;
  Entry entry_;
};

std::string version_of(const aws::GroupInstance& instance) {
  if (instance.launch_template) {
    const auto& used = *instance.launch_template;
    return fmt::format("{}:{}", used.id.empty() ? used.name : used.id, used.version);
  }
  return instance.launch_configuration_name;
}

Json describe(const recycle::Snapshot& snapshot, const aws::GroupInstance& instance,
              std::optional<base::TimePoint> force_before) {
  std::string why;
  const bool ready = recycle::is_ready(snapshot, instance, &why);
  Json shown = {{"id", instance.id.value},
                {"zone", instance.availability_zone},
                {"state", instance.lifecycle_state},
                {"health", instance.health_status},
                {"version", version_of(instance)},
                {"old", recycle::is_old(snapshot, instance, force_before)},
                {"ready", ready}};
  if (!ready) shown["why"] = why;
  if (instance.protected_from_scale_in) shown["protected"] = true;
  const auto facts = snapshot.facts.find(instance.id);
  if (facts != snapshot.facts.end()) {
    shown["launched"] = time_or_null(facts->second.launch_time);
  }
  return shown;
}

Json describe(const recycle::Journal& journal) {
  return {{"run", journal.run_id},
          {"phase", recycle::to_string(journal.phase)},
          {"started", base::format_rfc3339(journal.started_at)},
          {"min", journal.original_min},
          {"max", journal.original_max},
          {"desired", journal.original_desired},
          {"suspended", journal.suspended},
          {"committed", journal.committed},
          {"failure", journal.failure}};
}

Json describe(const recycle::GroupStatus& status) {
  return {{"state", recycle::to_string(status.state)},
          {"strategy", status.strategy},
          {"phase", status.phase},
          {"run", status.run_id},
          {"step", status.step},
          {"failure", status.failure},
          {"deadline", time_or_null(status.deadline)},
          {"until", time_or_null(status.until)}};
}

boost::asio::awaitable<Answer> DebugAsgJob::run(Request request, JobLog& log) {
  const Params params(request.params);
  const base::GroupName name(params.text("group"));
  const auto snapshot = co_await recycle::read_snapshot(services_, name);
  if (!snapshot) co_return answer_failed(snapshot.error(), kDoing);
  if (!*snapshot) co_return failed(404, kDoing, fmt::format("there is no group {}", name.value));
  const recycle::Snapshot& seen = **snapshot;
  recycle::Observer observer(services_);
  const auto status = co_await recycle::read_status(services_, config_, observer, {name});
  if (!status) co_return answer_failed(status.error(), kDoing);
  const auto activities = co_await services_.auto_scaling.describe_scaling_activities(
      name, static_cast<int>(params.number("activities", 20)));
  if (!activities) co_return answer_failed(activities.error(), kDoing);

  const recycle::GroupStatus& now = status->front();
  Json body = {
      {"group", name.value},
      {"min", seen.group.min_size},
      {"max", seen.group.max_size},
      {"desired", seen.group.desired_capacity},
      {"target", seen.target.describe()},
      {"suspended", Json::array()},
      {"drift", {{"old", now.old_instances}, {"new", now.new_instances}, {"ready", now.new_ready}}},
      {"recycle", describe(now)},
      {"journal", nullptr},
      {"instances", Json::array()},
      {"activities", Json::array()}};
  for (const aws::SuspendedProcess& one : seen.group.suspended_processes) {
    body["suspended"].push_back({{"process", one.name}, {"reason", one.reason}});
  }
  std::optional<base::TimePoint> force_before;
  const auto journal = recycle::journal_from_tags(seen.group.tags);
  if (!journal) {
    body["journal"] = {{"broken", journal.error().message}};
  } else if (*journal) {
    body["journal"] = describe(**journal);
    force_before = (*journal)->force_before;
  }
  for (const aws::GroupInstance& instance : seen.group.instances) {
    if (body["instances"].size() == kInstancesShown) break;
    body["instances"].push_back(describe(seen, instance, force_before));
  }
  for (const aws::ScalingActivity& one : *activities) {
    body["activities"].push_back({{"start", base::format_rfc3339(one.start_time)},
                                  {"status", one.status_code},
                                  {"description", cut(one.description, 200)},
                                  {"cause", cut(one.cause, 300)},
                                  {"message", cut(one.status_message, 200)}});
  }
  log.line(fmt::format("{}: {}, {} instances, {} of them old", name.value,
                       recycle::to_string(now.state), seen.group.instances.size(),
                       now.old_instances));
  co_return done(body);
}

}  // namespace

std::unique_ptr<Job> make_debug_asg(const Clients& clients, const BuiltInConfig& config) {
  return std::make_unique<DebugAsgJob>(clients, config);
}

}  // namespace consumers::oncall
