#include "consumers/oncall/consumer.h"

#include <fmt/format.h>

#include <utility>

namespace consumers::oncall {

using boost::asio::awaitable;

namespace {

idempotency::Options remember(const ConsumerOptions& options) {
  idempotency::Options remembered;
  remembered.keep_for = options.keep_for;
  return remembered;
}

Request request_of(const Delivery& delivery, const messages::OncallJobRequest& asked) {
  Request request;
  request.job = asked.job;
  request.params = asked.params;
  request.request_id = idempotency::request_key(delivery);
  request.requested_by = asked.requested_by.empty() ? delivery.message.actor : asked.requested_by;
  request.reply_to = asked.reply_to;
  request.dry_run = asked.dry_run;
  request.timeout = asked.timeout;
  return request;
}

// Of an answer that is no 200.
std::string_view error_kind_of(const Outcome& outcome) {
  if (outcome.answer.status_code == 404 && !outcome.ran) return "unroutable";
  return outcome.answer.status_code == 400 ? "invalid" : "refused";
}

}  // namespace

bool JobConsumer::accepts(const Delivery& delivery) const {
  return std::holds_alternative<messages::OncallJobRequest>(delivery.message.payload);
}

awaitable<Verdict> JobConsumer::consume(Delivery delivery) {
  Request request =
      request_of(delivery, std::get<messages::OncallJobRequest>(delivery.message.payload));
  RunOptions options;
  options.attempt = delivery.receive_count;
  options.attempts_max = options_.attempts_max;
  options.before = [this, id = request.request_id] { return mark(id); };
  const Outcome outcome = co_await runner_.run(std::move(request), std::move(options));
  std::string text = to_json(outcome.answer);
  if (outcome.answer.status_code == 200) co_return Done{std::move(text), {}};
  if (!outcome.last) co_return Retry{options_.retry_after, std::move(text)};
  co_return Poison{std::move(text), std::string(error_kind_of(outcome))};
}

// A record that says that the job was begun, completed at once: it is there for whoever is given
// the request after a crash.
awaitable<std::optional<Answer>> JobConsumer::mark(std::string request_id) {
  idempotency::BeginRequest mark;
  mark.key = fmt::format("{}-begun#{}", name(), request_id);
  mark.keep_for = options_.keep_for;
  const auto begun = co_await store_.begin(mark);
  if (!begun) co_return answer_failed(begun.error(), "marking the request as begun");
  if (const auto* started = std::get_if<idempotency::Started>(&*begun)) {
    const auto completed = co_await store_.complete(started->claim, "begun");
    if (!completed) co_return answer_failed(completed.error(), "marking the request as begun");
    co_return std::nullopt;
  }
  co_return answer_failed(
      409,
      "a run of this request was begun before and did not come to its end. It is not safe to run "
      "it twice: look at what it changed, then send a new request");
}

OncallConsumer::OncallConsumer(Runner& runner, idempotency::Store& store, base::Clock& clock,
                               ConsumerOptions options)
    : jobs_(runner, store, options), once_(jobs_, store, clock, remember(options)) {}

awaitable<Verdict> OncallConsumer::consume(Delivery delivery) {
  return once_.consume(std::move(delivery));
}

}  // namespace consumers::oncall
