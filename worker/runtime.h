// Runtime: the queues of this worker, run together and drained together.
#pragma once

#include "worker/queue_runtime.h"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace worker {

class Runtime {
 public:
  // Consumers are asked in this order, on every queue. At most `in_flight_max` messages are in hand
  // at once, of all queues together. References outlive the runtime.
  Runtime(Context& context, std::vector<QueueSettings> queues,
          std::vector<consumers::Consumer*> consumers,
          std::size_t in_flight_max = InFlightTable::kEntriesMax);

  // Until drain() was called and every queue has ended.
  boost::asio::awaitable<void> run();
  void drain();
  bool is_draining() const { return draining_; }
  // One queue by its role, or all of them for an empty one. False: there is no such queue.
  bool pause(const std::string& role, bool yes);

  const std::vector<std::unique_ptr<QueueRuntime>>& queues() const { return queues_; }

 private:
  int room() const;
  void room_changed();

  std::vector<consumers::Consumer*> consumers_;
  std::map<std::string, QueueTarget> routes_;
  std::vector<std::unique_ptr<QueueRuntime>> queues_;
  TaskGroup tasks_;
  int in_flight_max_;
  bool draining_ = false;
};

}  // namespace worker
