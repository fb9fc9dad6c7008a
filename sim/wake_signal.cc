#include "sim/wake_signal.h"

#include <boost/asio/append.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <utility>

namespace sim {

namespace asio = boost::asio;
using boost::system::error_code;

class WakeSignal::Waiter {
 public:
  virtual ~Waiter() = default;
  virtual void complete(error_code ec) = 0;
};

namespace {

template <class Handler>
class WaiterOf final : public WakeSignal::Waiter {
 public:
  WaiterOf(Handler handler, asio::any_io_executor fallback)
      : handler_(std::move(handler)), fallback_(std::move(fallback)) {}
  void complete(error_code ec) override {
    auto executor = asio::get_associated_executor(handler_, fallback_);
    asio::post(executor, asio::append(std::move(handler_), ec));
  }

 private:
  Handler handler_;
  asio::any_io_executor fallback_;
};

}  // namespace

WakeSignal::WakeSignal() = default;
WakeSignal::~WakeSignal() = default;

asio::awaitable<void> WakeSignal::wait() {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto initiate = [this, executor](auto handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    waiters_.push_back(std::make_shared<WaiterOf<decltype(handler)>>(std::move(handler), executor));
    if (!slot.is_connected()) return;
    const std::weak_ptr<Waiter> weak = waiters_.back();
    slot.assign([this, weak](asio::cancellation_type) {
      // Gone when it was notified first: then the signal itself may be gone too.
      if (const auto waiter = weak.lock()) {
        waiters_.remove(waiter);
        waiter->complete(asio::error::operation_aborted);
      }
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void(error_code)>(
      std::move(initiate), asio::use_awaitable);
}

void WakeSignal::abandon() {
  // Emptied first: destroying a frame may come back here.
  const auto waiters = std::exchange(waiters_, {});
}

void WakeSignal::notify(std::size_t count) {
  while (count-- > 0 && !waiters_.empty()) {
    const auto waiter = std::move(waiters_.front());
    waiters_.pop_front();
    waiter->complete({});
  }
}

}  // namespace sim
