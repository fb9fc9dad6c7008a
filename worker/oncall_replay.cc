#include "worker/oncall_replay.h"

#include "aws/digest.h"
#include "worker/dlq_replay.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace worker {
namespace {

using nlohmann::json;

base::Result<std::string> text_of(const std::string& name, const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  return base::invalid(fmt::format("{}: expected a text, a number, true, false or a list of them",
                                   name.substr(0, 80)));
}

bool is_for_terminals(const std::string& name) {
  return name == "checkpoint" || name == "resume" || name == "edit-command";
}

}  // namespace

base::Result<DlqArguments> replay_arguments(const std::string& params, bool dry_run) {
  const json parsed = json::parse(params, nullptr, false);
  if (!parsed.is_object()) return base::invalid("params: expected a JSON object");
  std::string queue;
  DlqSettings settings;
  for (const auto& [name, value] : parsed.items()) {
    if (is_for_terminals(name)) return base::invalid(name + ": not for jobs");
    const json list = value.is_array() ? value : json::array({value});
    for (const json& one : list) {
      auto text = text_of(name, one);
      if (!text) return text.error();
      if (name == "queue") {
        queue = std::move(*text);
      } else {
        settings.emplace_back(name, std::move(*text));
      }
    }
  }
  if (queue.empty()) return base::invalid("queue: missing; expected a queue's name, URL or ARN");
  auto arguments = read_dlq_arguments(settings, kDlqReplay);
  if (!arguments) return arguments.error();
  arguments->queue = std::move(queue);
  arguments->checkpoint = "off";
  arguments->dry_run = arguments->dry_run || dry_run;
  return arguments;
}

boost::asio::awaitable<base::Result<consumers::oncall::DeadLetterReplay::Outcome>>
OncallReplay::replay(std::string params, std::string request_id, bool dry_run) {
  auto arguments = replay_arguments(params, dry_run);
  if (!arguments) co_return arguments.error();
  ReplayRequest request;
  request.arguments = std::move(*arguments);
  request.run = aws::sha256_hex("oncall-replay-dlq/" + request_id);
  const auto summary = co_await run_replay(context_, std::move(request), never_);
  if (!summary) co_return summary.error();
  Outcome outcome;
  outcome.summary = dlq::to_json(*summary);
  outcome.canary_came_back = summary->ended == dlq::Ended::kCanary;
  outcome.transient = summary->error && summary->error->is_transient();
  outcome.complete = !dlq::leaves_something(*summary) && summary->ended != dlq::Ended::kFailed;
  co_return outcome;
}

}  // namespace worker
