// oncall-reboot-instance: reboots one EC2 instance that runs.
#include "consumers/oncall/jobs/built_in.h"
#include "consumers/oncall/jobs/params.h"

#include <fmt/format.h>

namespace consumers::oncall {

namespace {

constexpr const char* kDoing = "rebooting instance";

constexpr const char* kOutput = R"json({
  "type": "object",
  "properties": {
    "message": {"type": "string", "description": "What was done, for people"},
    "instance_id": {"type": "string", "description": "The instance"},
    "state": {"type": "string", "description": "Its state before; it stays running for EC2"}
  }
})json";

Entry make_entry(const BuiltInConfig& config) {
  Entry entry;
  entry.name = "oncall-reboot-instance";
  entry.purpose = "Asks EC2 to reboot an instance; EC2 does not tell when it is back";
  entry.params_schema = R"json({
    "type": "object",
    "required": ["instance_id"],
    "additionalProperties": false,
    "properties": {
      "instance_id": {"type": "string", "pattern": "^i-[0-9a-f]{8,17}$",
                      "description": "The instance"}
    }
  })json";
  entry.output_schema = kOutput;
  entry.example = R"({"instance_id":"i-0abc12345678"})";
  entry.owner = config.owner;
  entry.timeout = std::chrono::minutes(1);
  entry.permissions = {"ec2:DescribeInstances", "ec2:RebootInstances"};
  entry.changes = true;
  entry.safe_to_retry = false;
  entry.clash = "ec2/{instance_id}";
  return entry;
}

class RebootInstanceJob final : public Job {
 public:
  RebootInstanceJob(const Clients& clients, const BuiltInConfig& config)
      : ec2_(clients.recycle.ec2), power_(clients.power), entry_(make_entry(config)) {}

  const Entry& entry() const override { return entry_; }
  boost::asio::awaitable<Answer> run(Request request, JobLog& log) override;

 private:
  aws::Ec2& ec2_;
  aws::InstancePower& power_;
  Entry entry_;
};

boost::asio::awaitable<Answer> RebootInstanceJob::run(Request request, JobLog& log) {
  const Params params(request.params);
  const base::InstanceId id(params.text("instance_id"));
  const auto found = co_await ec2_.describe_instances({id});
  if (!found) co_return answer_failed(found.error(), kDoing);
  if (found->empty()) co_return failed(404, kDoing, fmt::format("there is no {}", id.value));
  const std::string state = found->front().state;
  if (state != "running") {
    co_return failed(409, kDoing, fmt::format("{} is {}; expected running", id.value, state));
  }
  Json body = {{"message", ""}, {"instance_id", id.value}, {"state", state}};
  if (request.dry_run) {
    body["message"] = fmt::format("would reboot {}", id.value);
    co_return done(body);
  }
  const auto rebooted = co_await power_.reboot_instances({id});
  if (!rebooted) co_return answer_failed(rebooted.error(), kDoing);
  log.line(fmt::format("EC2 was asked to reboot {}", id.value));
  body["message"] = fmt::format("{} reboots", id.value);
  co_return done(body);
}

}  // namespace

std::unique_ptr<Job> make_reboot_instance(const Clients& clients, const BuiltInConfig& config) {
  return std::make_unique<RebootInstanceJob>(clients, config);
}

}  // namespace consumers::oncall
