#include "sim/sts_service.h"

#include "sim/ec2_support.h"

#include <fmt/format.h>

namespace sim {

boost::asio::awaitable<ApiOutcome> StsService::handle(ApiCall call) {
  if (call.operation != "GetCallerIdentity") {
    co_return api_error("InvalidAction", "Could not find operation " + call.operation);
  }
  ApiAnswer answer;
  answer.result["Arn"] = fmt::format("arn:aws:iam::{}:user/simulated", world_.config().account);
  answer.result["UserId"] = call.access_key_id.empty() ? "AIDASIMULATED" : call.access_key_id;
  answer.result["Account"] = world_.config().account;
  co_return answer;
}

}  // namespace sim
