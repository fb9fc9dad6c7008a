#include "aws/credentials_cache.h"

#include "base/log.h"
#include "base/waiter.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <exception>
#include <map>
#include <utility>

namespace aws {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr base::Duration kBackoffBase = std::chrono::seconds(1);
constexpr int kDoublingsMax = 10;

bool same(const Credentials& a, const Credentials& b) {
  return a.access_key_id == b.access_key_id && a.session_token == b.session_token;
}

std::string expiry_text(const Credentials& credentials) {
  return credentials.expiration ? base::format_rfc3339(*credentials.expiration) : "never";
}

std::string describe(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& caught) {
    return caught.what();
  } catch (...) {
    return "not a std::exception";
  }
}

}  // namespace

struct CachedCredentials::State {
  State(asio::any_io_executor its_executor, base::Clock& its_clock, base::Random& its_random,
        std::unique_ptr<CredentialsProvider> its_source)
      : executor(std::move(its_executor)),
        clock(its_clock),
        random(its_random),
        source(std::move(its_source)) {}

  bool usable() const;                // good for another request, as far as we know
  bool may_fetch() const;             // no back-off
  void take(Credentials fetched);     // a refresh succeeded
  void take_error(base::Error what);  // a refresh failed
  void start(const std::shared_ptr<State>& self);
  void ended(const std::exception_ptr& exception);
  void wake(std::uint64_t waiter, error_code error);
  asio::awaitable<void> refresh_ended();

  asio::any_io_executor executor;
  base::Clock& clock;
  base::Random& random;
  std::unique_ptr<CredentialsProvider> source;

  std::optional<Credentials> current;
  bool refused = false;              // AWS does not take `current` any more
  base::TimePoint advisory_at{};     // from here on a refresh runs beside the callers
  base::TimePoint mandatory_at{};    // from here on they wait for it
  base::SteadyPoint fetched_at{};    // when `current` came
  std::optional<base::Error> error;  // of the last refresh, if it failed
  base::SteadyPoint retry_at{};      // not before, the source is broken
  int failures = 0;                  // in a row

  bool refreshing = false;
  bool running = false;  // the refresh has made its first step
  bool stopped = false;  // the provider is gone
  asio::cancellation_signal stop;
  std::map<std::uint64_t, std::unique_ptr<base::Waiter>> waiters;
  std::uint64_t waiters_seen = 0;
};

namespace {

// The state outlives the provider while this runs.
template <class State>
asio::awaitable<void> refresh(std::shared_ptr<State> state) {
  state->running = true;
  if (state->stopped) co_return;
  auto fetched = co_await state->source->get();
  if (state->stopped) co_return;
  if (fetched) {
    state->take(std::move(*fetched));
  } else {
    state->take_error(fetched.error());
  }
}

}  // namespace

bool CachedCredentials::State::usable() const {
  return current && !refused && (!current->expiration || clock.now() < *current->expiration);
}

bool CachedCredentials::State::may_fetch() const { return clock.steady_now() >= retry_at; }

void CachedCredentials::State::take(Credentials fetched) {
  const base::TimePoint now = clock.now();
  if (fetched.expiration && *fetched.expiration <= now) {
    take_error({base::ErrorKind::kDenied,
                "ExpiredCredentials",
                "credentials from " + fetched.source + " expired at " + expiry_text(fetched) +
                    " already; is the clock right?",
                {}});
    return;
  }
  const base::LogFields fields = {{"source", fetched.source}, {"expires", expiry_text(fetched)}};
  if (!current || current->source != fetched.source) {
    base::log_info("aws", current ? "credentials come from another source" : "credentials found",
                   fields);
  } else {
    base::log_debug("aws", "credentials refreshed", fields);
  }
  advisory_at = mandatory_at = base::TimePoint::max();
  if (fetched.expiration) {
    const auto lifetime = std::chrono::duration_cast<base::Duration>(*fetched.expiration - now);
    const base::Duration mandatory = std::min(kMandatory, lifetime / 6);
    const base::Duration advisory = std::min(kAdvisory, lifetime / 4);
    mandatory_at = *fetched.expiration - mandatory;
    advisory_at = mandatory_at - base::Duration(random.below((advisory - mandatory).count() + 1));
    advisory_at = std::max(advisory_at, now + kFetchInterval);
  }
  current = std::move(fetched);
  refused = false;
  error.reset();
  failures = 0;
  fetched_at = clock.steady_now();
}

