#include "sim/ssm_service.h"

#include "sim/ec2_service.h"
#include "sim/ec2_support.h"
#include "sim/mini_shell.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace sim {
namespace {

constexpr std::size_t kInstancesMax = 50;
constexpr std::size_t kOutputMax = 24'000;
constexpr std::size_t kErrorOutputMax = 8'000;
constexpr base::Duration kKnownAfter = std::chrono::milliseconds(500);
constexpr base::Duration kBeginsAfter = std::chrono::seconds(1);
constexpr const char* kDocument = "AWS-RunShellScript";

ApiAnswer answer(Json result = Json::object()) { return ApiAnswer{std::move(result), {}, {}}; }

bool is_over(const std::string& status) {
  return status != "Pending" && status != "InProgress" && status != "Cancelling";
}

// A member of Parameters: a list of texts.
std::vector<std::string> parameter_of(const Json* parameters, const char* name) {
  std::vector<std::string> values;
  if (parameters == nullptr || !parameters->contains(name)) return values;
  for (const Json& value : (*parameters)[name]) values.push_back(scalar_text(value).value_or(""));
  return values;
}

}  // namespace

const std::map<std::string, SsmService::Operation>& SsmService::operations() {
  static const std::map<std::string, Operation> kOperations = {
      {"SendCommand", &SsmService::send_command},
      {"GetCommandInvocation", &SsmService::get_command_invocation},
      {"CancelCommand", &SsmService::cancel_command},
      {"PutParameter", &SsmService::put_parameter},
      {"GetParameter", &SsmService::get_parameter},
      {"DeleteParameter", &SsmService::delete_parameter},
  };
  return kOperations;
}

boost::asio::awaitable<ApiOutcome> SsmService::handle(ApiCall call) {
  const auto found = operations().find(call.operation);
  if (found == operations().end()) {
    co_return api_error("UnknownOperationException",
                        fmt::format("{} is not simulated", call.operation));
  }
  co_return (this->*found->second)(call.arguments);
}

ApiOutcome SsmService::send_command(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  Command command;
  command.document = args.required_text("DocumentName");
  command.comment = args.text_or("Comment", "");
  const std::vector<std::string> instances = args.required_texts("InstanceIds");
  const std::int64_t timeout = args.integer_or("TimeoutSeconds", 3600);
  const Json* parameters = args.object("Parameters");
  if (args.error()) return *args.error();
  if (command.document != kDocument) return api_error("InvalidDocument", "");
  if (timeout < 30 || timeout > 2'592'000 || instances.size() > kInstancesMax ||
      command.comment.size() > 100) {
    return api_error("ValidationException",
                     "1 validation error detected: a member is out of its bounds");
  }
  const std::vector<std::string> lines = parameter_of(parameters, "commands");
  if (lines.empty()) return api_error("InvalidParameters", "");
  for (const std::string& id : instances) {
    const Ec2Instance* instance = ec2_.find(id);
    if (instance == nullptr || instance->state != "running") {
      return api_error("InvalidInstanceId",
                       fmt::format("Instances [[{}]] not in a valid state for account {}", id,
                                   world_.config().account));
    }
  }
  const std::vector<std::string> limit = parameter_of(parameters, "executionTimeout");
  const auto execution =
      std::chrono::seconds(limit.empty() ? 3600 : parse_integer(limit.front()).value_or(3600));
  const std::string script = fmt::format("{}", fmt::join(lines, "\n"));
  command.id = world_.random().uuid();
  command.sent = world_.clock().now();
  sent_.push_back(script);
  for (const std::string& id : instances) {
    command.invocations[id];
    if (lost_.contains(id)) {
      world_.after(std::chrono::seconds(timeout), [this, command = command.id, id] {
        if (Invocation* one = running(command, id)) {
          one->status = "TimedOut";
          one->details = "DeliveryTimedOut";
        }
      });
      continue;
    }
    world_.after(kBeginsAfter, [this, command = command.id, id, script, execution] {
      run(command, id, script, execution);
    });
  }
  Json result = {{"Command",
                  {{"CommandId", command.id},
                   {"DocumentName", command.document},
                   {"Comment", command.comment},
                   {"InstanceIds", instances},
                   {"Status", "Pending"}}}};
  commands_[command.id] = std::move(command);
  return answer(std::move(result));
}

SsmService::Invocation* SsmService::running(const std::string& command,
                                            const std::string& instance) {
  Invocation& invocation = commands_.at(command).invocations.at(instance);
  return is_over(invocation.status) ? nullptr : &invocation;
}

