// Sqs: message move tasks.
#include "aws/json.h"
#include "aws/sqs.h"
#include "aws/sqs_wire.h"

#include <utility>

namespace aws {

namespace asio = boost::asio;

namespace {

constexpr int kTasksShown = 10;  // SQS keeps no more

long long number_member(const Json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_number_integer() ? member->get<long long>() : 0;
}

MoveTask read_task(const Json& json) {
  MoveTask task;
  task.handle = text_member(json, "TaskHandle");
  task.status = text_member(json, "Status");
  task.destination_arn = text_member(json, "DestinationArn");
  task.moved = number_member(json, "ApproximateNumberOfMessagesMoved");
  task.to_move = number_member(json, "ApproximateNumberOfMessagesToMove");
  task.failure_reason = text_member(json, "FailureReason");
  // Far beyond any date that SQS can mean, and still inside what a time point holds.
  constexpr long long kMillisecondsMax = 253'402'300'799'000;
  const long long started = number_member(json, "StartedTimestamp");
  if (started > 0 && started <= kMillisecondsMax) {
    task.started_at = base::TimePoint(std::chrono::milliseconds(started));
  }
  return task;
}

asio::awaitable<base::Result<Json>> call(Caller& caller, std::string operation, Json arguments,
                                         bool repeat) {
  auto body = to_text(operation, arguments);
  if (!body) co_return body.error();
  ApiRequest request = wire::sqs_request(operation, std::move(*body));
  request.repeat_when_unsure = repeat;
  const auto response = co_await caller.call(std::move(request));
  if (!response) co_return response.error();
  co_return parse_object(operation, response->body);
}

}  // namespace

asio::awaitable<base::Result<std::string>> Sqs::start_message_move_task(MoveTaskOptions options) {
  Json arguments = {{"SourceArn", options.source_arn}};
  if (!options.destination_arn.empty()) arguments["DestinationArn"] = options.destination_arn;
  if (options.rate > 0) arguments["MaxNumberOfMessagesPerSecond"] = options.rate;
  const auto answer = co_await call(caller_, "StartMessageMoveTask", std::move(arguments), false);
  if (!answer) co_return answer.error();
  co_return text_member(*answer, "TaskHandle");
}

asio::awaitable<base::Result<std::vector<MoveTask>>> Sqs::list_message_move_tasks(
    std::string source_arn) {
  Json arguments = {{"SourceArn", source_arn}, {"MaxResults", kTasksShown}};
  const auto answer = co_await call(caller_, "ListMessageMoveTasks", std::move(arguments), true);
  if (!answer) co_return answer.error();
  std::vector<MoveTask> tasks;
  if (const auto list = answer->find("Results"); list != answer->end() && list->is_array()) {
    for (const Json& entry : *list) {
      if (entry.is_object()) tasks.push_back(read_task(entry));
    }
  }
  co_return tasks;
}

asio::awaitable<base::Result<long long>> Sqs::cancel_message_move_task(std::string handle) {
  const Json arguments = {{"TaskHandle", handle}};
  const auto answer = co_await call(caller_, "CancelMessageMoveTask", arguments, true);
  if (!answer) co_return answer.error();
  co_return number_member(*answer, "ApproximateNumberOfMessagesMoved");
}

}  // namespace aws
