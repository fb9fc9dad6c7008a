#include "worker/rounds.h"

#include "base/log.h"
#include "worker/large_payload.h"

#include <utility>

namespace worker {
namespace {

using boost::asio::awaitable;

// A worker that is restarted in a loop must not sweep all the time.
constexpr base::Duration kFirstWithin{5'000};
constexpr double kJitter = 0.25;

awaitable<void> send(Context& context, const std::map<std::string, QueueTarget>& routes,
                     consumers::Outgoing outgoing) {
  const auto route = routes.find(outgoing.queue);
  if (route == routes.end()) {
    base::log_warn("worker", "what was found has no queue here", {{"queue", outgoing.queue}});
    co_return;
  }
  aws::SendOptions options;
  options.queue = route->second.url;
  options.body = std::move(outgoing.body);
  if (route->second.fifo) {
    options.group_id = std::move(outgoing.group_id);
    options.deduplication_id = std::move(outgoing.deduplication_id);
  }
  const auto sent = co_await context.payloads.send(context.sqs, std::move(options));
  if (!sent) {
    base::log_warn("worker", "what was found could not be sent, it will be found again",
                   {{"queue", outgoing.queue}, {"error", sent.error().to_string()}});
  }
}

}  // namespace

awaitable<void> make_rounds(Context& context, consumers::Rounds& rounds,
                            std::map<std::string, QueueTarget> routes) {
  const auto scaled = [](base::Duration duration, double factor) {
    return base::Duration(
        static_cast<base::Duration::rep>(static_cast<double>(duration.count()) * factor));
  };
  co_await context.clock.sleep_for(scaled(kFirstWithin, context.random.uniform()));
  for (;;) {
    auto found = co_await rounds.look();
    if (!found) {
      base::log_warn("worker", "a round failed, the next one comes",
                     {{"error", found.error().to_string()}});
    } else {
      for (consumers::Outgoing& outgoing : *found) {
        co_await send(context, routes, std::move(outgoing));
      }
    }
    const double factor = 1 - kJitter + 2 * kJitter * context.random.uniform();
    co_await context.clock.sleep_for(scaled(rounds.interval(), factor));
  }
}

}  // namespace worker
