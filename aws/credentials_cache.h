// CachedCredentials: keeps what another provider gave and fetches new credentials ahead of their
// expiry, so that no call ever waits for them while the old ones are good.
//
// One refresh at a time, whoever asks: it belongs to the provider and goes on when a caller that
// waits for it is cancelled. The times are those of the SDKs; for credentials that live less than
// an hour they shrink with the lifetime. A refresh begins at a random moment between 15 and 10
// minutes before the expiry, beside the callers, who go on with the old credentials; later than
// that they wait for it. When it fails the old ones serve until they expire, and the next attempt
// comes after a back-off of 0.5 s to 60 s. Credentials without an expiry are never fetched again.
#pragma once

#include "aws/credentials.h"
#include "base/clock.h"
#include "base/random.h"

#include <boost/asio/any_io_executor.hpp>

#include <memory>

namespace aws {

class CachedCredentials final : public CredentialsProvider {
 public:
  static constexpr base::Duration kAdvisory = std::chrono::minutes(15);
  static constexpr base::Duration kMandatory = std::chrono::minutes(10);
  // Credentials are fetched at most this often, even if AWS refuses each of them.
  static constexpr base::Duration kFetchInterval = std::chrono::seconds(5);
  static constexpr base::Duration kBackoffMax = std::chrono::seconds(60);

  // References outlive the provider. A refresh that runs when the provider goes is cancelled.
  CachedCredentials(boost::asio::any_io_executor executor, base::Clock& clock, base::Random& random,
                    std::unique_ptr<CredentialsProvider> source);
  ~CachedCredentials() override;

  // Errors: those of the source; during a back-off, the last one.
  boost::asio::awaitable<base::Result<Credentials>> get() override;
  // True: the next get() fetches new credentials or has done so since. False when the refused ones
  // were fetched just now: others would be refused as well.
  bool invalidate(const Credentials& refused) override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace aws
