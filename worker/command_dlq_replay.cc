// `dlq replay`.
#include "aws/child_process.h"
#include "worker/command_dlq.h"
#include "worker/commands.h"
#include "worker/dlq_replay.h"
#include "worker/progress.h"

#include <fmt/format.h>

#include <ostream>

namespace worker {
namespace {

constexpr std::size_t kEditedBytesMax = 4U << 20U;

boost::asio::awaitable<base::Result<std::string>> edit_by_program(base::Clock& clock,
                                                                  std::vector<std::string> words,
                                                                  std::string input) {
  aws::ProcessLimits limits;
  limits.bytes_max = kEditedBytesMax;
  limits.input = std::move(input);
  const std::string program = words.front();
  auto ended = co_await aws::run_process(clock, std::move(words), std::move(limits));
  if (!ended) co_return ended.error();
  if (ended->exit_code != 0) {
    co_return base::invalid(fmt::format("the edit command {} ended with exit code {}: {}", program,
                                        ended->exit_code,
                                        aws::without_secrets(ended->errors, 200)));
  }
  co_return std::move(ended->output);
}

base::Result<dlq::EditCommand> edit_command(DlqRun& run) {
  if (run.arguments.edit_command.empty()) return dlq::EditCommand();
  const auto words = aws::split_command(run.arguments.edit_command);
  if (!words) return words.error().while_doing("reading --edit-command");
  if (words->empty()) return base::invalid("--edit-command: no program in it");
  return dlq::EditCommand([&run, words = *words](std::string input) {
    return edit_by_program(run.session.clock, words, std::move(input));
  });
}

using Line = std::pair<const char*, std::string>;

std::vector<Line> lines_of(const dlq::Summary& summary) {
  std::vector<Line> lines = {
      {"queue", summary.queue},
      {"ended", dlq::to_string(summary.ended)},
      {summary.dry_run ? "would be sent" : "sent", std::to_string(summary.sent)}};
  const auto add = [&lines](const char* name, long long count) {
    if (count > 0) lines.emplace_back(name, std::to_string(count));
  };
  add("sent before the resume", static_cast<long long>(summary.sent_before));
  add("looked at", static_cast<long long>(summary.looked_at));
  add("kept", static_cast<long long>(summary.kept));
  add("newer than the replay", static_cast<long long>(summary.newer));
  add("came back", static_cast<long long>(summary.came_back));
  add("could not be sent", static_cast<long long>(summary.failed));
  add("without a target", static_cast<long long>(summary.no_target));
  add("possibly sent twice", static_cast<long long>(summary.possibly_twice));
  add("sent, not yet deleted", static_cast<long long>(summary.undeleted));
  add("hidden until their timeout", static_cast<long long>(summary.not_returned));
  add("in somebody else's hands", summary.elsewhere);
  add("not handed out by SQS", summary.blocked);
  return lines;
}

}  // namespace

void print_summary(const dlq::Summary& summary, Output output, std::ostream& out) {
  if (output == Output::kJson) {
    out << dlq::to_json(summary) << "\n";
    return;
  }
  for (const auto& [name, value] : lines_of(summary))
    out << fmt::format("{:<28} {}\n", name, value);
  for (const auto& [kind, count] : summary.by_kind)
    out << fmt::format("  of kind {:<18} {}\n", kind, count);
  for (const auto& [target, count] : summary.by_target)
    out << fmt::format("  to {:<23} {}\n", target, count);
}

int exit_code_of(const dlq::Summary& summary, int signal) {
  if (summary.ended == dlq::Ended::kFailed) return kExitFailed;
  if (summary.ended == dlq::Ended::kStopped) return signal > 0 ? kExitSignal + signal : kExitFailed;
  const bool left = dlq::leaves_something(summary) || summary.ended == dlq::Ended::kCanary;
  return left ? kExitLeft : kExitOk;
}

int dlq_replay(DlqRun& run) {
  auto command = edit_command(run);
  if (!command) {
    fail(run.err, command.error());
    return kExitUsage;
  }
  Progress progress(run.err, stderr_is_terminal(), run.session.clock);
  ReplayRequest request;
  request.arguments = run.arguments;
  request.edit_command = std::move(*command);
  request.progress = [&progress](const dlq::Summary& summary) { progress.show(summary); };
  request.remark = [&run](const std::string& text) { run.err << "autorecycle: " << text << "\n"; };
  const auto summary =
      run.session.loop.run<dlq::Summary>(run_replay(run.context(), std::move(request), run.stop));
  progress.end();
  if (!summary) return fail_to_start(run.err, summary.error());
  print_summary(*summary, run.output, run.out);
  for (const std::string& problem : summary->problems) {
    run.err << "autorecycle: " << problem << "\n";
  }
  if (summary->error) fail(run.err, *summary->error);
  const bool resumable = summary->ended == dlq::Ended::kStopped ||
                         summary->ended == dlq::Ended::kFailed ||
                         summary->ended == dlq::Ended::kCanary;
  if (resumable && summary->move_task) {
    run.err << "autorecycle: what SQS has not moved is still there; the same command goes on\n";
  } else if (resumable && !summary->dry_run && run.arguments.checkpoint != "off" &&
             summary->sent + summary->sent_before + summary->possibly_twice > 0) {
    run.err << "autorecycle: the same command with --resume goes on\n";
  }
  return exit_code_of(*summary, run.signal);
}

}  // namespace worker
