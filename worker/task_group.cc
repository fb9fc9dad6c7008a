#include "worker/task_group.h"

#include "base/guarded.h"
#include "base/log.h"
#include "base/traced_executor.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace worker {

namespace asio = boost::asio;

asio::awaitable<void> start_later(asio::awaitable<void> task) {
  co_await asio::post(asio::use_awaitable);
  co_await std::move(task);
}

TaskGroup::TaskGroup(asio::any_io_executor executor, base::Clock& clock)
    : executor_(executor), ended_(executor, clock) {}

void TaskGroup::spawn(std::string what, asio::awaitable<void> task, asio::cancellation_slot slot,
                      std::shared_ptr<const base::TraceContext> trace) {
  ++running_;
  auto on_end = [this, what = std::move(what)](std::exception_ptr error) {
    if (error && !is_cancellation(error)) {
      base::log_error("worker", "a task ended with an exception",
                      {{"task", what}, {"exception", describe_exception(error)}});
    }
    --running_;
    if (running_ == 0) ended_.ring();
  };
  asio::co_spawn(base::traced(executor_, std::move(trace)),
                 base::guarded(start_later(std::move(task))),
                 asio::bind_cancellation_slot(slot, std::move(on_end)));
}

asio::awaitable<void> TaskGroup::join() {
  while (running_ > 0) co_await ended_.wait();
}

bool is_cancellation(std::exception_ptr error) {
  try {
    std::rethrow_exception(error);
  } catch (const asio::multiple_exceptions& several) {
    return is_cancellation(several.first_exception());
  } catch (const boost::system::system_error& caught) {
    return caught.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

std::string describe_exception(std::exception_ptr error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& caught) {
    return caught.what();
  } catch (...) {
    return "not a std::exception";
  }
}

}  // namespace worker
