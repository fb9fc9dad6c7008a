// OncallConsumer: runs the jobs of the catalogue, each request once.
//
//   {"oncallJob":{"job":"oncall-replay-dlq","input":{"queue":"orders-dlq","dry_run":true}}}
//
// A request that comes again (its id decides) is answered as it was the first time, as long as this
// process remembers; work that must not be done twice by two processes needs a store that they
// share (consumers/idempotency). 2xx is Done with the answer, 4xx and unknown jobs are Poison, 5xx
// is Retry.
#pragma once

#include "consumers/consumer.h"
#include "consumers/idempotency/consumer.h"
#include "consumers/idempotency/memory_store.h"
#include "consumers/oncall/job.h"

#include <string>
#include <string_view>

namespace consumers::oncall {

// The jobs without a memory: what is behind OncallConsumer.
class JobRunner final : public Consumer {
 public:
  // std::invalid_argument where two jobs have one name.
  JobRunner(Catalogue jobs, base::Clock& clock);

  std::string_view name() const override { return "oncall"; }
  bool accepts(const Delivery& delivery) const override;
  boost::asio::awaitable<Verdict> consume(Delivery delivery) override;

 private:
  Catalogue jobs_;
  base::Clock& clock_;
};

class OncallConsumer final : public Consumer {
 public:
  OncallConsumer(Catalogue jobs, base::Clock& clock);

  std::string_view name() const override { return runner_.name(); }
  bool accepts(const Delivery& delivery) const override { return runner_.accepts(delivery); }
  boost::asio::awaitable<Verdict> consume(Delivery delivery) override;

 private:
  JobRunner runner_;
  idempotency::MemoryStore store_;
  idempotency::IdempotentConsumer once_;
};

}  // namespace consumers::oncall
