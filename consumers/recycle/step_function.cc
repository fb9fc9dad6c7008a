#include "consumers/recycle/step_function.h"

#include <date/date.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace consumers::recycle {

namespace {

constexpr std::size_t kExecutionNameMax = 80;

std::string execution_name(const std::string& component, base::TimePoint requested_at) {
  const std::string stamp =
      date::format("-%Y%m%d%H%M%S", std::chrono::floor<std::chrono::seconds>(requested_at));
  std::string name = component.substr(0, kExecutionNameMax - stamp.size());
  for (char& c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    if (!letter && !digit && c != '-' && c != '_') c = '-';
  }
  return name + stamp;
}

// "aws" of "arn:aws:sts::123456789012:assumed-role/...", other in China and GovCloud.
std::string partition_of(const std::string& arn) {
  const auto first = arn.find(':');
  const auto second = first == std::string::npos ? first : arn.find(':', first + 1);
  if (second == std::string::npos) return "aws";
  return arn.substr(first + 1, second - first - 1);
}

std::string payload(const std::string& account, const base::GroupName& group, const Policy& policy,
                    const std::string& success_channel) {
  nlohmann::ordered_json json;
  json["account_id"] = account;
  json["success_channel"] = success_channel;
  json["component"] = policy.component;
  json["auto_scaling_group_name"] = group.value;
  json["emoji"] = ":robot_face:";
  json["strategy"] = policy.strategy_name;
  if (policy.has_notify_pager_duty) json["notify_pager_duty"] = policy.notify_pager_duty;
  if (!policy.team.empty()) json["team"] = policy.team;
  if (!policy.slack_monitoring_channel.empty()) {
    json["monitoring_slack_channel"] = policy.slack_monitoring_channel;
  }
  json["step_function_name"] = policy.step_function_name;
  if (policy.has_dry_run) json["dry_run"] = policy.dry_run;
  // Tags are UTF-8 for AWS; were they not, a replacement character is better than no recycle.
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace

StepFunctionStart step_function_start(const aws::CallerIdentity& identity,
                                      const base::Region& region, const base::GroupName& group,
                                      const Policy& policy, const std::string& success_channel,
                                      base::TimePoint requested_at) {
  StepFunctionStart start;
  start.state_machine_arn =
      fmt::format("arn:{}:states:{}:{}:stateMachine:{}", partition_of(identity.arn), region.value,
                  identity.account, policy.step_function_name);
  start.name = execution_name(policy.component, requested_at);
  start.input_json = payload(identity.account, group, policy, success_channel);
  return start;
}

boost::asio::awaitable<base::Result<std::string>> start_step_function(
    Services services, Config config, base::GroupName group, Policy policy,
    base::TimePoint requested_at) {
  const auto identity = co_await services.sts.get_caller_identity();
  if (!identity) co_return identity.error().while_doing("asking for the account");
  const StepFunctionStart start = step_function_start(*identity, services.sts.region(), group,
                                                      policy, config.success_channel, requested_at);
  const auto started = co_await services.step_functions.start_execution(
      start.state_machine_arn, start.name, start.input_json);
  if (started) co_return *started;
  // Same name with another input, or ended since: this request has been carried out.
  if (started.error().code == "ExecutionAlreadyExists") co_return start.name;
  co_return started.error().while_doing("starting state machine " + policy.step_function_name);
}

}  // namespace consumers::recycle
