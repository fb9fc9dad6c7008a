// no_throw: a call whose exceptions, bugs all of them, become errors: what is done with the
// messages of a batch must not stop half way.
#pragma once

#include "base/result.h"

#include <boost/asio/awaitable.hpp>

#include <exception>
#include <utility>

namespace worker {

template <class T>
boost::asio::awaitable<base::Result<T>> no_throw(boost::asio::awaitable<base::Result<T>> call) {
  try {
    co_return co_await std::move(call);
  } catch (const std::exception& bug) {
    co_return base::Error{base::ErrorKind::kRetry, "Exception", bug.what(), {}};
  }
}

}  // namespace worker
