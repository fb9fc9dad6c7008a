#include "aws/step_functions.h"

#include "aws/json.h"

#include <utility>

namespace aws {

namespace asio = boost::asio;

asio::awaitable<base::Result<std::string>> StepFunctions::start_execution(
    std::string state_machine_arn, std::string name, std::string input_json) {
  auto body = to_text("StartExecution", Json{{"stateMachineArn", std::move(state_machine_arn)},
                                             {"name", std::move(name)},
                                             {"input", std::move(input_json)}});
  if (!body) co_return body.error();
  ApiRequest request;
  request.service = "states";
  request.operation = "StartExecution";
  request.content_type = "application/x-amz-json-1.0";
  request.headers.push_back({"X-Amz-Target", "AWSStepFunctions.StartExecution"});
  request.body = std::move(*body);
  const auto response = co_await caller_.call(std::move(request));
  if (!response) co_return response.error();
  const auto answer = parse_object("StartExecution", response->body);
  if (!answer) co_return answer.error();
  std::string arn = text_member(*answer, "executionArn");
  if (arn.empty()) {
    co_return base::Error{base::ErrorKind::kRetry,
                          "MalformedResponse",
                          "StartExecution: an answer without executionArn",
                          {}};
  }
  co_return arn;
}

}  // namespace aws
