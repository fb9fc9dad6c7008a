#include "aws/ssm.h"

#include "aws/json_call.h"

#include <utility>

namespace aws {

namespace asio = boost::asio;

namespace {

JsonCall make_call(std::string operation, Json arguments) {
  return {.service = "ssm",
          .target = "AmazonSSM",
          .operation = std::move(operation),
          .arguments = std::move(arguments)};
}

Json ids_of(const std::vector<base::InstanceId>& instances) {
  Json ids = Json::array();
  for (const base::InstanceId& instance : instances) ids.push_back(instance.value);
  return ids;
}

}  // namespace

asio::awaitable<base::Result<std::string>> Ssm::send_command(SendCommandOptions options) {
  Json arguments = {{"DocumentName", std::move(options.document)},
                    {"InstanceIds", ids_of(options.instances)},
                    {"TimeoutSeconds", options.delivery_timeout.count()}};
  if (!options.parameters.empty()) arguments["Parameters"] = std::move(options.parameters);
  if (!options.comment.empty()) arguments["Comment"] = std::move(options.comment);
  JsonCall call = make_call("SendCommand", std::move(arguments));
  call.idempotent = false;
  const auto answer = co_await call_json(caller_, std::move(call));
  if (!answer) co_return answer.error();
  std::string id = text_member(answer->value("Command", Json::object()), "CommandId");
  // Not kRetry: the command was taken.
  if (id.empty()) co_return base::fatal("SendCommand: an answer without the command's id");
  co_return id;
}

asio::awaitable<base::Result<CommandInvocation>> Ssm::get_command_invocation(
    std::string command, base::InstanceId instance) {
  const auto answer = co_await call_json(
      caller_, make_call("GetCommandInvocation", {{"CommandId", std::move(command)},
                                                  {"InstanceId", std::move(instance.value)}}));
  if (!answer) co_return answer.error();
  CommandInvocation invocation;
  invocation.status = text_member(*answer, "Status");
  if (invocation.status.empty()) {
    co_return malformed_answer("GetCommandInvocation", "an answer without Status");
  }
  invocation.details = text_member(*answer, "StatusDetails");
  invocation.response_code = static_cast<int>(number_member(*answer, "ResponseCode", -1));
  invocation.output = text_member(*answer, "StandardOutputContent");
  invocation.error_output = text_member(*answer, "StandardErrorContent");
  co_return invocation;
}

asio::awaitable<base::Result<void>> Ssm::cancel_command(std::string command,
                                                        std::vector<base::InstanceId> instances) {
  const auto answer = co_await call_json(
      caller_, make_call("CancelCommand",
                         {{"CommandId", std::move(command)}, {"InstanceIds", ids_of(instances)}}));
  if (!answer) co_return answer.error();
  co_return base::Result<void>();
}

asio::awaitable<base::Result<base::Secret>> Ssm::get_parameter(std::string name) {
  const auto answer = co_await call_json(
      caller_, make_call("GetParameter", {{"Name", std::move(name)}, {"WithDecryption", true}}));
  if (!answer) co_return answer.error();
  const auto parameter = answer->find("Parameter");
  const bool there = parameter != answer->end() && parameter->is_object() &&
                     parameter->contains("Value") && (*parameter)["Value"].is_string();
  if (!there) co_return malformed_answer("GetParameter", "an answer without the value");
  co_return base::Secret((*parameter)["Value"].get<std::string>());
}

}  // namespace aws
