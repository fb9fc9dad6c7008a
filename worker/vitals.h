// Vitals: whether this process is alive (its event loop turns) and can work (it has credentials).
// For /healthz, /readyz and the metrics.
#pragma once

#include "aws/credentials.h"
#include "base/clock.h"
#include "worker/metrics.h"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>

namespace worker {

class Vitals {
 public:
  static constexpr base::Duration kBeat{250};
  static constexpr base::Duration kLookAtCredentialsEvery{5'000};
  static constexpr base::Duration kStalledAfter{10'000};

  // References outlive the vitals.
  Vitals(base::Clock& clock, aws::CredentialsProvider& credentials, Metrics& metrics);

  // Both until they are cancelled.
  boost::asio::awaitable<void> beat();
  boost::asio::awaitable<void> watch_credentials();

  // One line each; empty: nothing is wrong.
  std::string stalled() const;
  std::string no_credentials() const;
  std::optional<base::TimePoint> credentials_expiry() const { return expiry_; }
  base::TimePoint started() const { return started_; }

 private:
  bool expired() const;

  base::Clock& clock_;
  aws::CredentialsProvider& credentials_;
  Metrics& metrics_;
  base::TimePoint started_;
  base::SteadyPoint last_beat_;
  bool looked_ = false;
  std::string problem_;
  std::optional<base::TimePoint> expiry_;
  std::unique_ptr<Metrics::Refresher> refresher_;
};

}  // namespace worker
