// VirtualLoop: an Asio execution context under virtual time. Ready work runs in order; when none is
// left, the clock jumps to the next deadline. Five virtual hours pass in milliseconds and the same
// seed gives the same run. No system calls, no threads.
#pragma once

#include "base/clock.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/execution_context.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <optional>

namespace sim {

class VirtualLoop {
 public:
  // Starts at 2026-01-02T03:04:05Z unless told otherwise.
  VirtualLoop();
  explicit VirtualLoop(base::TimePoint start);
  ~VirtualLoop();

  boost::asio::any_io_executor executor();
  base::Clock& clock();

  // Runs until nothing is ready and nothing waits.
  void run();
  // Runs until the wait would go beyond now + duration, then stands at exactly now + duration.
  void run_for(base::Duration duration);
  // Runs until `done` returns true (checked after every piece of work); false if work ran out or
  // `limit` of virtual time passed first.
  bool run_until(const std::function<bool()>& done, base::Duration limit);

  // Runs the coroutine to its end and returns its value; rethrows what it throws. Fails loudly
  // (std::logic_error) if work runs out, or `limit` of virtual time passes, before it ended.
  template <class T>
  T run(boost::asio::awaitable<T> work, base::Duration limit = std::chrono::hours(24 * 30));

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

template <class T>
T VirtualLoop::run(boost::asio::awaitable<T> work, base::Duration limit) {
  bool finished = false;
  std::exception_ptr error;
  if constexpr (std::is_void_v<T>) {
    boost::asio::co_spawn(executor(), std::move(work), [&](std::exception_ptr e) {
      error = e;
      finished = true;
    });
    if (!run_until([&] { return finished; }, limit))
      throw std::logic_error("coroutine never ended");
    if (error) std::rethrow_exception(error);
  } else {
    std::optional<T> value;
    boost::asio::co_spawn(executor(), std::move(work), [&](std::exception_ptr e, T result) {
      error = e;
      if (!e) value.emplace(std::move(result));
      finished = true;
    });
    if (!run_until([&] { return finished; }, limit))
      throw std::logic_error("coroutine never ended");
    if (error) std::rethrow_exception(error);
    return std::move(*value);
  }
}

}  // namespace sim
