// AWS Secrets Manager over AWS JSON 1.1.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
#pragma once

#include "aws/caller.h"
#include "base/secret.h"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace aws {

class SecretsManager {
 public:
  explicit SecretsManager(Caller& caller) : caller_(caller) {}

  // The current version's text, of a secret by name or ARN. kNotFound: there is none; kInvalid: it
  // is to be deleted, or it is bytes and no text.
  boost::asio::awaitable<base::Result<base::Secret>> get_secret_value(std::string secret);

 private:
  Caller& caller_;
};

}  // namespace aws
