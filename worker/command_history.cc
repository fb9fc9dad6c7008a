#include "aws/cloudtrail.h"
#include "worker/cli.h"
#include "worker/command_session.h"
#include "worker/commands.h"
#include "worker/startup.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <ostream>

namespace worker {
namespace {

using consumers::recycle::PastRun;
using consumers::recycle::TrailEvents;

std::string text_of(base::TimePoint time) {
  return base::format_rfc3339(std::chrono::floor<std::chrono::seconds>(time));
}

std::string json_of(const std::vector<PastRun>& runs) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const PastRun& run : runs) {
    nlohmann::ordered_json entry = {{"group", run.group},
                                    {"run", run.run_id},
                                    {"result", run.result()},
                                    {"strategy", run.strategy},
                                    {"target", run.target},
                                    {"phase", run.phase},
                                    {"started", text_of(run.started_at)}};
    if (run.ended_at) entry["ended"] = text_of(*run.ended_at);
    if (!run.failure.empty()) entry["failure"] = run.failure;
    entry["by"] = run.by;
    list.push_back(std::move(entry));
  }
  return nlohmann::ordered_json{{"runs", std::move(list)}}.dump(2) + "\n";
}

}  // namespace

std::string render_history(const std::vector<PastRun>& runs, Output output) {
  if (output == Output::kJson) return json_of(runs);
  std::size_t widest = 5;
  for (const PastRun& run : runs) widest = std::max(widest, run.group.size());
  std::string text = fmt::format("{:<20}  {:<20}  {:<{}}  {:<12}  {:<9}  {}\n", "STARTED", "ENDED",
                                 "GROUP", widest, "STRATEGY", "RESULT", "TARGET");
  for (const PastRun& run : runs) {
    text += fmt::format("{:<20}  {:<20}  {:<{}}  {:<12}  {:<9}  {}\n", text_of(run.started_at),
                        run.ended_at ? text_of(*run.ended_at) : "", run.group, widest, run.strategy,
                        run.result(), run.target);
    if (!run.failure.empty()) text += fmt::format("{:<20}  {}\n", "", run.failure);
  }
  return text;
}

int run_history(const Config& config, std::ostream& out, std::ostream& err) {
  CommandSession session(config);
  if (!session.aws) return fail_to_start(err, session.aws.error());
  const base::TimePoint from = session.clock.now() - std::chrono::hours(24) * config.days;
  const auto found = session.loop.run<TrailEvents>(
      consumers::recycle::read_tag_events((*session.aws)->cloudtrail(), session.clock, from));
  if (!found) {
    base::Error error = found.error();
    if (is_about_the_endpoint(error)) append_advice(error, kEndpointAdvice);
    return fail(err, error);
  }
  const auto runs = consumers::recycle::past_runs(found->events, config.group);
  if (runs.empty() && config.output != Output::kJson) {
    out << "no recycle in the last " << config.days << " days\n";
  } else {
    out << render_history(runs, config.output.value_or(Output::kTable));
  }
  if (!found->complete) {
    err << "autorecycle: there are more events than are looked through; use --days for less\n";
  }
  return kExitOk;
}

}  // namespace worker
