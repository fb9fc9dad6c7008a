// `jobs run`: asks the worker through the queue, or runs a job in this process.
#include "base/log.h"
#include "messages/decode.h"
#include "worker/command_jobs.h"
#include "worker/command_session.h"
#include "worker/commands.h"
#include "worker/large_payload.h"
#include "worker/metrics.h"
#include "worker/startup.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <cstdlib>
#include <ostream>

namespace worker {

namespace asio = boost::asio;
namespace oncall = consumers::oncall;
using asio::awaitable;
using asio::experimental::awaitable_operators::operator||;

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kUsualQueue = "oncall-jobs";
constexpr base::Duration kPatience{0};
// The job's own time, its way through the queue, and others before it.
constexpr base::Duration kWaitBesides = std::chrono::minutes(10);
constexpr std::chrono::seconds kPoll{5};
constexpr const char* kReplyRetention = "3600";  // seconds: should nobody delete the queue

struct Sent {
  std::string message_id;
  std::string request_id;
  std::string reply;  // JSON; empty without --wait
  int signal = 0;     // that ended the wait for it
};

std::string asker() {
  const char* user = std::getenv("USER");
  return user == nullptr || *user == '\0' ? "autorecycle jobs" : user;
}

// The answer to `request_id`; other messages of the queue are left alone.
awaitable<base::Result<std::string>> receive_reply(aws::Sqs& sqs, base::Clock& clock,
                                                   base::QueueUrl queue, std::string request_id,
                                                   base::Duration patience) {
  const base::SteadyPoint deadline = clock.steady_now() + patience;
  while (clock.steady_now() < deadline) {
    aws::ReceiveOptions options;
    options.wait = kPoll;
    const auto messages = co_await sqs.receive_message(queue, options);
    if (!messages) co_return messages.error().while_doing("waiting for the answer");
    for (const aws::SqsMessage& message : *messages) {
      const Json reply = Json::parse(message.body, nullptr, false);
      if (reply.is_object() && reply.value("requestId", "") == request_id) co_return message.body;
    }
  }
  co_return base::Error{base::ErrorKind::kRetry,
                        "NoAnswer",
                        fmt::format("no answer within {}; request {} may still be run",
                                    format_duration(patience), request_id),
                        {}};
}

// Adds the answer, or the signal that came first.
awaitable<base::Result<Sent>> await_reply(aws::Sqs& sqs, base::Clock& clock, base::QueueUrl queue,
                                          Sent sent, base::Duration patience,
                                          asio::signal_set& signals) {
  auto first = co_await (receive_reply(sqs, clock, std::move(queue), sent.request_id, patience) ||
                         signals.async_wait(asio::use_awaitable));
  if (auto* signal = std::get_if<1>(&first)) {
    sent.signal = *signal;
    co_return sent;
  }
  auto& reply = std::get<0>(first);
  if (!reply) co_return reply.error();
  sent.reply = *std::move(reply);
  co_return sent;
}

awaitable<base::Result<Sent>> send(CommandSession& session, Config config,
                                   messages::OncallJobRequest request, std::string request_id,
                                   bool wait, base::Duration patience, asio::signal_set& signals) {
  AwsSession& aws = **session.aws;
  Metrics metrics;
  LargePayloads payloads(aws.s3(), session.random, config.payloads);
  Context context{{}, session.clock, session.random, aws.polls(), aws.sqs(), metrics, payloads};
  const std::string name = config.oncall.queue.empty() ? kUsualQueue : config.oncall.queue;
  const auto queue = co_await find_queue(context, name, session.clock.steady_now() + kPatience);
  if (!queue) {
    base::Error error =
        queue.error().while_doing("finding the on-call queue at " + aws.sqs_endpoint());
    append_advice(error, advice(queue.error(), "oncall-queue"));
    co_return error;
  }
  Sent sent;
  sent.request_id = request_id;
  base::QueueUrl replies;
  if (wait) {
    request.reply_to = "oncall-reply-" + session.random.uuid();
    auto created = co_await aws.sqs().create_queue(request.reply_to,
                                                   {{"MessageRetentionPeriod", kReplyRetention}});
    if (!created) co_return created.error().while_doing("creating " + request.reply_to);
    replies = std::move(*created);
  }
  aws::SendOptions message;
  message.queue = queue->url;
  message.body = messages::encode_oncall_job_request(request, request_id, session.clock.now(),
                                                     request.requested_by);
  const auto id = co_await context.payloads.send(aws.sqs(), std::move(message));
  if (id) sent.message_id = *id;
  base::Result<Sent> answered = sent;
  if (id && wait) {
    answered = co_await await_reply(aws.sqs(), session.clock, replies, sent, patience, signals);
  }
  if (wait) {
    const auto deleted = co_await aws.sqs().delete_queue(replies);
    if (!deleted) {
      base::log_warn("worker", "the queue for the answer could not be deleted",
                     {{"queue", request.reply_to}, {"error", deleted.error().to_string()}});
    }
  }
  if (!id) co_return id.error().while_doing("sending to " + name);
  co_return answered;
}

awaitable<base::Result<oncall::Outcome>> run_here(oncall::Runner& runner, oncall::Request request) {
  oncall::RunOptions options;
  options.trusted = true;  // with the credentials of whoever asks
  co_return co_await runner.run(std::move(request), std::move(options));
}

int print_reply(const std::string& reply, Output output, std::ostream& out, std::ostream& err) {
  const Json json = Json::parse(reply, nullptr, false);
  if (!json.is_object() || !json.contains("statusCode")) {
    return fail(err, base::fatal("the answer is no answer of a job"));
  }
  const int status = json.value("statusCode", 500);
  const std::string text = json.value("body", std::string());
  if (output == Output::kJson) {
    out << reply << "\n";
    return status == 200 ? kExitOk : kExitFailed;
  }
  const Json body = Json::parse(text, nullptr, false);
  const std::string shown = body.is_discarded() ? text
                            : body.is_string()  ? body.get<std::string>()
                                                : body.dump(2);
  if (status == 200) {
    out << shown << "\n";
    return kExitOk;
  }
  err << fmt::format("autorecycle: {}: {}\n", status, shown);
  if (json.contains("log")) err << "log: " << json.value("log", "") << "\n";
  return kExitFailed;
}

}  // namespace

