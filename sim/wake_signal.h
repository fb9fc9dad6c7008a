// WakeSignal: coroutines wait, others wake them, oldest first.
//
// wait() completes when notified; cancelling the waiting coroutine throws
// system_error(operation_aborted). Whoever waits must look at the state again afterwards. One
// executor; the signal outlives the waits.
#pragma once

#include "base/waiter.h"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <list>
#include <memory>

namespace sim {

class WakeSignal {
 public:
  WakeSignal();
  ~WakeSignal();
  WakeSignal(const WakeSignal&) = delete;
  WakeSignal& operator=(const WakeSignal&) = delete;

  boost::asio::awaitable<void> wait();
  void notify(std::size_t count = 1);
  void notify_all() { notify(waiting()); }
  // Destroys the waiting coroutines, which never complete: for an owner that goes away and that
  // they may be keeping alive.
  void abandon();
  std::size_t waiting() const { return waiters_.size(); }

 private:
  std::list<std::shared_ptr<base::Waiter>> waiters_;
};

}  // namespace sim
