#include "consumers/oncall/consumer.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace consumers::oncall {

namespace {

using nlohmann::json;

constexpr base::Duration kRetryAfter = std::chrono::seconds(30);
constexpr int kClientFault = 400;
constexpr int kServerFault = 500;

idempotency::Options remember() {
  idempotency::Options options;
  options.keep_for = std::chrono::hours(24);
  return options;
}

// `dry_run` is part of the contract and not of the job's own parameters.
base::Result<Request> request_of(const Delivery& delivery,
                                 const messages::OncallJobRequest& asked) {
  Request request;
  request.job = asked.job;
  request.request_id = delivery.message.id.empty() ? delivery.message_id : delivery.message.id;
  request.requested_by = delivery.message.actor;
  json params =
      asked.input_json.empty() ? json::object() : json::parse(asked.input_json, nullptr, false);
  if (!params.is_object()) return base::invalid("input: expected a JSON object");
  if (const auto dry_run = params.find("dry_run"); dry_run != params.end()) {
    if (!dry_run->is_boolean()) return base::invalid("input.dry_run: expected true or false");
    request.dry_run = dry_run->get<bool>();
    params.erase(dry_run);
  }
  request.params = params.dump(-1, ' ', false, json::error_handler_t::replace);
  return request;
}

}  // namespace

JobRunner::JobRunner(Catalogue jobs, base::Clock& clock) : jobs_(std::move(jobs)), clock_(clock) {
  for (const auto& job : jobs_) {
    const auto same = [&job](const auto& other) {
      return other->entry().name == job->entry().name;
    };
    if (std::ranges::count_if(jobs_, same) > 1) {
      throw std::invalid_argument("two on-call jobs are named " + job->entry().name);
    }
  }
}

bool JobRunner::accepts(const Delivery& delivery) const {
  return std::holds_alternative<messages::OncallJobRequest>(delivery.message.payload);
}

boost::asio::awaitable<Verdict> JobRunner::consume(Delivery delivery) {
  const auto& asked = std::get<messages::OncallJobRequest>(delivery.message.payload);
  const auto job =
      std::ranges::find(jobs_, asked.job, [](const auto& one) { return one->entry().name; });
  if (job == jobs_.end()) {
    std::string known;
    for (const auto& one : jobs_) known.append(known.empty() ? "" : ", ").append(one->entry().name);
    co_return Poison{fmt::format("job: no job \"{}\" in the catalogue; known: {}",
                                 asked.job.substr(0, 100), known),
                     "unroutable"};
  }
  auto request = request_of(delivery, asked);
  if (!request) co_return Poison{request.error().message, "invalid"};
  JobLog log(clock_);
  const Answer answer = co_await (*job)->run(std::move(*request), log);
  const std::string text = to_json(answer);
  if (answer.status_code >= kServerFault) co_return Retry{kRetryAfter, text};
  if (answer.status_code >= kClientFault) co_return Poison{text, "refused"};
  co_return Done{text, {}};
}

OncallConsumer::OncallConsumer(Catalogue jobs, base::Clock& clock)
    : runner_(std::move(jobs), clock), store_(clock), once_(runner_, store_, clock, remember()) {}

boost::asio::awaitable<Verdict> OncallConsumer::consume(Delivery delivery) {
  return once_.consume(std::move(delivery));
}

}  // namespace consumers::oncall
