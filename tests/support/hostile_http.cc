#include "tests/support/hostile_http.h"

#include "base/guarded.h"
#include "sim/wake_signal.h"
#include "worker/task_group.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace test {

namespace asio = boost::asio;
using asio::awaitable;

enum class HostileHttp::Fate {
  kGood,
  kRefused,
  kResetBefore,
  kResetAfter,
  kBlackHoleBefore,
  kBlackHoleAfter,
  kGateway,
  kGatewayAfter,
  kCut,
  kRepeated,
  kSlow,
};

struct HostileHttp::Shared {
  std::size_t served = 0;  // by the server, at this moment
};

// One request at the server. Shared by both sides; either may end first.
struct HostileHttp::Exchange {
  std::optional<base::HttpResponse> response;
  sim::WakeSignal answered;
  asio::cancellation_signal hangup;
};

namespace {

base::Error network_error(std::string code, std::string message) {
  return {base::ErrorKind::kRetry, std::move(code), std::move(message), {}};
}

base::HttpResponse proxy_error(base::Random& random) {
  base::HttpResponse response;
  response.status = 502 + static_cast<int>(random.below(3));
  response.headers = {{"Content-Type", "text/html"}};
  response.body = "<html><body><h1>the gateway is unwell</h1></body></html>";
  return response;
}

// A server sees "/path?query"; Host carries what was before it.
void as_served(base::HttpRequest& request) {
  const auto scheme = request.url.find("://");
  if (scheme == std::string::npos) return;
  const auto path = std::min(request.url.find('/', scheme + 3), request.url.size());
  if (!base::find_header(request.headers, "host")) {
    request.headers.push_back({"Host", request.url.substr(scheme + 3, path - scheme - 3)});
  }
  request.url = path < request.url.size() ? request.url.substr(path) : "/";
}

awaitable<base::HttpResponse> handle_later(const base::HttpHandler& handler,
                                           base::HttpRequest request) {
  co_await asio::post(asio::use_awaitable);
  co_return co_await handler(std::move(request));
}

}  // namespace

HostileHttp::HostileHttp(base::HttpHandler handler, asio::any_io_executor executor,
                         base::Clock& clock, std::uint64_t seed)
    : handler_(std::move(handler)),
      executor_(std::move(executor)),
      clock_(clock),
      random_(seed),
      shared_(std::make_shared<Shared>()) {}

HostileHttp::~HostileHttp() = default;

void HostileHttp::cut_off() {
  cut_off_ = true;
  for (const auto& [number, exchange] : open_) exchange->answered.notify_all();
}

bool HostileHttp::idle() const { return open_.empty() && shared_->served == 0; }

HostileHttp::Fate HostileHttp::draw() {
  const std::pair<double, Fate> fates[] = {{weather.refused, Fate::kRefused},
                                           {weather.reset_before, Fate::kResetBefore},
                                           {weather.reset_after, Fate::kResetAfter},
                                           {weather.black_hole_before, Fate::kBlackHoleBefore},
                                           {weather.black_hole_after, Fate::kBlackHoleAfter},
                                           {weather.gateway, Fate::kGateway},
                                           {weather.gateway_after, Fate::kGatewayAfter},
                                           {weather.cut, Fate::kCut},
                                           {weather.repeated, Fate::kRepeated},
                                           {weather.slow, Fate::kSlow}};
  double roll = random_.uniform();
  for (const auto& [share, fate] : fates) {
    if (roll < share) return fate;
    roll -= share;
  }
  return Fate::kGood;
}

base::Duration HostileHttp::latency() {
  const auto spread = weather.latency_max.count() - weather.latency_min.count();
  return weather.latency_min + base::Duration(spread > 0 ? random_.below(spread + 1) : 0);
}

awaitable<void> HostileHttp::wait(base::SteadyPoint until) {
  if (!cut_off_) co_await clock_.sleep_until(until);
}

