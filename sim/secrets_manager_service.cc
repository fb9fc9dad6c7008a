#include "sim/secrets_manager_service.h"

#include "sim/ec2_support.h"

#include <fmt/format.h>

namespace sim {
namespace {

ApiAnswer answer(Json result) { return ApiAnswer{std::move(result), {}, {}}; }

ApiError no_such_secret() {
  return api_error("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
}

ApiError is_deleted() {
  return api_error("InvalidRequestException",
                   "You can't perform this operation on the secret because it was marked for "
                   "deletion.");
}

}  // namespace

boost::asio::awaitable<ApiOutcome> SecretsManagerService::handle(ApiCall call) {
  if (call.operation == "CreateSecret") co_return create_secret(call.arguments);
  if (call.operation == "PutSecretValue") co_return put_secret_value(call.arguments);
  if (call.operation == "GetSecretValue") co_return get_secret_value(call.arguments);
  if (call.operation == "DeleteSecret") co_return delete_secret(call.arguments);
  co_return api_error("UnknownOperationException",
                      fmt::format("{} is not simulated", call.operation));
}

std::pair<const std::string, SecretsManagerService::Secret>* SecretsManagerService::find(
    const std::string& id) {
  for (auto& secret : secrets_) {
    if (secret.first == id || secret.second.arn == id) return &secret;
  }
  return nullptr;
}

ApiOutcome SecretsManagerService::create_secret(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string name = args.required_text("Name");
  if (args.error()) return *args.error();
  if (secrets_.contains(name)) {
    return api_error(
        "ResourceExistsException",
        fmt::format("The operation failed because the secret {} already exists.", name));
  }
  Secret& secret = secrets_[name];
  secret.arn =
      world_.arn("secretsmanager", fmt::format("secret:{}-{}", name, world_.random().hex(6)));
  for (const char* member : {"SecretString", "SecretBinary"}) {
    const std::string value = args.text_or(member, "");
    if (!value.empty()) secret.versions.push_back({world_.random().uuid(), member, value});
  }
  return answer({{"ARN", secret.arn}, {"Name", name}});
}

ApiOutcome SecretsManagerService::put_secret_value(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  auto* found = find(args.required_text("SecretId"));
  const std::string value = args.required_text("SecretString");
  if (args.error()) return *args.error();
  if (found == nullptr) return no_such_secret();
  if (found->second.deleted) return is_deleted();
  found->second.versions.push_back({world_.random().uuid(), "SecretString", value});
  return answer({{"ARN", found->second.arn},
                 {"Name", found->first},
                 {"VersionId", found->second.versions.back().id}});
}

ApiOutcome SecretsManagerService::get_secret_value(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const auto* found = find(args.required_text("SecretId"));
  if (args.error()) return *args.error();
  if (found == nullptr || found->second.versions.empty()) return no_such_secret();
  if (found->second.deleted) return is_deleted();
  const Version& current = found->second.versions.back();
  return answer({{"ARN", found->second.arn},
                 {"Name", found->first},
                 {"VersionId", current.id},
                 {"VersionStages", {"AWSCURRENT"}},
                 {current.member, current.value}});
}

ApiOutcome SecretsManagerService::delete_secret(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  auto* found = find(args.required_text("SecretId"));
  if (args.error()) return *args.error();
  if (found == nullptr) return no_such_secret();
  found->second.deleted = true;
  return answer({{"ARN", found->second.arn}, {"Name", found->first}});
}

}  // namespace sim
