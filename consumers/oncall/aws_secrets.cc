#include "consumers/oncall/aws_secrets.h"

#include <nlohmann/json.hpp>

#include <utility>

namespace consumers::oncall {
namespace {

// The text of a member of a secret that is a JSON object.
base::Result<base::Secret> member_of(const base::Secret& secret, const std::string& member) {
  const auto json = nlohmann::json::parse(secret.expose(), nullptr, false);
  if (!json.is_object()) return base::invalid("the secret is no JSON object, it has no members");
  const auto found = json.find(member);
  if (found == json.end()) return base::invalid("the secret has no member " + member);
  return base::Secret(found->is_string() ? found->get<std::string>() : found->dump());
}

}  // namespace

boost::asio::awaitable<base::Result<base::Secret>> AwsSecrets::fetch(SecretName name) {
  if (name.store == SecretName::Store::kParameterStore) {
    co_return co_await ssm_.get_parameter(std::move(name.name));
  }
  const auto secret = co_await secrets_manager_.get_secret_value(std::move(name.name));
  if (!secret || name.member.empty()) co_return secret;
  co_return member_of(*secret, name.member);
}

}  // namespace consumers::oncall
