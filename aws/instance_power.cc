#include "aws/instance_power.h"

#include "aws/query.h"

#include <fmt/format.h>

namespace aws {

boost::asio::awaitable<base::Result<void>> InstancePower::reboot_instances(
    std::vector<base::InstanceId> ids) {
  QueryCall call{.service = "ec2", .version = "2016-11-15", .operation = "RebootInstances"};
  for (std::size_t i = 0; i < ids.size(); ++i) {
    call.add(fmt::format("InstanceId.{}", i + 1), ids[i].value);
  }
  call.idempotent = false;
  co_return co_await send_query_command(caller_, std::move(call));
}

}  // namespace aws
