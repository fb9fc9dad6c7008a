#include "aws/credentials_environment.h"

#include <fmt/format.h>

namespace aws {

std::string EnvironmentCredentials::hint() const {
  return "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for temporary "
         "ones)";
}

boost::asio::awaitable<base::Result<std::optional<Credentials>>> EnvironmentCredentials::find() {
  const auto key = environment_("AWS_ACCESS_KEY_ID");
  const auto secret = environment_("AWS_SECRET_ACCESS_KEY");
  if (key.has_value() != secret.has_value()) {
    co_return credentials_error(
        "PartialCredentials",
        fmt::format("{} is set but {} is not", key ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
                    key ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID"));
  }
  std::optional<Credentials> found;
  if (key) {
    found.emplace();
    found->access_key_id = *key;
    found->secret_access_key = base::Secret(*secret);
    found->session_token = base::Secret(environment_("AWS_SESSION_TOKEN").value_or(""));
    found->source = name();
  }
  co_return found;
}

}  // namespace aws
