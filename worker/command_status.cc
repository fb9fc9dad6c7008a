#include "consumers/recycle/status.h"
#include "worker/cli.h"
#include "worker/command_session.h"
#include "worker/commands.h"
#include "worker/startup.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <ostream>

namespace worker {
namespace {

namespace recycle = consumers::recycle;
using boost::asio::awaitable;
using recycle::GroupStatus;

constexpr const char* kDrawAnew = "\x1b[H\x1b[2J";

std::string text_of(base::TimePoint time) {
  return base::format_rfc3339(std::chrono::floor<std::chrono::seconds>(time));
}

nlohmann::ordered_json json_of(const GroupStatus& status) {
  nlohmann::ordered_json json = {{"group", status.group},
                                 {"state", recycle::to_string(status.state)},
                                 {"strategy", status.strategy}};
  const auto add = [&](const char* name, const std::string& text) {
    if (!text.empty()) json[name] = text;
  };
  const auto add_time = [&](const char* name, const std::optional<base::TimePoint>& time) {
    if (time) json[name] = text_of(*time);
  };
  add("phase", status.phase);
  add("run", status.run_id);
  add("target", status.target);
  json["desired"] = status.desired;
  json["old"] = status.old_instances;
  json["new"] = status.new_instances;
  json["new_ready"] = status.new_ready;
  add("step", status.step);
  add("failure", status.failure);
  add_time("started", status.started_at);
  add_time("phase_since", status.phase_at);
  add_time("deadline", status.deadline);
  add_time("opens", status.until);
  return json;
}

std::string json_of(const StatusReport& report, bool one_line) {
  nlohmann::ordered_json groups = nlohmann::ordered_json::array();
  for (const GroupStatus& status : report.groups) groups.push_back(json_of(status));
  nlohmann::ordered_json queues = nlohmann::ordered_json::array();
  for (const QueueDepth& queue : report.queues) {
    nlohmann::ordered_json entry = {{"queue", queue.role}, {"name", queue.name}};
    if (queue.problem.empty()) {
      entry["waiting"] = queue.waiting;
      entry["in_hand"] = queue.in_hand;
    } else {
      entry["problem"] = queue.problem;
    }
    queues.push_back(std::move(entry));
  }
  const nlohmann::ordered_json all = {{"groups", std::move(groups)}, {"queues", std::move(queues)}};
  using Handler = nlohmann::ordered_json::error_handler_t;
  return all.dump(one_line ? -1 : 2, ' ', false, Handler::replace) + "\n";
}

// "2h05m", "42s".
std::string lasting(base::TimePoint from, base::TimePoint to) {
  const auto seconds = std::max<std::int64_t>(
      0, std::chrono::duration_cast<std::chrono::seconds>(to - from).count());
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3'600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  return fmt::format("{}h{:02}m", seconds / 3'600, seconds / 60 % 60);
}

std::string table_of(const StatusReport& report, base::TimePoint now) {
  std::size_t widest = 5;
  for (const GroupStatus& status : report.groups) widest = std::max(widest, status.group.size());
  std::string text;
  if (report.groups.empty()) {
    text += "nothing is being recycled, and nothing waits to be\n";
  } else {
    text += fmt::format("{:<{}}  {:<10}  {:<12}  {:<8}  {:>4}  {:>4}  {:>5}  {:>7}  {}\n", "GROUP",
                        widest, "STATE", "STRATEGY", "PHASE", "OLD", "NEW", "READY", "SINCE",
                        "DEADLINE");
  }
  for (const GroupStatus& status : report.groups) {
    text += fmt::format("{:<{}}  {:<10}  {:<12}  {:<8}  {:>4}  {:>4}  {:>5}  {:>7}  {}\n",
                        status.group, widest, recycle::to_string(status.state), status.strategy,
                        status.phase.empty() ? "-" : status.phase, status.old_instances,
                        status.new_instances, status.new_ready,
                        status.started_at ? lasting(*status.started_at, now) : "-",
                        status.deadline ? text_of(*status.deadline) : "-");
    const auto line = [&](std::string_view name, const std::string& what) {
      if (!what.empty()) text += fmt::format("    {}{}\n", name, what);
    };
    line("", status.step);
    if (status.until) line("opens ", text_of(*status.until));
    line("because ", status.failure);
  }
  for (const QueueDepth& queue : report.queues) {
    if (queue.problem.empty()) {
      text += fmt::format("queue {}: {} waiting, {} in hand\n", queue.name, queue.waiting,
                          queue.in_hand);
    } else {
      text += fmt::format("queue {}: {}\n", queue.name, queue.problem);
    }
  }
  return text;
}

long long number_in(const std::map<std::string, std::string>& attributes, const char* name) {
  const auto found = attributes.find(name);
  return found == attributes.end() ? 0 : std::strtoll(found->second.c_str(), nullptr, 10);
}

// A queue that cannot be read is no reason not to show the groups.
awaitable<QueueDepth> read_queue(aws::Sqs& sqs, std::string role, std::string name_or_url) {
  QueueDepth depth;
  depth.role = role;
  depth.name = queue_name_of(name_or_url);
  base::QueueUrl url(name_or_url);
  if (name_or_url.find("://") == std::string::npos) {
    const auto found = co_await sqs.get_queue_url(name_or_url);
    if (!found) {
      depth.problem = found.error().to_string();
      co_return depth;
    }
    url = *found;
  }
  const auto attributes = co_await sqs.get_queue_attributes(url);
  if (!attributes) {
    depth.problem = attributes.error().to_string();
    co_return depth;
  }
  depth.waiting = number_in(*attributes, "ApproximateNumberOfMessages") +
                  number_in(*attributes, "ApproximateNumberOfMessagesDelayed");
  depth.in_hand = number_in(*attributes, "ApproximateNumberOfMessagesNotVisible");
  co_return depth;
}

class Watcher {
 public:
  Watcher(const Config& config, recycle::Config recycle, AwsSession& aws, base::Clock& clock,
          std::vector<std::string> groups, std::ostream& out)
      : config_(config),
        recycle_(std::move(recycle)),
        aws_(aws),
        clock_(clock),
        eyes_(aws.services()),
        out_(out) {
    for (std::string& group : groups) names_.emplace_back(std::move(group));
  }

