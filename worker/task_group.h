// TaskGroup: coroutines that run side by side and are waited for together. Nothing is detached:
// an exception that escapes a task is logged as the bug it is, cancellation is not.
#pragma once

#include "base/alarm.h"
#include "base/trace.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <cstddef>
#include <memory>
#include <string>

namespace worker {

class TaskGroup {
 public:
  // The group outlives its tasks: join() before it goes.
  TaskGroup(boost::asio::any_io_executor executor, base::Clock& clock);

  // `what` in -ing form, for the log. A slot cancels the task. The task never begins inside this
  // call. What it asks of AWS belongs to `trace`.
  void spawn(std::string what, boost::asio::awaitable<void> task,
             boost::asio::cancellation_slot slot = {},
             std::shared_ptr<const base::TraceContext> trace = nullptr);
  std::size_t running() const { return running_; }
  // Until no task is left; one waiter.
  boost::asio::awaitable<void> join();

 private:
  boost::asio::any_io_executor executor_;
  base::Alarm ended_;
  std::size_t running_ = 0;
};

// The task, begun from the executor's queue instead of inside co_spawn.
boost::asio::awaitable<void> start_later(boost::asio::awaitable<void> task);

// True for operation_aborted, however it was wrapped on its way.
bool is_cancellation(std::exception_ptr error);
// One line for the log.
std::string describe_exception(std::exception_ptr error);

}  // namespace worker
