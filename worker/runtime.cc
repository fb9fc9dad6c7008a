#include "worker/runtime.h"

#include "worker/metrics.h"

namespace worker {

Runtime::Runtime(Context& context, std::vector<QueueSettings> queues,
                 std::vector<consumers::Consumer*> consumers)
    : consumers_(std::move(consumers)), tasks_(context.executor, context.clock) {
  for (const QueueSettings& queue : queues) {
    routes_[queue.role] = queue.target;
    context.metrics.in_flight(queue.role, 0);
  }
  for (QueueSettings& queue : queues) {
    queues_.push_back(
        std::make_unique<QueueRuntime>(context, std::move(queue), routes_, consumers_));
  }
}

boost::asio::awaitable<void> Runtime::run() {
  for (const auto& queue : queues_) {
    tasks_.spawn("running queue " + queue->settings().role, queue->run());
  }
  co_await tasks_.join();
}

void Runtime::drain() {
  if (draining_) return;
  draining_ = true;
  for (const auto& queue : queues_) queue->drain();
}

}  // namespace worker
