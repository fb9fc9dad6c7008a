#include "aws/secrets_manager.h"

#include "aws/json_call.h"

#include <utility>

namespace aws {

boost::asio::awaitable<base::Result<base::Secret>> SecretsManager::get_secret_value(
    std::string secret) {
  JsonCall call{.service = "secretsmanager",
                .target = "secretsmanager",
                .operation = "GetSecretValue",
                .arguments = {{"SecretId", secret}}};
  const auto answer = co_await call_json(caller_, std::move(call));
  if (!answer) co_return answer.error();
  const auto text = answer->find("SecretString");
  if (text != answer->end() && text->is_string()) {
    co_return base::Secret(text->get<std::string>());
  }
  if (answer->contains("SecretBinary")) {
    co_return base::invalid(
        fmt::format("GetSecretValue: {} holds bytes; expected a secret with a text", secret));
  }
  co_return malformed_answer("GetSecretValue", "an answer without the value");
}

}  // namespace aws
