// OncallConsumer: runs the jobs of the catalogue, each request once.
//
//   {"job":"oncall-restart-service","params":{"service_name":"web"},"request_id":"incident-4711",
//    "requested_by":"alice","reply_to":"oncall-reply-alice","dry_run":true,"timeout":"5m"}
//
// A request that comes again (its id decides) is answered as it was the first time, for as long as
// the store remembers. A job that changes things and is not safe to retry is marked before it runs:
// should the worker die in the middle, it is not run again but answered 409.
//
// 200 is Done with the answer. Everything else is Poison with it, so that nothing asked for is
// lost; 500 of a job that is safe to retry is Retry before that, some times.
#pragma once

#include "consumers/consumer.h"
#include "consumers/idempotency/consumer.h"
#include "consumers/idempotency/store.h"
#include "consumers/oncall/runner.h"

#include <optional>
#include <string>
#include <string_view>

namespace consumers::oncall {

struct ConsumerOptions {
  int attempts_max = 3;  // of a job that is safe to retry
  base::Duration retry_after = std::chrono::seconds(30);
  base::Duration keep_for = std::chrono::hours(24);  // how long a request is remembered
};

// The jobs without a memory of requests: what is behind OncallConsumer.
class JobConsumer final : public Consumer {
 public:
  JobConsumer(Runner& runner, idempotency::Store& store, ConsumerOptions options)
      : runner_(runner), store_(store), options_(options) {}

  std::string_view name() const override { return "oncall"; }
  bool accepts(const Delivery& delivery) const override;
  boost::asio::awaitable<Verdict> consume(Delivery delivery) override;

 private:
  boost::asio::awaitable<std::optional<Answer>> mark(std::string request_id);

  Runner& runner_;
  idempotency::Store& store_;
  ConsumerOptions options_;
};

class OncallConsumer final : public Consumer {
 public:
  // References outlive the consumer.
  OncallConsumer(Runner& runner, idempotency::Store& store, base::Clock& clock,
                 ConsumerOptions options = {});

  std::string_view name() const override { return jobs_.name(); }
  bool accepts(const Delivery& delivery) const override { return jobs_.accepts(delivery); }
  boost::asio::awaitable<Verdict> consume(Delivery delivery) override;

 private:
  JobConsumer jobs_;
  idempotency::IdempotentConsumer once_;
};

}  // namespace consumers::oncall