awaitable<HostileHttp::Answer> HostileHttp::send(base::HttpRequest request,
                                                 aws::HttpOptions options) {
  if (cut_off_) {
    // Time passes, so that what is left of the client cannot spin.
    co_await clock_.sleep_for(base::Duration(1));
    co_return network_error("ConnectError", "the client was cut off");
  }
  const std::uint64_t number = ++requests_;
  const auto deadline = clock_.steady_now() + options.timeout;
  if (tap) tap->on_request(number, request);
  Answer answer = network_error("Cancelled", "the client gave up");
  std::exception_ptr cancelled;
  try {
    answer = co_await exchange(std::move(request), deadline);
  } catch (...) {
    cancelled = std::current_exception();
  }
  if (cut_off_) answer = network_error("NetworkError", "the client was cut off");
  if (tap && !cut_off_) tap->on_answer(number, answer);
  if (cancelled) std::rethrow_exception(cancelled);
  co_return answer;
}

awaitable<HostileHttp::Answer> HostileHttp::exchange(base::HttpRequest request,
                                                     base::SteadyPoint deadline) {
  const Fate fate = draw();
  const auto slow =
      base::Duration(fate == Fate::kSlow ? random_.below(weather.slow_max.count() + 1) : 0);
  const auto closed = [] { return network_error("NetworkError", "the connection was closed"); };
  co_await wait(std::min(deadline, clock_.steady_now() + latency() + slow / 2));
  if (clock_.steady_now() >= deadline) co_return network_error("Timeout", "no answer in time");
  if (fate == Fate::kRefused) co_return network_error("ConnectError", "connection refused");
  if (fate == Fate::kResetBefore) co_return closed();
  if (fate == Fate::kGateway) co_return proxy_error(random_);
  if (fate == Fate::kBlackHoleBefore) {
    co_await wait(deadline);
    co_return network_error("Timeout", "no answer in time");
  }
  if (refuse) {
    if (auto refusal = refuse(request)) co_return std::move(*refusal);
  }
  as_served(request);
  if (fate == Fate::kRepeated) {
    const auto first = co_await serve(request, deadline);
    if (!first && first.error().code == "Timeout") co_return first.error();
  }
  Answer answer = co_await serve(std::move(request), deadline);
  if (fate == Fate::kBlackHoleAfter) {
    co_await wait(deadline);
    co_return network_error("Timeout", "no answer in time");
  }
  if (!answer) co_return answer;
  if (fate == Fate::kResetAfter || answer->status == 0) co_return closed();
  if (fate == Fate::kGatewayAfter) co_return proxy_error(random_);
  co_await wait(std::min(deadline, clock_.steady_now() + latency() + slow / 2));
  if (clock_.steady_now() >= deadline) co_return network_error("Timeout", "no answer in time");
  if (fate == Fate::kCut && answer->body.size() > 1) {
    answer->body.resize(
        static_cast<std::size_t>(random_.below(static_cast<std::int64_t>(answer->body.size()))));
  }
  co_return answer;
}

awaitable<HostileHttp::Answer> HostileHttp::serve(base::HttpRequest request,
                                                  base::SteadyPoint deadline) {
  using asio::experimental::awaitable_operators::operator||;
  const auto exchange = std::make_shared<Exchange>();
  ++shared_->served;
  asio::co_spawn(
      executor_, base::guarded(handle_later(handler_, std::move(request))),
      asio::bind_cancellation_slot(
          exchange->hangup.slot(),
          [exchange, shared = shared_](std::exception_ptr error, base::HttpResponse response) {
            --shared->served;
            if (error && !worker::is_cancellation(error)) std::rethrow_exception(error);
            if (!error) exchange->response = std::move(response);
            exchange->answered.notify_all();
          }));
  const std::uint64_t number = ++exchanges_;
  open_[number] = exchange.get();
  std::exception_ptr cancelled;
  try {
    while (!exchange->response && !cut_off_ && clock_.steady_now() < deadline) {
      co_await (base::guarded(exchange->answered.wait()) ||
                base::guarded(clock_.sleep_until(deadline)));
    }
  } catch (const asio::multiple_exceptions&) {
    cancelled =
        std::make_exception_ptr(boost::system::system_error(asio::error::operation_aborted));
  } catch (...) {
    cancelled = std::current_exception();
  }
  open_.erase(number);
  if (!exchange->response && random_.chance(weather.hangup_noticed)) {
    // From outside of whatever is running now.
    asio::post(executor_, [exchange] { exchange->hangup.emit(asio::cancellation_type::terminal); });
  }
  if (cancelled) std::rethrow_exception(cancelled);
  if (!exchange->response) co_return network_error("Timeout", "no answer in time");
  co_return std::move(*exchange->response);
}

}  // namespace test
