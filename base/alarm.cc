#include "base/alarm.h"

#include "base/guarded.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <utility>

namespace base {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// The suspended coroutine, whatever its handler's type. (asio's experimental channel loses a send
// after a cancelled receive in Boost 1.81, so this is made by hand.)
struct Waiter {
  virtual ~Waiter() = default;
  virtual void complete(asio::any_io_executor executor, error_code error) = 0;
};

template <class Handler>
struct WaiterOf final : Waiter {
  explicit WaiterOf(Handler its_handler) : handler(std::move(its_handler)) {}

  void complete(asio::any_io_executor executor, error_code error) override {
    const auto own = asio::get_associated_executor(handler, executor);
    asio::post(own, [handler = std::move(handler), error]() mutable {
      asio::get_associated_cancellation_slot(handler).clear();
      std::move(handler)(error);
    });
  }

  Handler handler;
};

}  // namespace

struct Alarm::Impl {
  asio::any_io_executor executor;
  Clock& clock;
  std::unique_ptr<Waiter> waiter;
  bool rung = false;

  void finish(error_code error) {
    if (auto woken = std::exchange(waiter, nullptr)) woken->complete(executor, error);
  }

  template <class Handler>
  void suspend(Handler handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    waiter = std::make_unique<WaiterOf<Handler>>(std::move(handler));
    if (slot.is_connected()) {
      slot.assign([this](asio::cancellation_type) { finish(asio::error::operation_aborted); });
    }
  }
};

Alarm::Alarm(asio::any_io_executor executor, Clock& clock)
    : impl_(new Impl{std::move(executor), clock, nullptr, false}) {}

Alarm::~Alarm() = default;

void Alarm::ring() {
  if (impl_->waiter)
    impl_->finish(error_code());
  else
    impl_->rung = true;
}

asio::awaitable<void> Alarm::wait() {
  if (std::exchange(impl_->rung, false)) co_return;
  auto initiate = [impl = impl_.get()](auto handler) { impl->suspend(std::move(handler)); };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void(error_code)>(
      initiate, asio::use_awaitable);
}

asio::awaitable<bool> Alarm::wait_until(SteadyPoint deadline) {
  using asio::experimental::awaitable_operators::operator||;
  if (std::exchange(impl_->rung, false)) co_return true;
  if (impl_->clock.steady_now() >= deadline) co_return false;
  try {
    const auto first = co_await (guarded(wait()) || guarded(impl_->clock.sleep_until(deadline)));
    co_return first.index() == 0;
  } catch (const asio::multiple_exceptions&) {
    // Both sides were cancelled: the waiter itself was.
    throw boost::system::system_error(asio::error::operation_aborted);
  }
}

}  // namespace base
