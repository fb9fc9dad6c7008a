#include "sim/wake_signal.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <utility>

namespace sim {

namespace asio = boost::asio;
using boost::system::error_code;

WakeSignal::WakeSignal() = default;
WakeSignal::~WakeSignal() = default;

asio::awaitable<void> WakeSignal::wait() {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  auto initiate = [this, executor](auto handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    waiters_.push_back(base::make_waiter(std::move(handler), executor));
    if (!slot.is_connected()) return;
    const std::weak_ptr<base::Waiter> weak = waiters_.back();
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
