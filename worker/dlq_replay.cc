#include "worker/dlq_replay.h"

#include "dlq/move_task.h"
#include "dlq/survey.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <utility>

namespace worker {

using boost::asio::awaitable;

namespace {

constexpr double kMoveTaskRateMax = 500;

bool is_plain(const DlqArguments& asked, const dlq::Filter& filter) {
  const bool rate_fits =
      asked.rate == 0 || (asked.rate <= kMoveTaskRateMax && std::floor(asked.rate) == asked.rate);
  return !asked.own_replay && !asked.resume && !asked.dry_run && asked.max == 0 &&
         asked.canary == 0 && asked.ramp == base::Duration(0) && asked.edits.empty() &&
         asked.edit_command.empty() && filter.takes_everything() && rate_fits;
}

// What is wrong before anything is received.
base::Result<void> check(const dlq::SurveyedQueue& queue, const DlqArguments& asked) {
  if (asked.to.empty() && queue.sources.empty() && !queue.own_letters.empty()) {
    return base::invalid(fmt::format(
        "'{}' is no dead-letter queue: no queue's redrive policy names it, and its own letters go "
        "to '{}'; to replay from it all the same, name a queue with --to",
        queue.name, queue.own_letters));
  }
  return {};
}

awaitable<base::Result<dlq::MoveOptions>> move_options(dlq::Context context,
                                                       dlq::SurveyedQueue queue,
                                                       DlqArguments asked) {
  dlq::MoveOptions options;
  options.source_arn = queue.arn;
  options.rate = static_cast<int>(asked.rate);
  // The only source is also that of letters that SQS did not move itself.
  std::string to = asked.to;
  if (to.empty() && queue.sources.size() == 1) to = queue.sources.front();
  if (!to.empty()) {
    const auto described = co_await dlq::describe_queue(context, to);
    if (!described) co_return described.error();
    if (described->url == queue.url) {
      co_return base::invalid("--to: '" + queue.name + "' is the dead-letter queue itself");
    }
    options.destination_arn = described->arn;
  }
  co_return options;
}

std::string checkpoint_of(const dlq::SurveyedQueue& queue, const DlqArguments& asked) {
  return asked.checkpoint.empty() ? default_checkpoint(queue.name) : asked.checkpoint;
}

base::Result<std::unique_ptr<dlq::Checkpoint>> open_checkpoint(dlq::Context context,
                                                               const dlq::SurveyedQueue& queue,
                                                               const ReplayRequest& request) {
  const DlqArguments& asked = request.arguments;
  dlq::ReplayState state;
  state.run = request.run.empty() ? context.random.uuid() : request.run;
  state.queue = queue.url.value;
  state.started = context.clock.now();
  const std::string file = checkpoint_of(queue, asked);
  if (file == "off" && asked.resume) {
    return base::invalid("--resume: needs the checkpoint, which is off");
  }
  if (file == "off" || asked.dry_run) return std::make_unique<dlq::Checkpoint>(std::move(state));
  if (!asked.resume) return dlq::Checkpoint::create(file, state);
  if (std::error_code error; !std::filesystem::exists(file, error)) {
    return base::invalid(
        fmt::format("--resume: there is no checkpoint {}; where SQS itself moved "
                    "the letters there is none, and the command without --resume "
                    "goes on",
                    file));
  }
  auto checkpoint = dlq::Checkpoint::resume(file);
  if (checkpoint && (*checkpoint)->state().queue != state.queue) {
    return base::invalid(fmt::format("checkpoint {}: is of queue {}, not of {}", file,
                                     (*checkpoint)->state().queue, state.queue));
  }
  return checkpoint;
}

}  // namespace

std::string default_checkpoint(const std::string& queue) {
  return "autorecycle-replay-" + queue + ".checkpoint";
}

awaitable<base::Result<dlq::Summary>> run_replay(dlq::Context context, ReplayRequest request,
                                                 const dlq::Stop& stop) {
  const DlqArguments& asked = request.arguments;
  auto filter = dlq::Filter::parse(asked.filter);
  if (!filter) co_return filter.error();
  auto edit = dlq::Edit::parse(asked.edits);
  if (!edit) co_return edit.error();
  const auto remark = [&request](const std::string& text) {
    if (request.remark) request.remark(text);
  };

  auto queue = co_await dlq::describe_queue(context, asked.queue);
  if (!queue) co_return queue.error();
  const auto fine = check(*queue, asked);
  if (!fine) co_return fine.error();
  if (!asked.to.empty()) {
    const auto target = co_await dlq::find_queue(context.sqs, asked.to);
    if (!target) co_return target.error().while_doing("finding --to");
    if (dlq::queue_name(target->url.value) == queue->name) {
      co_return base::invalid("--to: '" + queue->name + "' is the dead-letter queue itself");
    }
  }
  if (!queue->own_letters.empty()) {
    remark(
        fmt::format("'{}' has a redrive policy of its own: looking at a letter counts, and one "
                    "that was looked at too often goes on to '{}'",
                    queue->name, queue->own_letters));
  }

  if (is_plain(asked, *filter)) {
    // A move task would send again what an unfinished replay has sent and not yet deleted.
    const std::string file = checkpoint_of(*queue, asked);
    if (file != "off") {
      const auto is_new = dlq::Checkpoint::must_be_new(file);
      if (!is_new) co_return is_new.error();
    }
    auto options = co_await move_options(context, *queue, asked);
    if (!options) co_return options.error();
    options->progress = request.progress;
    auto moved = co_await dlq::move_all(context, std::move(*options), stop);
    if (!moved) co_return moved.error();
    if (moved->taken) co_return moved->summary;
    remark("not by SQS's own move task: " + moved->why_not);
  }

  auto checkpoint = open_checkpoint(context, *queue, request);
  if (!checkpoint) co_return checkpoint.error();
  dlq::ReplayOptions options;
  options.queue = queue->url;
  options.to = asked.to;
  for (const std::string& source : queue->sources) options.sources.emplace_back(source);
  options.filter = std::move(*filter);
  options.edit = std::move(*edit);
  options.edit_command = request.edit_command;
  options.rate = asked.rate;
  options.ramp = asked.ramp;
  options.max = asked.max;
  options.canary = asked.canary;
  options.canary_wait = asked.canary_wait;
  options.dry_run = asked.dry_run;
  options.visibility = asked.visibility;
  options.progress = request.progress;
  dlq::Replay replay(context, std::move(options), **checkpoint, stop);
  dlq::Summary summary = co_await replay.run();
  // With nothing left to go on with, the next replay begins anew. One that never moved anything
  // has nothing to go on with either.
  const bool nothing_sent = summary.sent + summary.sent_before + summary.possibly_twice == 0;
  const bool over = summary.ended == dlq::Ended::kDone || summary.ended == dlq::Ended::kLimit;
  if (nothing_sent || (over && summary.undeleted == 0)) (*checkpoint)->finished();
  co_return summary;
}

}  // namespace worker
