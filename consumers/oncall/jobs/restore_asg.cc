// oncall-restore-asg: ends a recycle that is under way, or was left behind, and has the group
// restored from its journal: sizes, bounds, processes and protection as they were.
//
// The journal's own engine does it, in whichever worker holds the run: this job writes the control
// tag, as `autorecycle cancel` does, asks for the run to be carried on, and waits.
#include "base/wait_until.h"
#include "consumers/oncall/jobs/built_in.h"
#include "consumers/oncall/jobs/params.h"
#include "consumers/oncall/jobs/recycle_request.h"
#include "consumers/recycle/control.h"
#include "consumers/recycle/journal.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace consumers::oncall {

namespace {

constexpr const char* kDoing = "restoring group";
constexpr base::Duration kMargin{10'000};

constexpr const char* kOutput = R"json({
  "type": "object",
  "properties": {
    "message": {"type": "string", "description": "What was done, for people"},
    "group": {"type": "string", "description": "The group"},
    "run": {"type": "string", "description": "Id of the recycle that was ended"},
    "phase": {"type": "string", "description": "Its phase when the job began"},
    "min": {"type": "integer", "description": "Of the group, now"},
    "max": {"type": "integer", "description": "Of the group, now"},
    "desired": {"type": "integer", "description": "Of the group, now"}
  }
})json";

Entry make_entry(const BuiltInConfig& config) {
  Entry entry;
  entry.name = "oncall-restore-asg";
  entry.purpose =
      "Ends the recycle of an Auto Scaling group and restores the group from the journal on it";
  entry.params_schema = R"json({
    "type": "object",
    "required": ["group"],
    "additionalProperties": false,
    "properties": {
      "group": {"type": "string", "minLength": 1, "maxLength": 255,
                "description": "Name of the Auto Scaling group"},
      "version_before": {"type": "boolean", "default": false,
                         "description": "Past the point of no return too: instances go back )json"
                        R"json(to the version before"},
      "wait": {"type": "boolean", "default": true,
               "description": "false: answer as soon as it is asked for"}
    }
  })json";
  entry.output_schema = kOutput;
  entry.example = R"({"group":"web-asg-1"})";
  entry.owner = config.owner;
  entry.timeout = std::chrono::hours(1);
  entry.permissions = {"autoscaling:CreateOrUpdateTags", "autoscaling:DescribeAutoScalingGroups",
                       "sqs:GetQueueUrl", "sqs:SendMessage"};
  entry.changes = true;
  entry.safe_to_retry = true;
  entry.clash = "asg/{group}";
  return entry;
}

class RestoreAsgJob final : public Job {
 public:
  RestoreAsgJob(const Clients& clients, const BuiltInConfig& config)
      : clients_(clients), queue_(config.events_queue), entry_(make_entry(config)) {}

  const Entry& entry() const override { return entry_; }
  boost::asio::awaitable<Answer> run(Request request, JobLog& log) override;

 private:
  boost::asio::awaitable<base::Result<aws::AutoScalingGroup>> read(std::string group);
  // Whether the run's journal is gone.
  boost::asio::awaitable<base::Result<base::Seen>> is_restored(std::string run,
                                                               aws::AutoScalingGroup& group);

  Clients clients_;
  std::string queue_;
  Entry entry_;
};

boost::asio::awaitable<base::Result<aws::AutoScalingGroup>> RestoreAsgJob::read(std::string group) {
  aws::DescribeAutoScalingGroupsOptions options;
  options.names = {base::GroupName(group)};
  auto groups =
      co_await clients_.recycle.auto_scaling.describe_auto_scaling_groups(std::move(options));
  if (!groups) co_return groups.error();
  if (groups->empty()) {
    co_return base::Error{base::ErrorKind::kNotFound,
                          "GroupNotFound",
                          fmt::format("there is no Auto Scaling group {}", group),
                          {}};
  }
  co_return std::move(groups->front());
}

boost::asio::awaitable<base::Result<base::Seen>> RestoreAsgJob::is_restored(
    std::string run, aws::AutoScalingGroup& group) {
  auto seen = co_await read(group.name.value);
  if (!seen) co_return seen.error();
  group = std::move(*seen);
  const auto journal = recycle::journal_from_tags(group.tags);
  if (!journal) co_return journal.error();
  const bool gone = !*journal || (*journal)->run_id != run;
  co_return gone ? base::Seen::kThere : base::Seen::kNotYet;
}

void put_sizes(Json& body, const aws::AutoScalingGroup& group) {
  body["min"] = group.min_size;
  body["max"] = group.max_size;
  body["desired"] = group.desired_capacity;
}

boost::asio::awaitable<Answer> RestoreAsgJob::run(Request request, JobLog& log) {
  const base::SteadyPoint started = clients_.clock.steady_now();
  const Params params(request.params);
  auto group = co_await read(params.text("group"));
  if (!group) co_return answer_failed(group.error(), kDoing);
  const std::string name = group->name.value;
  const auto journal = recycle::journal_from_tags(group->tags);
  if (!journal) {
    co_return failed(409, kDoing, fmt::format("{}: {}", name, journal.error().message));
  }
  if (!*journal) {
    co_return failed(409, kDoing,
                     fmt::format("{}: there is no journal on it, so nothing to restore", name));
  }
  const std::string run = (*journal)->run_id;
  Json body = {{"message", ""},
               {"group", name},
               {"run", run},
               {"phase", recycle::to_string((*journal)->phase)}};
  const auto control =
      params.flag("version_before") ? recycle::Control::kCancelRestore : recycle::Control::kCancel;
  if (request.dry_run) {
    body["message"] =
        fmt::format("would end run {} of {} and restore min {}, max {}, desired {}", run, name,
                    (*journal)->original_min, (*journal)->original_max, (*journal)->wanted());
    put_sizes(body, *group);
    co_return done(body);
  }
  const auto written = co_await clients_.recycle.auto_scaling.create_or_update_tags(
      group->name, {{std::string(recycle::kTagControl), std::string(recycle::to_string(control))}});
  if (!written) co_return answer_failed(written.error(), kDoing);
  log.line(fmt::format("run {} of {} was cancelled", run, name));
  messages::RecycleRequest knock;
  knock.group = group->name;
  knock.requested_at = clients_.clock.now();
  knock.reason = "on-call job " + request.request_id;
  knock.resume_run = run;
  const auto sent = co_await send_recycle_request(clients_.sqs, clients_.clock, queue_,
                                                  std::move(knock), request);
  if (!sent) co_return answer_failed(sent.error(), kDoing);
  if (!params.flag("wait", true)) {
    body["message"] = fmt::format("{} is being restored", name);
    put_sizes(body, *group);
    co_return done(body);
  }
  aws::AutoScalingGroup& seen = *group;
  const auto restored = co_await base::wait_until(
      clients_.clock,
      {.interval = std::chrono::seconds(15), .deadline = started + request.timeout - kMargin},
      [&] { return is_restored(run, seen); });
  if (!restored) co_return answer_failed(restored.error(), kDoing);
  put_sizes(body, seen);
  if (*restored == base::Seen::kNotYet) {
    body["message"] = fmt::format("{} is not restored after {}; its run goes on to be", name,
                                  in_words(request.timeout - kMargin));
    co_return failed_with(408, body);
  }
  body["message"] = fmt::format("{} is restored", name);
  log.line(body["message"].get<std::string>());
  co_return done(body);
}

}  // namespace

std::unique_ptr<Job> make_restore_asg(const Clients& clients, const BuiltInConfig& config) {
  return std::make_unique<RestoreAsgJob>(clients, config);
}

}  // namespace consumers::oncall
