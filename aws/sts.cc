#include "aws/sts.h"

#include "aws/query.h"

namespace aws {

boost::asio::awaitable<base::Result<CallerIdentity>> Sts::get_caller_identity() {
  QueryCall call{.service = "sts", .version = "2011-06-15", .operation = "GetCallerIdentity"};
  const auto answer = co_await send_query(caller_, std::move(call));
  if (!answer) co_return answer.error();
  const XmlElement result = answer->result();
  CallerIdentity identity;
  identity.account = result.text("Account");
  identity.arn = result.text("Arn");
  co_return answer->finish(std::move(identity));
}

}  // namespace aws
