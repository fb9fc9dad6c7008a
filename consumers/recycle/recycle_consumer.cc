#include "consumers/recycle/consumer.h"
#include "consumers/recycle/run.h"

namespace consumers::recycle {

bool RecycleConsumer::accepts(const Delivery& delivery) const {
  return delivery.queue == "recycles" &&
         std::holds_alternative<messages::RecycleRequest>(delivery.message.payload);
}

boost::asio::awaitable<Verdict> RecycleConsumer::consume(Delivery delivery) {
  Run run(services_, config_, observer_, *eyes_, std::move(delivery));
  co_return co_await run.carry_out();
}

}  // namespace consumers::recycle
