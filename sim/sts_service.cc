#include "sim/sts_service.h"

#include "sim/ec2_support.h"

#include <fmt/format.h>

namespace sim {

std::string user_arn(const WorldConfig& config, const std::string& access_key_id) {
  return fmt::format("arn:aws:iam::{}:user/{}", config.account,
                     access_key_id.empty() ? "anonymous" : access_key_id);
}

boost::asio::awaitable<ApiOutcome> StsService::handle(ApiCall call) {
  if (call.operation != "GetCallerIdentity") {
    co_return api_error("InvalidAction", "Could not find operation " + call.operation);
  }
  ApiAnswer answer;
  answer.result["Arn"] = user_arn(world_.config(), call.access_key_id);
  answer.result["UserId"] = call.access_key_id.empty() ? "anonymous" : call.access_key_id;
  answer.result["Account"] = world_.config().account;
  co_return answer;
}

}  // namespace sim
