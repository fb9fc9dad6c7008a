// StsService: GetCallerIdentity, which answers for any access key.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
#pragma once

#include "sim/service.h"
#include "sim/world.h"

namespace sim {

class StsService final : public Service {
 public:
  explicit StsService(World& world) : world_(world) {}
  boost::asio::awaitable<ApiOutcome> handle(ApiCall call) override;

 private:
  World& world_;
};

}  // namespace sim
