// IdempotentConsumer: any consumer whose work must not be done twice, behind a Store.
//
// A delivery that comes again is answered as the first one was, with the same outgoing messages
// (they may not have been sent before a crash), and the work is not run. While somebody else is at
// it, the message waits. Done and Poison are kept; after Retry, Defer, an exception or a
// cancellation the claim is given up, so that the next delivery runs at once. Where that fails, and
// after a crash, it runs once in_progress_for is over.
//
// While the work runs its claim is renewed when half of its time is left. When that cannot be done
// in time, or somebody else has it, the work is cancelled: two must not be at it.
#pragma once

#include "base/clock.h"
#include "consumers/consumer.h"
#include "consumers/idempotency/store.h"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>

namespace consumers::idempotency {

// The request's id, else SQS's message id. SQS's id is not the same for two messages with the same
// request, so senders of work that must not be done twice give it an id.
std::string request_key(const Delivery& delivery);
// SHA-256 of an on-call job, its parameters in whatever order, and whether it is a dry run; empty
// (not compared) for other work.
std::string payload_fingerprint(const Delivery& delivery);

struct Options {
  base::Duration in_progress_for = std::chrono::minutes(1);  // at least kInProgressMin
  base::Duration keep_for = std::chrono::hours(1);
  std::function<std::string(const Delivery&)> key = request_key;
  std::function<std::string(const Delivery&)> fingerprint = payload_fingerprint;
};

class IdempotentConsumer final : public Consumer {
 public:
  static constexpr base::Duration kInProgressMin = std::chrono::seconds(1);

  // References outlive the consumer. std::invalid_argument for durations that are too short.
  IdempotentConsumer(Consumer& work, Store& store, base::Clock& clock, Options options = {});

  std::string_view name() const override { return work_.name(); }
  bool accepts(const Delivery& delivery) const override { return work_.accepts(delivery); }
  boost::asio::awaitable<Verdict> consume(Delivery delivery) override;

 private:
  struct Run;

  Verdict verdict_on(const Begun& begun, const Delivery& delivery, const std::string& key) const;
  boost::asio::awaitable<bool> has_time(Run& run);
  boost::asio::awaitable<Verdict> carry_out(Run& run, Delivery delivery);
  boost::asio::awaitable<void> work(Run& run, Delivery delivery);
  boost::asio::awaitable<void> keep_claim(Run& run);
  boost::asio::awaitable<void> settle(Run& run);
  boost::asio::awaitable<bool> try_to_settle(Run& run);
  boost::asio::awaitable<void> settle_at_last(Run& run);

  Consumer& work_;
  Store& store_;
  base::Clock& clock_;
  Options options_;
};

}  // namespace consumers::idempotency
