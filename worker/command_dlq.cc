// `dlq`: dispatch, and the commands that only look.
#include "worker/command_dlq.h"

#include "dlq/ndjson.h"
#include "dlq/survey.h"
#include "worker/commands.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ostream>

namespace worker {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kPeekBody = 160;
constexpr std::size_t kShowLook = 0;  // as many as there are

struct Command {
  const char* name;
  unsigned bit;
  int (*run)(DlqRun&);
};
constexpr Command kCommands[] = {{"dlq ls", kDlqLs, dlq_ls},
                                 {"dlq peek", kDlqPeek, dlq_peek},
                                 {"dlq show", kDlqShow, dlq_show},
                                 {"dlq replay", kDlqReplay, dlq_replay},
                                 {"dlq export", kDlqExport, dlq_export},
                                 {"dlq import", kDlqImport, dlq_import},
                                 {"dlq purge", kDlqPurge, dlq_purge}};

std::string dumped(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string age_of(base::TimePoint time, base::TimePoint now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - time).count();
  if (seconds < 120) return fmt::format("{}s", seconds);
  if (seconds < 7'200) return fmt::format("{}m", seconds / 60);
  if (seconds < 172'800) return fmt::format("{}h", seconds / 3'600);
  return fmt::format("{}d", seconds / 86'400);
}

// One line that a terminal can show, whatever is in the text.
std::string on_one_line(const std::string& text, std::size_t bytes_max) {
  std::string line = text.substr(0, bytes_max);
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  // What is no UTF-8, or was cut in the middle of a character, comes back as a replacement.
  line = Json::parse(dumped(Json(line))).get<std::string>();
  return text.size() > bytes_max ? line + "..." : line;
}

void print_queue(const dlq::SurveyedQueue& queue, base::TimePoint now, std::ostream& out) {
  std::vector<std::string> kinds;
  for (const auto& [kind, count] : queue.by_kind)
    kinds.push_back(fmt::format("{} {}", count, kind));
  std::vector<std::string> sources;
  for (const std::string& source : queue.sources) sources.push_back(dlq::queue_name(source));
  out << fmt::format(
      "{:<40} {:>9} {:>8}  {:<28} {}\n", queue.name, queue.depth.total(),
      queue.oldest ? age_of(*queue.oldest, now) : "-", fmt::join(sources, ","),
      queue.error ? queue.error->to_string() : fmt::format("{}", fmt::join(kinds, ", ")));
}

Json json_of(const dlq::SurveyedQueue& queue) {
  Json json = {{"queue", queue.name},
               {"arn", queue.arn},
               {"visible", queue.depth.visible},
               {"in_flight", queue.depth.in_flight},
               {"delayed", queue.depth.delayed},
               {"sources", queue.sources},
               {"sampled", queue.sampled},
               {"kinds", queue.by_kind}};
  if (queue.oldest) json["oldest"] = base::format_rfc3339(*queue.oldest);
  if (queue.error) json["error"] = queue.error->to_string();
  return json;
}

void print_letter(const aws::SqsMessage& message, const dlq::Letter& letter, base::TimePoint now,
                  std::ostream& out) {
  const auto& record = letter.record;
  out << fmt::format("{}  {} old  {} receives  {}  from {}\n", message.message_id,
                     age_of(record.first_seen, now), message.receive_count, record.error_kind,
                     record.source_queue.empty() ? "?" : record.source_queue);
  if (!record.reason.empty()) out << "    " << on_one_line(record.reason, kPeekBody) << "\n";
  out << "    " << on_one_line(message.body, kPeekBody) << "\n";
}

}  // namespace

int run_dlq(const CommandLine& line, const Config& config, std::istream& in, std::ostream& out,
            std::ostream& err) {
  const auto* command = std::begin(kCommands);
  while (line.command != command->name) ++command;
  auto arguments = read_dlq_arguments(line.dlq_options, command->bit);
  if (!arguments) {
    fail(err, arguments.error());
    return kExitUsage;
  }
  arguments->queue = line.dlq_queue;
  arguments->id = line.dlq_id;
  arguments->file = line.dlq_file;
  // A filter that cannot be read is wrong usage, before anybody is asked.
  const auto filter = dlq::Filter::parse(arguments->filter);
  if (!filter) {
    fail(err, filter.error());
    return kExitUsage;
  }
  // A limit on the size of files is an error of that write; it must not end the process.
  std::signal(SIGXFSZ, SIG_IGN);
  CommandSession session(config);
  if (!session.aws) return fail_to_start(err, session.aws.error());
  dlq::Stop stop;
  int signal = 0;
  boost::asio::signal_set signals(session.loop.executor(), SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code& error, int number) {
    if (error) return;
    signal = number;
    stop.request();
    err << "\nautorecycle: stopping; what is held goes back (again: at once)\n" << std::flush;
    signals.async_wait([](const boost::system::error_code& second, int again) {
      if (!second) ::_exit(kExitSignal + again);
    });
  });
  DlqRun run{
      session, std::move(*arguments), config.output.value_or(Output::kTable), in, out, err, stop,
      signal};
  return command->run(run);
}

int dlq_ls(DlqRun& run) {
  const auto queues = run.session.loop.run<std::vector<dlq::SurveyedQueue>>(
      dlq::survey(run.context(), run.arguments.queue, run.arguments.sample, run.stop));
  if (!queues) return fail(run.err, queues.error());
  const auto now = run.session.clock.now();
  if (run.output == Output::kJson) {
    for (const dlq::SurveyedQueue& queue : *queues) run.out << dumped(json_of(queue)) << "\n";
    return kExitOk;
  }
  if (queues->empty()) {
    run.err << "autorecycle: no queue's redrive policy names a dead-letter queue here\n";
    return kExitOk;
  }
  run.out << fmt::format("{:<40} {:>9} {:>8}  {:<28} {}\n", "QUEUE", "LETTERS", "OLDEST", "OF",
                         "KINDS (sample)");
  for (const dlq::SurveyedQueue& queue : *queues) print_queue(queue, now, run.out);
  return kExitOk;
}

namespace {

base::Result<dlq::Visited> visit(DlqRun& run, dlq::VisitOptions options, dlq::Visit each) {
  const auto queue = run.session.loop.run<dlq::SurveyedQueue>(
      dlq::describe_queue(run.context(), run.arguments.queue));
  if (!queue) return queue.error();
  options.queue = queue->url;
  options.visibility = run.arguments.visibility;
  auto filter = dlq::Filter::parse(run.arguments.filter);
  if (!filter) return filter.error();
  options.filter = std::move(*filter);
  return run.session.loop.run<dlq::Visited>(
      dlq::visit_letters(run.context(), std::move(options), std::move(each), run.stop));
}

}  // namespace

int dlq_peek(DlqRun& run) {
  dlq::VisitOptions options;
  options.max = run.arguments.count;
  const auto now = run.session.clock.now();
  const auto visited =
      visit(run, options,
            [&](const aws::SqsMessage& message, const dlq::Letter& letter) -> base::Result<bool> {
              if (run.output == Output::kJson) {
                run.out << dlq::to_line(message, letter) << "\n";
              } else {
                print_letter(message, letter, now, run.out);
              }
              return true;
            });
  if (!visited) return fail(run.err, visited.error());
  if (visited->matched == 0) {
    run.err << fmt::format("autorecycle: none of {} letters looked at\n", visited->looked_at);
  }
  return kExitOk;
}

int dlq_show(DlqRun& run) {
  dlq::VisitOptions options;
  options.max = 1;
  options.look_max = kShowLook;
  options.every_attribute = true;
  run.arguments.filter.ids = {run.arguments.id};
  const auto visited =
      visit(run, options,
            [&](const aws::SqsMessage& message, const dlq::Letter& letter) -> base::Result<bool> {
              Json json = Json::parse(dlq::to_line(message, letter));
              const auto& record = letter.record;
              // A letter that no worker of ours wrote does not say when it last failed.
              const Json last_seen = record.last_seen == base::TimePoint()
                                         ? Json()
                                         : Json(base::format_rfc3339(record.last_seen));
              json["record"] = {{"attempts", record.attempts},
                                {"firstSeen", base::format_rfc3339(record.first_seen)},
                                {"lastSeen", last_seen},
                                {"consumer", record.consumer},
                                {"version", record.version},
                                {"traceId", record.trace_id},
                                {"messageId", record.message_id},
                                {"replays", record.replays}};
              run.out << json.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
              return true;
            });
  if (!visited) return fail(run.err, visited.error());
  if (visited->matched > 0) return kExitOk;
  return fail(run.err, {base::ErrorKind::kNotFound,
                        {},
                        fmt::format("no letter {} among {} in '{}'", run.arguments.id,
                                    visited->looked_at, run.arguments.queue),
                        {}});
}

}  // namespace worker