void SsmService::run(const std::string& command, const std::string& instance,
                     const std::string& script, base::Duration execution_timeout) {
  Invocation* begun = running(command, instance);
  if (begun == nullptr) return;
  begun->status = begun->details = "InProgress";
  const ShellRun ran = run_shell(script, {});
  const bool late = ran.duration > execution_timeout;
  world_.after(late ? execution_timeout : ran.duration, [this, command, instance, ran, late] {
    Invocation* invocation = running(command, instance);
    if (invocation == nullptr) return;
    invocation->output = ran.output.substr(0, kOutputMax);
    invocation->error_output = ran.error_output.substr(0, kErrorOutputMax);
    invocation->response_code = late ? 137 : ran.exit_code;
    if (late) {
      invocation->status = "TimedOut";
      invocation->details = "ExecutionTimedOut";
    } else {
      invocation->status = invocation->details = ran.exit_code == 0 ? "Success" : "Failed";
    }
  });
}

ApiOutcome SsmService::get_command_invocation(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string id = args.required_text("CommandId");
  const std::string instance = args.required_text("InstanceId");
  if (args.error()) return *args.error();
  const auto command = commands_.find(id);
  const bool known =
      command != commands_.end() && world_.clock().now() - command->second.sent >= kKnownAfter;
  if (!known || !command->second.invocations.contains(instance)) {
    return api_error("InvocationDoesNotExist", "");
  }
  const Invocation& invocation = command->second.invocations.at(instance);
  return answer({{"CommandId", id},
                 {"InstanceId", instance},
                 {"Comment", command->second.comment},
                 {"DocumentName", command->second.document},
                 {"Status", invocation.status},
                 {"StatusDetails", invocation.details},
                 {"ResponseCode", invocation.response_code},
                 {"StandardOutputContent", invocation.output},
                 {"StandardErrorContent", invocation.error_output}});
}

ApiOutcome SsmService::cancel_command(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string id = args.required_text("CommandId");
  const std::vector<std::string> instances = args.texts("InstanceIds");
  if (args.error()) return *args.error();
  const auto command = commands_.find(id);
  if (command == commands_.end()) return api_error("InvalidCommandId", "");
  for (auto& [instance, invocation] : command->second.invocations) {
    const bool meant =
        instances.empty() || std::ranges::find(instances, instance) != instances.end();
    if (!meant || is_over(invocation.status)) continue;
    invocation.status = invocation.details = "Cancelled";
  }
  return answer();
}

ApiOutcome SsmService::put_parameter(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string name = args.required_text("Name");
  const std::string value = args.required_text("Value");
  const std::string type = args.text_or("Type", "String");
  const bool overwrite = args.boolean_or("Overwrite", false);
  if (args.error()) return *args.error();
  const auto found = parameters_.find(name);
  if (found != parameters_.end() && !overwrite) {
    return api_error("ParameterAlreadyExists", "The parameter already exists.");
  }
  Parameter& parameter = parameters_[name];
  parameter.type = type;
  parameter.versions.push_back(value);
  return answer({{"Version", parameter.versions.size()}, {"Tier", "Standard"}});
}

ApiOutcome SsmService::get_parameter(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string asked = args.required_text("Name");
  const bool decrypt = args.boolean_or("WithDecryption", false);
  if (args.error()) return *args.error();
  const std::size_t colon = std::min(asked.find(':'), asked.size());
  const std::string name = asked.substr(0, colon);
  const auto found = parameters_.find(name);
  if (found == parameters_.end()) return api_error("ParameterNotFound", "");
  const Parameter& parameter = found->second;
  std::int64_t version = static_cast<std::int64_t>(parameter.versions.size());
  if (colon < asked.size()) version = parse_integer(asked.substr(colon + 1)).value_or(0);
  if (version < 1 || version > static_cast<std::int64_t>(parameter.versions.size())) {
    return api_error(
        "ParameterVersionNotFound",
        fmt::format("Systems Manager could not find version {} of {}.", version, name));
  }
  const bool sealed = parameter.type == "SecureString" && !decrypt;
  const std::string& value = parameter.versions[static_cast<std::size_t>(version) - 1];
  return answer({{"Parameter",
                  {{"Name", name},
                   {"Type", parameter.type},
                   {"Value", sealed ? "AQICAHencrypted" + world_.random().hex(32) : value},
                   {"Version", version},
                   {"ARN", world_.arn("ssm", "parameter/" + name)}}}});
}

ApiOutcome SsmService::delete_parameter(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string name = args.required_text("Name");
  if (args.error()) return *args.error();
  if (parameters_.erase(name) == 0) return api_error("ParameterNotFound", "");
  return answer();
}

}  // namespace sim
