#include "dlq/move_task.h"

#include "base/log.h"
#include "dlq/letter.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace dlq {

namespace asio = boost::asio;
using asio::awaitable;

namespace {

constexpr base::Duration kLook = std::chrono::seconds(1);
constexpr int kFailuresMax = 30;  // looks in a row
constexpr int kCancels = 5;

awaitable<std::optional<aws::MoveTask>> running_task(aws::Sqs& sqs, std::string source_arn) {
  const auto tasks = co_await sqs.list_message_move_tasks(std::move(source_arn));
  if (!tasks || tasks->empty() || tasks->front().status != "RUNNING") co_return std::nullopt;
  co_return tasks->front();
}

// The task that SQS has started although its answer never arrived.
bool is_ours(const base::Error& error, const aws::MoveTask& task, const MoveOptions& options,
             base::TimePoint asked) {
  constexpr base::Duration kClocksDiffer = std::chrono::minutes(1);
  return error.kind == base::ErrorKind::kRetry && task.started_at > asked - kClocksDiffer &&
         task.destination_arn == options.destination_arn;
}

void take_over(Summary& summary, const aws::MoveTask& task) {
  summary.sent = static_cast<std::size_t>(std::max(0LL, task.moved));
  summary.deleted = summary.sent;
  summary.matched = std::max(summary.sent, static_cast<std::size_t>(std::max(0LL, task.to_move)));
  summary.depth = std::max(summary.depth, task.to_move);
}

awaitable<void> follow(Context context, const MoveOptions& options, std::string handle,
                       const Stop& stop, Moved& moved) {
  Summary& summary = moved.summary;
  int failures = 0;
  int cancels = 0;
  while (true) {
    co_await context.clock.sleep_for(kLook);
    if (stop.requested() && cancels < kCancels) {
      ++cancels;
      const auto cancelled = co_await context.sqs.cancel_message_move_task(handle);
      if (cancelled) cancels = kCancels;
    }
    const auto tasks = co_await context.sqs.list_message_move_tasks(options.source_arn);
    if (!tasks || tasks->empty()) {
      if (++failures < kFailuresMax) continue;
      summary.ended = Ended::kFailed;
      summary.error = tasks ? base::fatal("the move task is not listed any more")
                            : tasks.error().while_doing("following the move task, which goes on");
      co_return;
    }
    failures = 0;
    const aws::MoveTask& task = tasks->front();
    take_over(summary, task);
    if (options.progress) options.progress(summary);
    if (task.status == "RUNNING" || task.status == "CANCELLING") continue;
    if (task.status == "COMPLETED") {
      summary.ended = Ended::kDone;
    } else if (task.status == "CANCELLED") {
      summary.ended = Ended::kStopped;
    } else if (task.failure_reason.find("CouldNotDetermineMessageSource") != std::string::npos) {
      moved.taken = false;
      moved.why_not = "SQS does not know where some of the letters came from (it has moved " +
                      std::to_string(summary.sent) + ")";
    } else {
      summary.ended = Ended::kFailed;
      summary.error = base::fatal("the move task failed: " + task.failure_reason);
    }
    co_return;
  }
}

}  // namespace

awaitable<base::Result<Moved>> move_all(Context context, MoveOptions options, const Stop& stop) {
  Moved moved;
  moved.taken = true;
  moved.summary.queue = queue_name(options.source_arn);
  moved.summary.move_task = true;
  aws::MoveTaskOptions task;
  task.source_arn = options.source_arn;
  task.destination_arn = options.destination_arn;
  task.rate = options.rate;
  const auto asked = context.clock.now();
  auto handle = co_await context.sqs.start_message_move_task(task);
  if (!handle) {
    const base::Error error = handle.error();
    const auto running = co_await running_task(context.sqs, options.source_arn);
    if (running && is_ours(error, *running, options, asked)) {
      co_await follow(context, options, running->handle, stop, moved);
      co_return moved;
    }
    if (running) {
      co_return base::invalid("a move task of '" + moved.summary.queue +
                              "' is running already; wait for its end, or cancel it with "
                              "`aws sqs cancel-message-move-task`");
    }
    // No such tasks on this server, no permission to have one, no queue that names this one: our
    // own replay has its own words for what is wrong, if that is wrong for it too.
    moved.taken = false;
    moved.why_not = error.to_string();
    co_return moved;
  }
  base::log_info("dlq", "move task started", {{"queue", moved.summary.queue}});
  co_await follow(context, options, std::move(*handle), stop, moved);
  co_return moved;
}

}  // namespace dlq
