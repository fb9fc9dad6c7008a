// StsService: who a key belongs to, and temporary credentials for roles. Every role exists and may
// be assumed by every key; every web identity token is good. What it hands out is checked with the
// signature of later calls: token, and expiry.
// https://docs.aws.amazon.com/STS/latest/APIReference/
#pragma once

#include "sim/service.h"
#include "sim/world.h"

#include <cstddef>
#include <deque>
#include <string>

namespace sim {

// Who calls with this access key, here and in events: every key is a user named after it.
std::string user_arn(const WorldConfig& config, const std::string& access_key_id);

class StsService final : public Service {
 public:
  // The oldest credentials are forgotten beyond that.
  static constexpr std::size_t kSessionsMax = 10'000;

  explicit StsService(World& world) : world_(world) {}
  boost::asio::awaitable<ApiOutcome> handle(ApiCall call) override;

  // The one call that comes without a signature: its token says who asks.
  static bool is_unsigned(const ApiCall& call);

  // Before signatures are checked: credentials whose time has come are good no more.
  void expire_due();
  // At once, all or one of them; how many.
  int expire_now(const std::string& access_key_id = {});
  // [{"access_key_id", "arn", "expiration", "expired"}], never a secret.
  Json describe_for_control() const;

 private:
  struct Session {
    std::string access_key_id;
    std::string arn;
    base::TimePoint expiration;
    bool expired = false;
  };

  ApiOutcome caller_identity(const ApiCall& call) const;
  ApiOutcome assume_role(const ApiCall& call, const std::string& proof);
  void expire(Session& session);

  World& world_;
  std::deque<Session> sessions_;  // oldest first
};

}  // namespace sim
