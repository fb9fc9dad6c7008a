// StsService: GetCallerIdentity, which answers for any access key.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
#pragma once

#include "sim/service.h"
#include "sim/world.h"

#include <string>

namespace sim {

// Who calls with this access key, here and in events: every key is a user named after it.
std::string user_arn(const WorldConfig& config, const std::string& access_key_id);

class StsService final : public Service {
 public:
  explicit StsService(World& world) : world_(world) {}
  boost::asio::awaitable<ApiOutcome> handle(ApiCall call) override;

 private:
  World& world_;
};

}  // namespace sim
