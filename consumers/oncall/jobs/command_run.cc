#include "consumers/oncall/jobs/command_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace consumers::oncall {

namespace {

constexpr std::size_t kCommentMax = 100;
constexpr std::size_t kOutputMax = 8'000;     // of each instance, in an answer
constexpr std::size_t kOutputsMax = 120'000;  // of all of them: an answer has to fit a message
// A command that was sent is not known everywhere at once.
constexpr base::Duration kUnknownAtFirst{15'000};

bool is_over(const std::string& status) {
  return status != "Pending" && status != "InProgress" && status != "Delayed" &&
         status != "Cancelling";
}

}  // namespace

boost::asio::awaitable<base::Result<void>> CommandRun::send(std::vector<std::string> commands,
                                                            std::int64_t seconds_max,
                                                            std::string comment) {
  aws::SendCommandOptions options;
  options.instances = instances_;
  options.parameters = {{"commands", std::move(commands)},
                        {"executionTimeout", {std::to_string(seconds_max)}}};
  options.comment = cut(comment, kCommentMax);
  sent_ = clock_.steady_now();
  auto id = co_await ssm_.send_command(std::move(options));
  if (!id) co_return id.error();
  id_ = std::move(*id);
  co_return base::Result<void>();
}

// Whether it has ended everywhere. What has ended is not asked again.
boost::asio::awaitable<base::Result<base::Seen>> CommandRun::look() {
  bool all = true;
  for (const base::InstanceId& instance : instances_) {
    const auto known = seen_.find(instance);
    if (known != seen_.end() && is_over(known->second.status)) continue;
    auto invocation = co_await ssm_.get_command_invocation(id_, instance);
    if (invocation) {
      all = all && is_over(invocation->status);
      seen_[instance] = std::move(*invocation);
      continue;
    }
    const bool early = clock_.steady_now() - sent_ < kUnknownAtFirst;
    if (invocation.error().code != "InvocationDoesNotExist" || !early) {
      co_return invocation.error();
    }
    all = false;
  }
  co_return all ? base::Seen::kThere : base::Seen::kNotYet;
}

boost::asio::awaitable<base::Result<base::Seen>> CommandRun::finish(base::SteadyPoint deadline) {
  const auto over =
      co_await base::wait_until(clock_, {.interval = std::chrono::seconds(2), .deadline = deadline},
                                [this] { return look(); });
  if (!over || *over == base::Seen::kThere) co_return over;
  std::vector<base::InstanceId> running;
  for (const base::InstanceId& instance : instances_) {
    if (!is_over(seen_[instance].status)) running.push_back(instance);
  }
  const auto cancelled = co_await ssm_.cancel_command(id_, std::move(running));
  if (!cancelled) co_return cancelled.error();
  co_return base::Seen::kNotYet;
}

bool CommandRun::succeeded() const {
  return seen_.size() == instances_.size() &&
         std::ranges::all_of(seen_, [](const auto& one) { return one.second.status == "Success"; });
}

Json CommandRun::results() const {
  Json results = Json::array();
  const std::size_t most =
      std::min(kOutputMax, kOutputsMax / std::max<std::size_t>(1, 2 * instances_.size()));
  for (const base::InstanceId& instance : instances_) {
    Json one = {{"instance_id", instance.value}, {"status", "Pending"}};
    const auto seen = seen_.find(instance);
    if (seen != seen_.end()) {
      const aws::CommandInvocation& invocation = seen->second;
      one["status"] = invocation.details.empty() ? invocation.status : invocation.details;
      one["exit_code"] =
          invocation.response_code < 0 ? Json(nullptr) : Json(invocation.response_code);
      one["output"] = cut(invocation.output, most);
      one["error_output"] = cut(invocation.error_output, most);
    }
    results.push_back(std::move(one));
  }
  return results;
}

std::string CommandRun::what_failed() const {
  std::map<std::string, int> counted;
  for (const auto& [instance, invocation] : seen_) {
    if (invocation.status == "Success") continue;
    std::string what = invocation.details.empty() ? invocation.status : invocation.details;
    if (invocation.response_code > 0)
      what += fmt::format(" (exit code {})", invocation.response_code);
    ++counted[what];
  }
  std::string text;
  for (const auto& [what, count] : counted) {
    text += fmt::format("{}{} of {}: {}", text.empty() ? "" : "; ", count, instances_.size(), what);
  }
  return text;
}

}  // namespace consumers::oncall