int run_job(const JobsLine& line, const Config& config, const JobFactory& factory,
            const Settings& environment, std::ostream& out, std::ostream& err) {
  const Output output = config.output.value_or(Output::kTable);
  const auto usage = [&err](const base::Error& error) {
    fail(err, error);
    return kExitUsage;
  };
  base::Duration timeout{0};
  if (!line.timeout.empty() && !parse_duration(line.timeout, timeout)) {
    return usage(base::invalid("--timeout: found \"" + line.timeout.substr(0, 40) +
                               "\", expected a duration such as 90s, 5m or 2h"));
  }
  CommandSession session(config);
  if (!session.aws) return fail_to_start(err, session.aws.error());
  auto jobs = Jobs::open({**session.aws, config, session.clock, session.random, factory, nullptr,
                          std::nullopt, environment});
  if (!jobs) return fail_to_start(err, jobs.error());
  // A job that is not known here may be a script that the worker has.
  const oncall::Entry* entry = (*jobs)->runner().find(line.name);
  if (const auto named = oncall::check_job_name(line.name); !named) return usage(named.error());
  auto params = params_of(line, entry);
  if (!params) return usage(params.error());
  if (entry != nullptr) {
    const auto schema = oncall::Schema::parse(entry->params_schema);
    if (const auto checked = schema->check(*params); !checked) return usage(checked.error());
  } else if (line.local) {
    return usage(base::invalid("no job \"" + line.name + "\" here"));
  }
  const std::string id = line.request_id.empty() ? session.random.uuid() : line.request_id;
  const std::string who = line.requested_by.empty() ? asker() : line.requested_by;

  if (line.local) {
    oncall::Request request{line.name, *params, id, who, "", line.dry_run, timeout};
    const auto outcome =
        session.loop.run<oncall::Outcome>(run_here((*jobs)->runner(), std::move(request)));
    if (!outcome) return fail(err, outcome.error());
    return print_reply(oncall::reply_of(*outcome), output, out, err);
  }
  messages::OncallJobRequest request;
  request.job = line.name;
  request.params = *params;
  request.requested_by = who;
  request.reply_to = line.reply_to;
  request.dry_run = line.dry_run;
  request.timeout = timeout;
  const base::Duration own = timeout.count() > 0 ? timeout
                             : entry != nullptr  ? entry->timeout
                                                 : oncall::kJobTimeoutMax;
  asio::signal_set signals(session.loop.executor(), SIGINT, SIGTERM);
  const auto sent = session.loop.run<Sent>(
      send(session, config, std::move(request), id, line.wait, own + kWaitBesides, signals));
  if (!sent) return fail(err, sent.error());
  if (sent->signal != 0) {
    err << fmt::format("autorecycle: interrupted; request {} may still be run\n", sent->request_id);
    return kExitSignal + sent->signal;
  }
  if (line.wait) return print_reply(sent->reply, output, out, err);
  if (output == Output::kJson) {
    out << Json{{"message_id", sent->message_id}, {"request_id", sent->request_id}}.dump() << "\n";
  } else {
    out << sent->request_id << "\n";
  }
  return kExitOk;
}

}  // namespace worker
