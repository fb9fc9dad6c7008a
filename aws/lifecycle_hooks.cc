#include "aws/lifecycle_hooks.h"

#include "aws/query.h"

#include <utility>

namespace aws {

namespace {

QueryCall make_call(std::string operation) {
  return {.service = "autoscaling", .version = "2011-01-01", .operation = std::move(operation)};
}

QueryCall action_call(std::string operation, LifecycleAction action) {
  QueryCall call = make_call(std::move(operation));
  call.add("AutoScalingGroupName", std::move(action.group.value));
  call.add("LifecycleHookName", std::move(action.hook));
  call.add("InstanceId", std::move(action.instance.value));
  return call;
}

}  // namespace

boost::asio::awaitable<base::Result<std::vector<LifecycleHook>>>
LifecycleHooks::describe_lifecycle_hooks(base::GroupName group) {
  QueryCall call = make_call("DescribeLifecycleHooks");
  call.add("AutoScalingGroupName", std::move(group.value));
  const auto answer = co_await send_query(caller_, std::move(call));
  if (!answer) co_return answer.error();
  std::vector<LifecycleHook> hooks;
  for (const XmlElement& member : answer->result().list("LifecycleHooks", "member")) {
    LifecycleHook& hook = hooks.emplace_back();
    hook.name = member.text("LifecycleHookName");
    hook.transition = member.text_or("LifecycleTransition");
    hook.heartbeat_timeout = std::chrono::seconds(member.number_or("HeartbeatTimeout", 0));
    hook.default_result = member.text_or("DefaultResult");
  }
  co_return answer->finish(std::move(hooks));
}

boost::asio::awaitable<base::Result<void>> LifecycleHooks::complete_lifecycle_action(
    LifecycleAction action, std::string result) {
  QueryCall call = action_call("CompleteLifecycleAction", std::move(action));
  call.add("LifecycleActionResult", std::move(result));
  co_return co_await send_query_command(caller_, std::move(call));
}

boost::asio::awaitable<base::Result<void>> LifecycleHooks::record_lifecycle_action_heartbeat(
    LifecycleAction action) {
  co_return co_await send_query_command(
      caller_, action_call("RecordLifecycleActionHeartbeat", std::move(action)));
}

}  // namespace aws
