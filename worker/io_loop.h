// IoLoop: an io_context for commands that make a few calls and end.
#pragma once

#include "base/result.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <exception>
#include <optional>

namespace worker {

class IoLoop {
 public:
  boost::asio::any_io_executor executor() { return io_.get_executor(); }

  // Runs the coroutine to its end; idle connections do not keep it.
  template <class T>
  base::Result<T> run(boost::asio::awaitable<base::Result<T>> work) {
    io_.restart();  // it stopped if the call before this one left no work behind
    std::exception_ptr error;
    std::optional<base::Result<T>> result;
    boost::asio::co_spawn(io_, std::move(work), [&](std::exception_ptr e, base::Result<T> value) {
      error = e;
      result = std::move(value);
    });
    while (!result && io_.run_one() > 0) {
    }
    if (error) std::rethrow_exception(error);
    return std::move(*result);
  }

 private:
  boost::asio::io_context io_{1};
};

}  // namespace worker
