#include "sim/cloudwatch_service.h"

#include "sim/ec2_support.h"
#include "sim/protocol.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim {
namespace {

bool is_state(const std::string& state) {
  return state == "OK" || state == "ALARM" || state == "INSUFFICIENT_DATA";
}

ApiAnswer answer(Json result = Json::object()) { return ApiAnswer{std::move(result), {}, {}}; }

}  // namespace

boost::asio::awaitable<ApiOutcome> CloudWatchService::handle(ApiCall call) {
  if (call.operation == "PutMetricAlarm") co_return put_alarm(call, false);
  if (call.operation == "PutCompositeAlarm") co_return put_alarm(call, true);
  if (call.operation == "DescribeAlarms") co_return describe_alarms(call);
  if (call.operation == "SetAlarmState") co_return set_alarm_state(call);
  if (call.operation == "DeleteAlarms") co_return delete_alarms(call);
  if (call.operation == "PutMetricData") co_return metrics_.put(call);
  if (call.operation == "GetMetricStatistics") co_return metrics_.statistics(call);
  if (call.operation == "ListMetrics") co_return metrics_.list(call);
  co_return unknown_operation(call);
}

ApiOutcome CloudWatchService::put_alarm(const ApiCall& call, bool composite) {
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  const std::string name = args.required_text("AlarmName");
  if (args.error()) return *args.error();
  const auto [found, added] = alarms_.try_emplace(name);
  if (added) found->second.since = world_.clock().now();
  found->second.configuration = call.arguments;
  found->second.composite = composite;
  return answer();
}

Json CloudWatchService::describe(const std::string& name, const Alarm& alarm) const {
  Json shown = {{"AlarmName", name},
                {"AlarmArn", world_.arn("cloudwatch", "alarm:" + name)},
                {"StateValue", alarm.state},
                {"StateReason", alarm.reason},
                {"StateUpdatedTimestamp", wire_time(alarm.since)},
                {"StateTransitionedTimestamp", wire_time(alarm.since)},
                {"ActionsEnabled", true}};
  for (const char* member : {"MetricName", "Namespace", "Threshold", "ComparisonOperator"}) {
    const auto value = alarm.configuration.find(member);
    if (value != alarm.configuration.end()) shown[member] = *value;
  }
  return shown;
}

ApiOutcome CloudWatchService::describe_alarms(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  const std::vector<std::string> names = args.texts("AlarmNames");
  const std::string prefix = args.text_or("AlarmNamePrefix", {});
  const std::string state = args.text_or("StateValue", {});
  std::vector<std::string> types = args.texts("AlarmTypes");
  if (types.empty()) types = {"MetricAlarm"};  // composite ones must be asked for
  if (names.size() > 100) {
    return validation_error("Member must have length less than or equal to 100");
  }
  const auto asked_for = [&](const std::string& name, const Alarm& alarm) {
    const std::string type = alarm.composite ? "CompositeAlarm" : "MetricAlarm";
    return (names.empty() || std::ranges::find(names, name) != names.end()) &&
           name.starts_with(prefix) && (state.empty() || state == alarm.state) &&
           std::ranges::find(types, type) != types.end();
  };
  std::vector<std::string> keys;
  for (const auto& [name, alarm] : alarms_) {
    if (asked_for(name, alarm)) keys.push_back(name);
  }
  auto page = take_page(args, keys, PageLimits{});
  if (auto* error = std::get_if<ApiError>(&page)) return std::move(*error);
  const Page& shown = std::get<Page>(page);
  Json metric = Json::array();
  Json composite = Json::array();
  for (std::size_t i = shown.begin; i < shown.end; ++i) {
    const Alarm& alarm = alarms_.at(keys[i]);
    (alarm.composite ? composite : metric).push_back(describe(keys[i], alarm));
  }
  Json result = {{"MetricAlarms", std::move(metric)}, {"CompositeAlarms", std::move(composite)}};
  if (!shown.next_token.empty()) result["NextToken"] = shown.next_token;
  return answer(std::move(result));
}

ApiOutcome CloudWatchService::set_alarm_state(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  const std::string name = args.required_text("AlarmName");
  const std::string state = args.required_text("StateValue");
  const std::string reason = args.required_text("StateReason");
  if (args.error()) return *args.error();
  const auto alarm = alarms_.find(name);
  if (alarm == alarms_.end()) return api_error("ResourceNotFound", "", 404);
  if (!is_state(state)) {
    return validation_error(fmt::format(
        "1 validation error detected: Value '{}' at 'stateValue' failed to satisfy constraint: "
        "Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]",
        state.substr(0, 64)));
  }
  change(name, alarm->second, state, reason);
  return answer();
}

ApiOutcome CloudWatchService::delete_alarms(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  const std::vector<std::string> names = args.required_texts("AlarmNames");
  if (args.error()) return *args.error();
  for (const std::string& name : names) alarms_.erase(name);
  return answer();
}

void CloudWatchService::set_alarm(const std::string& name, const std::string& state) {
  const auto [alarm, added] = alarms_.try_emplace(name);
  if (added) alarm->second.since = world_.clock().now();
  change(name, alarm->second, state, "set by a test");
}

void CloudWatchService::change(const std::string& name, Alarm& alarm, const std::string& state,
                               const std::string& reason) {
  if (alarm.state == state) return;
  const auto shown = [&](const Alarm& at) {
    return Json{{"value", at.state}, {"reason", at.reason}, {"timestamp", wire_time(at.since)}};
  };
  const Json previous = shown(alarm);
  alarm.state = state;
  alarm.reason = reason;
  alarm.since = world_.clock().now();
  world_.emit(
      {{"source", "aws.cloudwatch"},
       {"detail-type", "CloudWatch Alarm State Change"},
       {"resources", {world_.arn("cloudwatch", "alarm:" + name)}},
       {"detail", {{"alarmName", name}, {"state", shown(alarm)}, {"previousState", previous}}}});
}

}  // namespace sim
