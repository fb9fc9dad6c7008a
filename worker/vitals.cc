#include "worker/vitals.h"

#include "base/log.h"

#include <fmt/format.h>

#include <algorithm>

namespace worker {
namespace {

constexpr base::Duration kWorthTelling{1'000};

}  // namespace

Vitals::Vitals(base::Clock& clock, aws::CredentialsProvider& credentials, Metrics& metrics)
    : clock_(clock),
      credentials_(credentials),
      metrics_(metrics),
      started_(clock.now()),
      last_beat_(clock.steady_now()),
      refresher_(metrics.before_reading([this] {
        if (!looked_) return;
        std::optional<base::Duration> left;
        if (expiry_) left = std::chrono::duration_cast<base::Duration>(*expiry_ - clock_.now());
        metrics_.credentials(no_credentials().empty(), left);
      })) {}

boost::asio::awaitable<void> Vitals::beat() {
  for (;;) {
    const auto due = clock_.steady_now() + kBeat;
    co_await clock_.sleep_until(due);
    last_beat_ = clock_.steady_now();
    const auto lag = std::max(last_beat_ - due, base::SteadyPoint::duration(0));
    metrics_.event_loop_lag(lag);
    if (lag < kWorthTelling) continue;
    base::log_warn("worker", "the event loop stood still, everything was late",
                   {{"ms", std::chrono::duration_cast<base::Duration>(lag).count()}});
  }
}

boost::asio::awaitable<void> Vitals::watch_credentials() {
  for (;;) {
    const auto found = co_await credentials_.get();
    problem_ = found ? std::string() : found.error().to_string();
    if (found) expiry_ = found->expiration;
    looked_ = true;
    co_await clock_.sleep_for(kLookAtCredentialsEvery);
  }
}

std::string Vitals::stalled() const {
  const auto since = clock_.steady_now() - last_beat_;
  if (since <= kStalledAfter) return {};
  return fmt::format("the event loop has not turned for {} s",
                     std::chrono::duration_cast<std::chrono::seconds>(since).count());
}

bool Vitals::expired() const { return expiry_ && *expiry_ <= clock_.now(); }

std::string Vitals::no_credentials() const {
  if (!looked_) return "credentials: not looked for yet";
  if (!problem_.empty()) return "credentials: " + problem_;
  if (expired()) return "credentials: expired at " + base::format_rfc3339(*expiry_);
  return {};
}

}  // namespace worker