  awaitable<base::Result<void>> run() {
    for (;;) {
      auto report = co_await read();
      if (!report) {
        if (!config_.watch || !report.error().is_transient()) co_return report.error();
        // Whoever watches wants to go on watching.
      } else {
        show(*report);
      }
      if (!config_.watch || !out_.flush()) co_return base::Result<void>();
      co_await clock_.sleep_for(config_.watch_every);
    }
  }

 private:
  awaitable<base::Result<StatusReport>> read() {
    StatusReport report;
    auto groups = co_await recycle::read_status(aws_.services(), recycle_, eyes_, names_);
    if (!groups) co_return groups.error();
    report.groups = *std::move(groups);
    if (!names_.empty()) co_return report;
    if (!config_.events.queue.empty()) {
      report.queues.push_back(co_await read_queue(aws_.sqs(), "events", config_.events.queue));
    }
    if (!config_.recycles.queue.empty()) {
      report.queues.push_back(co_await read_queue(aws_.sqs(), "recycles", config_.recycles.queue));
    }
    co_return report;
  }

  void show(const StatusReport& report) {
    const bool json = config_.output == Output::kJson;
    if (!config_.watch) {
      out_ << render_status(report, json ? Output::kJson : Output::kTable, clock_.now());
      return;
    }
    if (json) {
      const std::string text = json_of(report, true);
      if (std::exchange(last_, text) != text) out_ << text;
      return;
    }
    if (::isatty(STDOUT_FILENO) != 0) {
      out_ << kDrawAnew << text_of(clock_.now()) << "\n\n" << table_of(report, clock_.now());
      return;
    }
    // Durations change all the time: what is compared is everything else.
    const std::string text = json_of(report, true);
    if (std::exchange(last_, text) == text) return;
    out_ << text_of(clock_.now()) << "\n" << table_of(report, clock_.now()) << "\n";
  }

  const Config& config_;
  recycle::Config recycle_;
  AwsSession& aws_;
  base::Clock& clock_;
  recycle::Observer eyes_;
  std::vector<base::GroupName> names_;
  std::ostream& out_;
  std::string last_;
};

awaitable<base::Result<bool>> watch(Watcher& watcher) {
  const auto ended = co_await watcher.run();
  if (!ended) co_return ended.error();
  co_return true;
}

}  // namespace

std::string render_status(const StatusReport& report, Output output, base::TimePoint now) {
  return output == Output::kJson ? json_of(report, false) : table_of(report, now);
}

int run_status(const Config& config, std::vector<std::string> groups, std::ostream& out,
               std::ostream& err) {
  const auto recycle = recycle_config(config);
  if (!recycle) {
    fail(err, recycle.error());
    return kExitUsage;
  }
  CommandSession session(config);
  if (!session.aws) return fail_to_start(err, session.aws.error());
  Watcher watcher(config, *recycle, **session.aws, session.clock, std::move(groups), out);
  const auto ended = session.loop.run<bool>(watch(watcher));
  if (!ended) {
    base::Error error = ended.error();
    if (is_about_the_endpoint(error)) append_advice(error, kEndpointAdvice);
    return fail(err, error);
  }
  return kExitOk;
}

}  // namespace worker
