#include "worker/runtime.h"

namespace worker {

Runtime::Runtime(Context& context, std::vector<QueueSettings> queues,
                 std::vector<consumers::Consumer*> consumers, std::size_t in_flight_max)
    : consumers_(std::move(consumers)),
      tasks_(context.executor, context.clock),
      in_flight_max_(static_cast<int>(in_flight_max)) {
  for (const QueueSettings& queue : queues) routes_[queue.role] = queue.target;
  for (QueueSettings& queue : queues) {
    queues_.push_back(std::make_unique<QueueRuntime>(
        context, std::move(queue), routes_, consumers_,
        QueueRuntime::Callbacks{.room_in_all = [this] { return room(); },
                                .on_room = [this] { room_changed(); }}));
  }
}

int Runtime::room() const {
  int room = in_flight_max_;
  for (const auto& queue : queues_) room -= queue->claimed();
  return room;
}

void Runtime::room_changed() {
  for (const auto& queue : queues_) queue->room_changed();
}

bool Runtime::pause(const std::string& role, bool yes) {
  bool found = false;
  for (const auto& queue : queues_) {
    if (!role.empty() && queue->settings().role != role) continue;
    queue->pause(yes);
    found = true;
  }
  return found;
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
