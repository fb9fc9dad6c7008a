#include "aws/sts.h"

#include "aws/query.h"

#include <utility>

namespace aws {

namespace {

constexpr const char* kVersion = "2011-06-15";

QueryCall call_for(const char* operation, const RoleToAssume& role) {
  QueryCall call{.service = "sts", .version = kVersion, .operation = operation};
  call.add("RoleArn", role.role_arn);
  call.add("RoleSessionName", role.session_name);
  if (role.duration_seconds) call.add("DurationSeconds", *role.duration_seconds);
  return call;
}

base::Result<Credentials> read_credentials(const XmlAnswer& answer) {
  const XmlElement element = answer.result().child("Credentials");
  Credentials credentials;
  credentials.access_key_id = element.text("AccessKeyId");
  credentials.secret_access_key = base::Secret(element.text("SecretAccessKey"));
  credentials.session_token = base::Secret(element.text("SessionToken"));
  credentials.expiration = element.time("Expiration");
  return answer.finish(std::move(credentials));
}

}  // namespace

boost::asio::awaitable<base::Result<CallerIdentity>> Sts::get_caller_identity() {
  QueryCall call{.service = "sts", .version = kVersion, .operation = "GetCallerIdentity"};
  const auto answer = co_await send_query(caller_, std::move(call));
  if (!answer) co_return answer.error();
  const XmlElement result = answer->result();
  CallerIdentity identity;
  identity.account = result.text("Account");
  identity.arn = result.text("Arn");
  co_return answer->finish(std::move(identity));
}

boost::asio::awaitable<base::Result<Credentials>> Sts::assume_role(RoleToAssume role) {
  QueryCall call = call_for("AssumeRole", role);
  if (!role.external_id.empty()) call.add("ExternalId", role.external_id);
  const auto answer = co_await send_query(caller_, std::move(call));
  if (!answer) co_return answer.error();
  co_return read_credentials(*answer);
}

boost::asio::awaitable<base::Result<Credentials>> Sts::assume_role_with_web_identity(
    RoleToAssume role, base::Secret token) {
  QueryCall call = call_for("AssumeRoleWithWebIdentity", role);
  call.add("WebIdentityToken", token.expose());
  const auto answer = co_await send_query(caller_, std::move(call));
  if (!answer) co_return answer.error();
  co_return read_credentials(*answer);
}

}  // namespace aws
