#include "consumers/recycle/gates/hook_runner.h"

#include "base/log.h"
#include "consumers/recycle/gates/outside.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace consumers::recycle {
namespace {

constexpr const char* kLogger = "consumers";
constexpr std::size_t kAnswerBytesMax = 1U << 20U;
constexpr std::size_t kFailureMax = 160;  // it is kept in the journal's tags

std::string body_of(const RunHook& hook, const Snapshot& snapshot) {
  const Journal& journal = hook.done;
  nlohmann::ordered_json json = {{"hook", to_string(hook.point)},
                                 {"key", hook.key},
                                 {"run", journal.run_id},
                                 {"group", snapshot.group.name.value},
                                 {"strategy", to_string(journal.strategy)},
                                 {"target", snapshot.target.describe()}};
  if (!hook.instance.empty()) {
    json["instance"] = hook.instance.value;
    const auto facts = snapshot.facts.find(hook.instance);
    json["private_ip"] = facts == snapshot.facts.end() ? "" : facts->second.private_ip;
  }
  if (hook.point == HookPoint::kAfterEnd) {
    json["result"] = journal.failure.empty() ? "succeeded" : "failed";
    if (!journal.failure.empty()) json["failure"] = journal.failure;
  }
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

struct Attempt {
  std::string failure;  // empty: it went well
  bool final = false;   // another attempt would not help
};

// `url` may hold a token: only what the client says of the network is repeated, never the URL.
boost::asio::awaitable<Attempt> post(Services services, base::Secret url, std::string key,
                                     std::string body, base::Duration timeout) {
  base::HttpRequest request;
  request.method = "POST";
  request.url = url.expose();
  request.headers = {{"Content-Type", "application/json"},
                     {"Idempotency-Key", std::move(key)},
                     {"User-Agent", "autorecycle"}};
  request.body = std::move(body);
  aws::HttpOptions options;
  options.timeout = timeout;
  options.body_bytes_max = kAnswerBytesMax;
  const auto response = co_await services.outside->http.send(std::move(request), options);
  if (!response) co_return Attempt{response.error().code, !response.error().is_transient()};
  const int status = response->status;
  if (status >= 200 && status < 300) co_return Attempt{};
  const bool final = status < 500 && status != 408 && status != 429;
  co_return Attempt{fmt::format("status {}, expected 200-299", status), final};
}

boost::asio::awaitable<Attempt> run_words(Services services, std::vector<std::string> words,
                                          std::string body, base::Duration timeout) {
  const auto output =
      co_await services.outside->run(std::move(words), program_limits(timeout, body + "\n"));
  if (!output) co_return Attempt{output.error().to_string(), !output.error().is_transient()};
  if (output->exit_code == 0) co_return Attempt{};
  co_return Attempt{describe_failure(*output), false};
}

boost::asio::awaitable<std::string> attempt_all(Services services, RunHook hook,
                                                base::GroupName group, std::string body) {
  const bool known = services.outside != nullptr && services.outside->hooks.contains(hook.name);
  if (!known) co_return fmt::format("this worker's configuration has no hook \"{}\"", hook.name);
  const Hook target = services.outside->hooks.at(hook.name);
  Attempt last;
  base::Duration pause = kHookPause;
  for (int attempt = 1; attempt <= kHookAttempts; ++attempt) {
    if (target.url.empty()) {
      last = co_await run_words(services, target.words, body, hook.timeout);
    } else {
      last = co_await post(services, target.url, hook.key, body, hook.timeout);
    }
    if (last.failure.empty() || last.final) break;
    if (attempt == kHookAttempts) break;
    base::log_warn(
        kLogger, "hook failed, trying again",
        {{"group", group.value}, {"hook", hook.name}, {"key", hook.key}, {"error", last.failure}});
    co_await services.clock.sleep_for(pause);
    pause *= 2;
  }
  co_return last.failure;
}

}  // namespace

boost::asio::awaitable<HookOutcome> run_hook(Services services, RunHook hook, Snapshot snapshot) {
  HookOutcome outcome;
  outcome.failure =
      co_await attempt_all(services, hook, snapshot.group.name, body_of(hook, snapshot));
  if (outcome.failure.empty()) {
    outcome.write.journal = std::move(hook.done);
    co_return outcome;
  }
  base::log_warn(kLogger,
                 hook.failed ? "hook failed, the run is given up" : "hook failed, going on without",
                 {{"group", snapshot.group.name.value},
                  {"hook", hook.name},
                  {"key", hook.key},
                  {"error", outcome.failure}});
  if (!hook.failed) {
    outcome.write.journal = std::move(hook.done);
    co_return outcome;
  }
  outcome.write.journal = *std::move(hook.failed);
  std::string& failure = outcome.write.journal.failure;
  failure = fmt::format("{} failed: {}", failure, outcome.failure).substr(0, kFailureMax);
  co_return outcome;
}

}  // namespace consumers::recycle
