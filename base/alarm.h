// Alarm: one waiter, woken by ring() or by a deadline. A ring while nobody waits is kept (one).
#pragma once

#include "base/clock.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <memory>

namespace base {

class Alarm {
 public:
  Alarm(boost::asio::any_io_executor executor, Clock& clock);
  ~Alarm();

  void ring();
  // Cancelling the waiting coroutine throws system_error(operation_aborted).
  boost::asio::awaitable<void> wait();
  // False when the deadline came first.
  boost::asio::awaitable<bool> wait_until(SteadyPoint deadline);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace base
