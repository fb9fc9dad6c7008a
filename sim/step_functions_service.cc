#include "sim/step_functions_service.h"

#include "sim/ec2_support.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace sim {
namespace {

constexpr std::size_t kNameMax = 80;

// Times of AWS JSON are seconds since the epoch.
double epoch_seconds(base::TimePoint time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1e6;
}

bool is_name(const std::string& name) {
  return !name.empty() && name.size() <= kNameMax &&
         std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
}

ApiError invalid_name(const std::string& name) {
  return api_error("InvalidName", fmt::format("Invalid Name: '{}'", name));
}

ApiError no_such_machine(const std::string& arn) {
  return api_error("StateMachineDoesNotExist",
                   fmt::format("State Machine Does Not Exist: '{}'", arn));
}

Json describe(const StepFunctionsService::Execution& execution) {
  return {{"executionArn", execution.arn},
          {"stateMachineArn", execution.state_machine_arn},
          {"name", execution.name},
          {"status", "RUNNING"},
          {"startDate", epoch_seconds(execution.started)}};
}

}  // namespace

boost::asio::awaitable<ApiOutcome> StepFunctionsService::handle(ApiCall call) {
  const Json& arguments = call.arguments;
  if (call.operation == "CreateStateMachine") co_return create_state_machine(arguments);
  if (call.operation == "StartExecution") co_return start_execution(arguments);
  if (call.operation == "DescribeExecution") co_return describe_execution(arguments);
  if (call.operation == "ListExecutions") co_return list_executions(arguments);
  co_return api_error("UnknownOperationException",
                      fmt::format("{} is not simulated", call.operation));
}

ApiOutcome StepFunctionsService::create_state_machine(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string name = args.required_text("name");
  if (args.error()) return *args.error();
  if (!is_name(name)) return invalid_name(name);
  const std::string arn = world_.arn("states", "stateMachine:" + name);
  const auto [found, added] = state_machines_.try_emplace(arn, arguments);
  if (added) found->second["creationDate"] = epoch_seconds(world_.clock().now());
  ApiAnswer answer;
  answer.result = {{"stateMachineArn", arn}, {"creationDate", found->second["creationDate"]}};
  return answer;
}

ApiOutcome StepFunctionsService::start_execution(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string machine = args.required_text("stateMachineArn");
  const std::string name = args.text_or("name", world_.random().uuid());
  const std::string input = args.text_or("input", "{}");
  if (args.error()) return *args.error();
  if (!is_name(name)) return invalid_name(name);
  if (!Json::accept(input)) {
    return api_error("InvalidExecutionInput", "Invalid State Machine Execution Input: not JSON");
  }
  if (!state_machines_.contains(machine)) return no_such_machine(machine);

  const std::string arn = world_.arn(
      "states", fmt::format("execution:{}:{}", machine.substr(machine.rfind(':') + 1), name));
  for (const auto& known : executions_) {
    if (known.arn != arn) continue;
    // A running execution of the same name and input is the same start.
    if (known.input == input) {
      ApiAnswer same;
      same.result = {{"executionArn", arn}, {"startDate", epoch_seconds(known.started)}};
      return same;
    }
    return api_error("ExecutionAlreadyExists", fmt::format("Execution Already Exists: '{}'", arn));
  }
  executions_.push_back({.arn = arn,
                         .name = name,
                         .state_machine_arn = machine,
                         .input = input,
                         .started = world_.clock().now()});
  ApiAnswer answer;
  answer.result = {{"executionArn", arn}, {"startDate", epoch_seconds(world_.clock().now())}};
  return answer;
}

ApiOutcome StepFunctionsService::describe_execution(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string arn = args.required_text("executionArn");
  if (args.error()) return *args.error();
  for (const auto& execution : executions_) {
    if (execution.arn != arn) continue;
    ApiAnswer answer;
    answer.result = describe(execution);
    answer.result["input"] = execution.input;
    return answer;
  }
  return api_error("ExecutionDoesNotExist", fmt::format("Execution Does Not Exist: '{}'", arn));
}

ApiOutcome StepFunctionsService::list_executions(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string machine = args.required_text("stateMachineArn");
  if (args.error()) return *args.error();
  if (!state_machines_.contains(machine)) return no_such_machine(machine);
  Json list = Json::array();
  for (auto it = executions_.rbegin(); it != executions_.rend(); ++it) {
    if (it->state_machine_arn == machine) list.push_back(describe(*it));
  }
  ApiAnswer answer;
  answer.result["executions"] = std::move(list);
  return answer;
}

}  // namespace sim
