#include "worker/alarm.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace worker {

namespace asio = boost::asio;

struct Alarm::Impl {
  asio::experimental::channel<void(boost::system::error_code)> channel;
  base::Clock& clock;
};

Alarm::Alarm(asio::any_io_executor executor, base::Clock& clock)
    : impl_(new Impl{{std::move(executor), 1}, clock}) {}

Alarm::~Alarm() = default;

void Alarm::ring() { impl_->channel.try_send(boost::system::error_code()); }

asio::awaitable<void> Alarm::wait() {
  boost::system::error_code error;
  co_await impl_->channel.async_receive(asio::redirect_error(asio::use_awaitable, error));
  if (error) throw boost::system::system_error(asio::error::operation_aborted);
}

asio::awaitable<bool> Alarm::wait_until(base::SteadyPoint deadline) {
  using asio::experimental::awaitable_operators::operator||;
  if (impl_->clock.steady_now() >= deadline) co_return false;
  try {
    const auto first = co_await (wait() || impl_->clock.sleep_until(deadline));
    co_return first.index() == 0;
  } catch (const asio::multiple_exceptions&) {
    // Both sides were cancelled: the waiter itself was.
    throw boost::system::system_error(asio::error::operation_aborted);
  }
}

}  // namespace worker
