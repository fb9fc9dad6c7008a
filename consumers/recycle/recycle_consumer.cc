#include "consumers/recycle/consumer.h"
#include "consumers/recycle/run.h"
#include "consumers/recycle/sweep.h"

namespace consumers::recycle {

RecycleConsumer::RecycleConsumer(Services services, Config config, ProgressObserver observer,
                                 std::shared_ptr<Observer> eyes)
    : services_(services),
      config_(std::move(config)),
      observer_(std::move(observer)),
      eyes_(eyes ? std::move(eyes) : make_observer(services)),
      sweep_(std::make_unique<Sweep>(services_, config_.sweep_interval, eyes_, observer_)) {}

RecycleConsumer::~RecycleConsumer() = default;

Rounds* RecycleConsumer::rounds() {
  return config_.sweep_interval > base::Duration(0) ? sweep_.get() : nullptr;
}

bool RecycleConsumer::accepts(const Delivery& delivery) const {
  return delivery.queue == "recycles" &&
         std::holds_alternative<messages::RecycleRequest>(delivery.message.payload);
}

boost::asio::awaitable<Verdict> RecycleConsumer::consume(Delivery delivery) {
  Run run(services_, config_, observer_, *eyes_, std::move(delivery));
  co_return co_await run.carry_out();
}

}  // namespace consumers::recycle
