// SqsService: message move tasks, which take a dead-letter queue's messages back to their sources
// or to one other queue. A moved message is a new one: another id, another age, no receives.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
#include "sim/protocol.h"
#include "sim/sqs_errors.h"
#include "sim/sqs_service.h"

#include <algorithm>

namespace sim {

namespace {

constexpr base::Duration kTick{100};
constexpr std::chrono::hours kTaskMax{36};
constexpr std::int64_t kRateMax = 500;  // also what a task without a rate is done at
constexpr std::int64_t kTasksShownMax = 10;
constexpr std::size_t kTasksRunningMax = 100;
constexpr std::size_t kTasksKeptMax = 1'000;

std::int64_t unix_milliseconds(base::TimePoint time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

ApiAnswer answer(Json result) { return ApiAnswer{std::move(result), {}, {}}; }

}  // namespace

SqsService::EntryPtr SqsService::find_arn(const std::string& arn) const {
  const std::string name = arn.substr(arn.rfind(':') + 1);
  return world_.arn("sqs", name) == arn ? find(name) : nullptr;
}

bool SqsService::is_dead_letter_queue(const std::string& arn) const {
  return std::ranges::any_of(queues_, [&](const auto& named) {
    const auto& redrive = named.second->queue.settings().redrive;
    return redrive && redrive->target_arn == arn;
  });
}

std::optional<ApiError> SqsService::check_move(const MoveTask& task) const {
  const EntryPtr source = find_arn(task.source_arn);
  if (!source) {
    return sqs_no_resource(
        "The resource that you specified for the SourceArn parameter doesn't "
        "exist.");
  }
  if (!is_dead_letter_queue(task.source_arn)) {
    return sqs_invalid("Source queue must be configured as a Dead Letter Queue.");
  }
  if (!task.destination_arn.empty()) {
    const EntryPtr destination = find_arn(task.destination_arn);
    if (!destination) {
      return sqs_no_resource(
          "The resource that you specified for the DestinationArn parameter "
          "doesn't exist.");
    }
    if (destination == source) {
      return sqs_invalid("Source queue and destination queue must not be the same.");
    }
    if (destination->queue.settings().fifo != source->queue.settings().fifo) {
      return sqs_invalid("Source queue and destination queue must be of the same type.");
    }
  }
  if (task.rate < 0 || task.rate > kRateMax) {
    return sqs_invalid("MaxNumberOfMessagesPerSecond must be between 1 and 500.");
  }
  const auto active = [](const MoveTaskPtr& other) {
    return other->status == "RUNNING" || other->status == "CANCELLING";
  };
  const auto same = [&](const MoveTaskPtr& other) {
    return active(other) && other->source_arn == task.source_arn;
  };
  if (std::ranges::any_of(moves_, same)) {
    return sqs_unsupported(
        "There is already a task running. Only one active task is allowed for "
        "a source queue arn at a given time.");
  }
  if (std::ranges::count_if(moves_, active) >= static_cast<std::ptrdiff_t>(kTasksRunningMax)) {
    return sqs_unsupported("The maximum number of active message move tasks has been reached.");
  }
  return std::nullopt;
}

ApiOutcome SqsService::start_message_move_task(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kSqs);
  auto task = std::make_shared<MoveTask>();
  task->source_arn = args.required_text("SourceArn");
  task->destination_arn = args.text_or("DestinationArn", {});
  task->rate = args.integer_or("MaxNumberOfMessagesPerSecond", 0);
  if (args.error()) return *args.error();
  if (args.has("MaxNumberOfMessagesPerSecond") && task->rate == 0) task->rate = -1;
  if (auto error = check_move(*task)) return *error;
  task->handle = base64_encode(
      dump_json({{"taskId", world_.random().uuid()}, {"sourceArn", task->source_arn}}));
  task->to_move = static_cast<std::int64_t>(find_arn(task->source_arn)->queue.counts().visible);
  task->started_at = world_.clock().now();
  task->started = world_.clock().steady_now();
  if (moves_.size() >= kTasksKeptMax) moves_.erase(moves_.begin());
  moves_.push_back(task);
  schedule_move(task);
  return answer({{"TaskHandle", task->handle}});
}

void SqsService::schedule_move(const MoveTaskPtr& task) {
  world_.after(kTick, [this, task] { move_some(task); });
}

// What was wrong, empty if nothing was.
std::string SqsService::move_one(const MoveTask& task, Entry& source) {
  auto message = source.queue.take_away();
  const std::string arn =
      task.destination_arn.empty() ? message->dead_letter_source_arn : task.destination_arn;
  const EntryPtr target = arn.empty() ? nullptr : find_arn(arn);
  if (!target) {
    source.queue.adopt(std::move(*message));
    return arn.empty() ? "CouldNotDetermineMessageSource"
                       : "AWS.SimpleQueueService.NonExistentQueue";
  }
  message->receive_count = 0;
  message->receipt.clear();
  message->dead_letter_source_arn.clear();
  // Its old deduplication id would let a queue that saw it minutes ago swallow it.
  if (target->queue.settings().fifo) message->deduplication_id = world_.random().uuid();
  target->queue.send(std::move(*message), std::nullopt);
  ++target->sent;
  target->arrived.notify();
  return {};
}

void SqsService::move_some(const MoveTaskPtr& task) {
  const EntryPtr source = find_arn(task->source_arn);
  const base::SteadyPoint now = world_.clock().steady_now();
  if (task->status == "CANCELLING") {
    task->status = "CANCELLED";
    return;
  }
  if (!source || now - task->started > kTaskMax) {
    task->status = "FAILED";
    task->failure_reason = source ? "TaskTimeout" : "AWS.SimpleQueueService.NonExistentQueue";
    return;
  }
  const std::int64_t rate = task->rate > 0 ? task->rate : kRateMax;
  const auto ran = std::chrono::duration_cast<std::chrono::milliseconds>(now - task->started);
  while (task->moved < rate * ran.count() / 1'000) {
    if (!source->queue.has_visible()) {
      task->status = "COMPLETED";
      return;
    }
    task->failure_reason = move_one(*task, *source);
    if (!task->failure_reason.empty()) {
      task->status = "FAILED";
      return;
    }
    ++task->moved;
  }
  schedule_move(task);
}

ApiOutcome SqsService::list_message_move_tasks(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kSqs);
  const std::string source = args.required_text("SourceArn");
  const std::int64_t max = args.integer_or("MaxResults", 1);
  if (args.error()) return *args.error();
  if (!find_arn(source)) {
    return sqs_no_resource(
        "The resource that you specified for the SourceArn parameter doesn't "
        "exist.");
  }
  Json results = Json::array();
  for (auto it = moves_.rbegin(); it != moves_.rend(); ++it) {
    const MoveTask& task = **it;
    if (task.source_arn != source) continue;
    if (static_cast<std::int64_t>(results.size()) ==
        std::clamp(max, std::int64_t(1), kTasksShownMax))
      break;
    Json shown = {{"Status", task.status},
                  {"SourceArn", task.source_arn},
                  {"ApproximateNumberOfMessagesMoved", task.moved},
                  {"ApproximateNumberOfMessagesToMove", task.to_move},
                  {"StartedTimestamp", unix_milliseconds(task.started_at)}};
    if (task.status == "RUNNING") shown["TaskHandle"] = task.handle;
    if (!task.destination_arn.empty()) shown["DestinationArn"] = task.destination_arn;
    if (task.rate > 0) shown["MaxNumberOfMessagesPerSecond"] = task.rate;
    if (!task.failure_reason.empty()) shown["FailureReason"] = task.failure_reason;
    results.push_back(std::move(shown));
  }
  return answer({{"Results", std::move(results)}});
}

ApiOutcome SqsService::cancel_message_move_task(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kSqs);
  const std::string handle = args.required_text("TaskHandle");
  if (args.error()) return *args.error();
  const auto found =
      std::ranges::find(moves_, handle, [](const auto& task) { return task->handle; });
  if (found == moves_.end()) return sqs_no_resource("Task does not exist.");
  if ((*found)->status != "RUNNING") {
    return sqs_unsupported("Only active tasks can be cancelled.");
  }
  (*found)->status = "CANCELLING";
  return answer({{"ApproximateNumberOfMessagesMoved", (*found)->moved}});
}

}  // namespace sim