void CachedCredentials::State::take_error(base::Error what) {
  const base::Duration longest =
      std::min(kBackoffMax, kBackoffBase * (1 << std::min(failures, kDoublingsMax)));
  const base::Duration delay = longest / 2 + base::Duration(random.below(longest.count() / 2 + 1));
  ++failures;
  retry_at = clock.steady_now() + delay;
  if (current) {
    base::log_warn("aws",
                   usable() ? "credentials cannot be refreshed, the old ones still serve"
                            : "credentials cannot be refreshed",
                   {{"source", current->source},
                    {"expires", expiry_text(*current)},
                    {"error", what.to_string()},
                    {"retry_ms", delay.count()}});
  }
  error = std::move(what);
}

void CachedCredentials::State::start(const std::shared_ptr<State>& self) {
  refreshing = true;
  running = false;
  asio::co_spawn(executor, refresh(self),
                 asio::bind_cancellation_slot(stop.slot(), [self](std::exception_ptr exception) {
                   self->ended(exception);
                 }));
}

void CachedCredentials::State::ended(const std::exception_ptr& exception) {
  refreshing = false;
  if (exception && !stopped) {
    const std::string what = describe(exception);
    base::log_error("aws", "fetching credentials ended with an exception", {{"exception", what}});
    take_error(base::fatal("fetching credentials ended with an exception: " + what));
  }
  if (stopped) error = base::fatal("the credentials provider is gone");
  while (!waiters.empty()) wake(waiters.begin()->first, error_code());
}

void CachedCredentials::State::wake(std::uint64_t waiter, error_code code) {
  if (auto woken = waiters.extract(waiter)) woken.mapped()->complete(code);
}

asio::awaitable<void> CachedCredentials::State::refresh_ended() {
  auto suspend = [this](auto handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    const std::uint64_t number = ++waiters_seen;
    waiters.emplace(number, base::make_waiter(std::move(handler), executor));
    if (slot.is_connected()) {
      slot.assign([this, number](asio::cancellation_type) {
        wake(number, asio::error::operation_aborted);
      });
    }
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void(error_code)>(
      suspend, asio::use_awaitable);
}

CachedCredentials::CachedCredentials(asio::any_io_executor executor, base::Clock& clock,
                                     base::Random& random,
                                     std::unique_ptr<CredentialsProvider> source)
    : state_(std::make_shared<State>(std::move(executor), clock, random, std::move(source))) {}

CachedCredentials::~CachedCredentials() {
  state_->stopped = true;
  // A coroutine that is cancelled before its first step leaks the exception in Boost 1.81; it sees
  // `stopped` instead.
  if (state_->refreshing && state_->running) state_->stop.emit(asio::cancellation_type::terminal);
}

asio::awaitable<base::Result<Credentials>> CachedCredentials::get() {
  const std::shared_ptr<State> state = state_;  // outlives `this` while a refresh is waited for
  const base::TimePoint now = state->clock.now();
  if (state->usable() && now < state->advisory_at) co_return *state->current;

  if (!state->refreshing && state->may_fetch()) state->start(state);
  const bool wait = !state->usable() || (now >= state->mandatory_at && state->failures == 0);
  if (state->refreshing && wait) co_await state->refresh_ended();
  if (state->usable()) co_return *state->current;
  if (state->error) co_return *state->error;
  // They came and were refused or expired before this caller's turn.
  co_return base::Error{base::ErrorKind::kRetry,
                        "StaleCredentials",
                        "credentials from " + state->current->source + " are stale already",
                        {}};
}

bool CachedCredentials::invalidate(const Credentials& refused) {
  State& state = *state_;
  if (refused.access_key_id.empty() || !state.current) return false;
  if (!same(refused, *state.current) || state.refused) return true;  // others are there or coming
  if (state.clock.steady_now() < state.fetched_at + kFetchInterval) return false;
  state.refused = true;
  base::log_info("aws", "credentials were refused, fetching others",
                 {{"source", state.current->source}, {"expires", expiry_text(*state.current)}});
  return true;
}

}  // namespace aws
