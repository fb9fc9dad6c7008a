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
  // Consumers are asked in this order, on every queue. References outlive the runtime.
  Runtime(Context& context, std::vector<QueueSettings> queues,
          std::vector<consumers::Consumer*> consumers);

  // Until drain() was called and every queue has ended.
  boost::asio::awaitable<void> run();
  void drain();
  bool is_draining() const { return draining_; }

  const std::vector<std::unique_ptr<QueueRuntime>>& queues() const { return queues_; }

 private:
  std::vector<consumers::Consumer*> consumers_;
  std::map<std::string, QueueTarget> routes_;
  std::vector<std::unique_ptr<QueueRuntime>> queues_;
  TaskGroup tasks_;
  bool draining_ = false;
};

}  // namespace worker
