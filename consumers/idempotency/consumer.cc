#include "consumers/idempotency/consumer.h"

#include "aws/digest.h"
#include "aws/json.h"
#include "base/guarded.h"
#include "base/log.h"
#include "consumers/idempotency/answer.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

namespace consumers::idempotency {

namespace asio = boost::asio;
namespace this_coro = boost::asio::this_coro;
using asio::awaitable;
using asio::experimental::awaitable_operators::operator||;

namespace {

// Between two attempts to reach a store that does not answer; the calls below retry on their own.
constexpr base::Duration kStorePause{500};
// What a cancelled run may still spend on its claim: the worker waits for it.
constexpr base::Duration kLastWordsMax = std::chrono::seconds(2);

}  // namespace

// One run of the work under a claim.
struct IdempotentConsumer::Run {
  Claim claim;
  base::SteadyPoint claim_ends;  // on our own clock, from before the request that claimed it
  std::optional<Verdict> verdict;
  std::exception_ptr failure;
  bool claim_lost = false;
  bool failure_is_told = false;  // in the log, once for all attempts

  bool is_finished() const {
    return verdict &&
           (std::holds_alternative<Done>(*verdict) || std::holds_alternative<Poison>(*verdict));
  }
};

std::string request_key(const Delivery& delivery) {
  return delivery.message.id.empty() ? std::string(delivery.message_id) : delivery.message.id;
}

std::string payload_fingerprint(const Delivery& delivery) {
  const auto* job = std::get_if<messages::OncallJobRequest>(&delivery.message.payload);
  if (job == nullptr) return {};
  const auto params = aws::Json::parse(job->params, nullptr, false);
  const std::string text = params.is_discarded()
                               ? job->params
                               : params.dump(-1, ' ', false, aws::Json::error_handler_t::replace);
  return aws::sha256_hex(job->job + (job->dry_run ? "\ndry run\n" : "\n") + text);
}

IdempotentConsumer::IdempotentConsumer(Consumer& work, Store& store, base::Clock& clock,
                                       Options options)
    : work_(work), store_(store), clock_(clock), options_(std::move(options)) {
  if (options_.in_progress_for < kInProgressMin || options_.keep_for.count() <= 0) {
    throw std::invalid_argument(fmt::format(
        "in_progress_for is {} ms and keep_for {} ms; accepted: at least {} ms and "
        "more than 0",
        options_.in_progress_for.count(), options_.keep_for.count(), kInProgressMin.count()));
  }
}

awaitable<Verdict> IdempotentConsumer::consume(Delivery delivery) {
  BeginRequest request;
  // Two kinds of work may be asked for under one id.
  request.key = fmt::format("{}#{}", work_.name(), options_.key(delivery));
  request.fingerprint = options_.fingerprint(delivery);
  request.in_progress_for = options_.in_progress_for;
  request.keep_for = options_.keep_for;
  if (const auto checked = check(request); !checked) co_return Poison{checked.error().message};
  const base::SteadyPoint asked = clock_.steady_now();
  const auto begun = co_await store_.begin(request);
  if (!begun) {
    // Nobody knows whether it was done: it waits until somebody does.
    co_return Retry{base::Duration(0), "idempotency store: " + begun.error().to_string()};
  }
  if (const auto* started = std::get_if<Started>(&*begun)) {
    Run run;
    run.claim = started->claim;
    run.claim_ends = asked + options_.in_progress_for;
    if (!co_await has_time(run)) {
      co_return Retry{base::Duration(0), "the claim took as long as it lasts"};
    }
    co_return co_await carry_out(run, std::move(delivery));
  }
  co_return verdict_on(*begun, delivery, request.key);
}

// A claim whose answer took long, by retries, is renewed before anything is done under it.
awaitable<bool> IdempotentConsumer::has_time(Run& run) {
  const base::SteadyPoint asked = clock_.steady_now();
  if (asked < run.claim_ends - options_.in_progress_for / 2) co_return true;
  const auto renewed = co_await store_.renew(run.claim, options_.in_progress_for);
  run.claim_ends = asked + options_.in_progress_for;
  co_return renewed&& clock_.steady_now() < run.claim_ends - options_.in_progress_for / 2;
}

Verdict IdempotentConsumer::verdict_on(const Begun& begun, const Delivery& delivery,
                                       const std::string& key) const {
  if (const auto* completed = std::get_if<AlreadyCompleted>(&begun)) {
    return decode_answer(completed->answer);
  }
  if (const auto* in_progress = std::get_if<InProgress>(&begun)) {
    const std::string reason = "in progress elsewhere";
    // Waiting may replace the message by a copy, whose message id is another.
    if (!delivery.message.id.empty()) return Defer{in_progress->until, reason};
    const auto left = std::chrono::ceil<base::Duration>(in_progress->until - clock_.now());
    return Retry{std::max(left, base::Duration(0)), reason};
  }
  return Poison{fmt::format("'{}' was asked for before with another payload", key), "refused"};
}

awaitable<Verdict> IdempotentConsumer::carry_out(Run& run, Delivery delivery) {
  std::exception_ptr stopped;
  try {
    co_await (base::guarded(work(run, std::move(delivery))) || base::guarded(keep_claim(run)));
    co_await base::guarded(settle(run));
  } catch (...) {
    stopped = std::current_exception();
  }
  if (stopped) {
    // Cancelled, whatever that was wrapped in. Nothing can be awaited before this:
    co_await this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await settle_at_last(run);
    std::rethrow_exception(stopped);
  }
  if (run.claim_lost) {
    // Whatever came of it here: the run that has the claim now says what the outcome is.
    co_return Retry{base::Duration(0), "the claim was lost while the work ran"};
  }
  if (run.failure) std::rethrow_exception(run.failure);
  co_return std::move(*run.verdict);
}

// Never throws: || would otherwise wait for the other side to succeed.
awaitable<void> IdempotentConsumer::work(Run& run, Delivery delivery) {
  try {
    run.verdict = co_await work_.consume(std::move(delivery));
  } catch (...) {
    run.failure = std::current_exception();
  }
}

// Ends when the claim is lost; the work is cancelled then.
awaitable<void> IdempotentConsumer::keep_claim(Run& run) {
  co_await clock_.sleep_until(run.claim_ends - options_.in_progress_for / 2);
  while (true) {
    const base::SteadyPoint asked = clock_.steady_now();
    const auto renewed = co_await store_.renew(run.claim, options_.in_progress_for);
    if (renewed) {
      run.claim_ends = asked + options_.in_progress_for;
      co_await clock_.sleep_until(run.claim_ends - options_.in_progress_for / 2);
      continue;
    }
    run.claim_lost =
        renewed.error().code == kClaimLost || clock_.steady_now() + kStorePause >= run.claim_ends;
    if (run.claim_lost) {
      base::log_warn("consumers", "the claim on a request was lost, its work is cancelled",
                     {{"key", run.claim.key}, {"error", renewed.error().to_string()}});
      co_return;
    }
    co_await clock_.sleep_for(kStorePause);
  }
}

// Tells the store what came of it, for as long as the claim lasts. Throws when cancelled.
awaitable<void> IdempotentConsumer::settle(Run& run) {
  while (!co_await try_to_settle(run)) {
    if (clock_.steady_now() + kStorePause >= run.claim_ends) {
      base::log_error("consumers", "the outcome of a request could not be kept, it may run again",
                      {{"key", run.claim.key}, {"finished", run.is_finished()}});
      co_return;
    }
    co_await clock_.sleep_for(kStorePause);
  }
}

// True when there is no more to say.
awaitable<bool> IdempotentConsumer::try_to_settle(Run& run) {
  if (!run.is_finished()) {
    const auto abandoned = co_await store_.abandon(run.claim);
    // Trying once is enough: the claim ends by itself.
    if (!abandoned) {
      base::log_warn("consumers", "a claim could not be given up, it ends by itself",
                     {{"key", run.claim.key}, {"error", abandoned.error().to_string()}});
    }
    co_return true;
  }
  auto answer = encode_answer(*run.verdict);
  if (answer && answer->size() > kAnswerBytesMax) {
    answer = answer_not_kept(answer_too_large(answer->size()).message);
  }
  if (!answer) answer = answer_not_kept(answer.error().message);
  const auto completed = co_await store_.complete(run.claim, std::move(*answer));
  if (completed) {
    run.claim_lost = false;  // it had ended, but nobody had taken it
    co_return true;
  }
  run.claim_lost = completed.error().code == kClaimLost;
  if (!std::exchange(run.failure_is_told, true)) {
    base::log_warn("consumers", "the outcome of a request was not kept",
                   {{"key", run.claim.key}, {"error", completed.error().to_string()}});
  }
  co_return run.claim_lost || !completed.error().is_transient();
}

awaitable<void> IdempotentConsumer::settle_at_last(Run& run) {
  try {
    co_await (try_to_settle(run) || clock_.sleep_for(kLastWordsMax));
  } catch (const std::exception& error) {
    base::log_warn("consumers", "a cancelled run could not tell what came of it",
                   {{"key", run.claim.key}, {"error", std::string(error.what())}});
  }
}

}  // namespace consumers::idempotency
