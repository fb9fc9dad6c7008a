// AwsSecrets: secrets of script jobs from SSM Parameter Store and Secrets Manager.
#pragma once

#include "aws/secrets_manager.h"
#include "aws/ssm.h"
#include "consumers/oncall/script_job.h"

namespace consumers::oncall {

class AwsSecrets final : public Secrets {
 public:
  AwsSecrets(aws::Ssm& ssm, aws::SecretsManager& secrets_manager)
      : ssm_(ssm), secrets_manager_(secrets_manager) {}

  // kInvalid where the secret has no such member; never with a part of it.
  boost::asio::awaitable<base::Result<base::Secret>> fetch(SecretName name) override;

 private:
  aws::Ssm& ssm_;
  aws::SecretsManager& secrets_manager_;
};

}  // namespace consumers::oncall
