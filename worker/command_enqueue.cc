#include "messages/decode.h"
#include "worker/cli.h"
#include "worker/command_session.h"
#include "worker/commands.h"
#include "worker/context.h"
#include "worker/large_payload.h"
#include "worker/metrics.h"
#include "worker/startup.h"

#include <nlohmann/json.hpp>

#include <ostream>

namespace worker {
namespace {

using boost::asio::awaitable;

// Whoever waits at the prompt is told at once; the call itself has been repeated already.
constexpr base::Duration kPatience{0};

std::string sender() {
  const char* user = std::getenv("USER");
  return user == nullptr || *user == '\0' ? "autorecycle enqueue" : user;
}

messages::RecycleRequest request_of(const Config& config, base::TimePoint now) {
  messages::RecycleRequest request;
  request.group = base::GroupName(config.group);
  request.strategy = config.strategy;
  request.force = config.force;
  request.dry_run = config.dry_run;
  request.requested_at = now;
  request.reason = config.reason.empty() ? "enqueued by hand" : config.reason;
  request.rollback_to = config.rollback_to;
  return request;
}

awaitable<base::Result<std::string>> send_to(base::QueueUrl queue, Context context,
                                             messages::RecycleRequest request) {
  aws::SendOptions send;
  send.queue = queue;
  send.body = messages::encode_recycle_request(request, context.random.uuid(), context.clock.now(),
                                               sender());
  const auto sent = co_await context.payloads.send(context.sqs, std::move(send));
  if (!sent) co_return sent.error().while_doing("sending to " + queue.value);
  co_return *sent;
}

}  // namespace

awaitable<base::Result<std::string>> send_request(Config config, AwsSession& session,
                                                  base::Clock& clock, base::Random& random,
                                                  messages::RecycleRequest request) {
  Metrics metrics;
  LargePayloads payloads(session.s3(), random, config.payloads);
  Context context{{}, clock, random, session.polls(), session.sqs(), metrics, payloads};
  const auto queue =
      co_await find_queue(context, config.events.queue, clock.steady_now() + kPatience);
  if (!queue) {
    base::Error error =
        queue.error().while_doing("finding the events queue at " + session.sqs_endpoint());
    append_advice(error, advice(queue.error(), "events-queue"));
    co_return error;
  }
  co_return co_await send_to(queue->url, context, std::move(request));
}

awaitable<base::Result<std::string>> enqueue_recycle(Config config, Context context) {
  const auto checked = check_request(config);
  if (!checked) co_return checked.error();
  co_return co_await send_to(base::QueueUrl(config.events.queue), context,
                             request_of(config, context.clock.now()));
}

int run_enqueue(const Config& config, std::ostream& out, std::ostream& err) {
  const auto checked = check_request(config);
  if (!checked) {
    fail(err, checked.error());
    return kExitUsage;
  }
  if (config.events.queue.empty()) {
    fail(err, base::invalid("--events-queue: off; expected the queue to send to"));
    return kExitUsage;
  }
  CommandSession session(config);
  if (!session.aws) return fail_to_start(err, session.aws.error());
  const auto id = session.loop.run<std::string>(
      send_request(config, **session.aws, session.clock, session.random,
                   request_of(config, session.clock.now())));
  if (!id) return fail(err, id.error());
  if (config.output == Output::kJson) {
    out << nlohmann::ordered_json{{"message_id", *id}}.dump() << "\n";
  } else {
    out << *id << "\n";
  }
  return kExitOk;
}

}  // namespace worker
