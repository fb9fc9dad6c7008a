// guarded: a coroutine that may be cancelled between co_spawn (or ||) and its first step.
//
// In Boost 1.81 such a cancellation escapes from co_spawn's own frame into the event loop as an
// exception; guarded, it ends the coroutine with operation_aborted as it should.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <utility>

namespace base {

template <class T>
boost::asio::awaitable<T> guarded(boost::asio::awaitable<T> task) {
  namespace this_coro = boost::asio::this_coro;
  co_await this_coro::throw_if_cancelled(false);
  const auto state = co_await this_coro::cancellation_state;
  if (state.cancelled() != boost::asio::cancellation_type::none) {
    throw boost::system::system_error(boost::asio::error::operation_aborted);
  }
  co_await this_coro::throw_if_cancelled(true);
  co_return co_await std::move(task);
}

}  // namespace base
