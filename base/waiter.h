// Waiter: a suspended Asio operation with its handler's type erased, to be completed later.
//
// asio::any_completion_handler of Boost 1.81 calls itself without end when it is copied from a
// non-const lvalue, so it cannot be used for this.
#pragma once

#include <boost/asio/append.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <utility>

namespace base {

class Waiter {
 public:
  virtual ~Waiter() = default;
  // At most once. Posts the handler, never runs it inside this call: the coroutine that goes on may
  // come back to whoever completed it.
  virtual void complete(boost::system::error_code ec) = 0;
};

template <class Handler, class Executor>
class WaiterOf final : public Waiter {
 public:
  WaiterOf(Handler handler, Executor fallback)
      : handler_(std::move(handler)), fallback_(std::move(fallback)) {}
  void complete(boost::system::error_code ec) override {
    auto executor = boost::asio::get_associated_executor(handler_, fallback_);
    boost::asio::post(std::move(executor), boost::asio::append(std::move(handler_), ec));
  }

 private:
  Handler handler_;
  Executor fallback_;
};

// `fallback` is used where the handler has no executor of its own.
template <class Handler, class Executor>
std::unique_ptr<Waiter> make_waiter(Handler handler, Executor fallback) {
  return std::make_unique<WaiterOf<Handler, Executor>>(std::move(handler), std::move(fallback));
}

}  // namespace base
