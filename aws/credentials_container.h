// ContainerCredentials: the endpoint that ECS, EKS Pod Identity and others put beside a container.
// AWS_CONTAINER_CREDENTIALS_RELATIVE_URI (on 169.254.170.2), else
// AWS_CONTAINER_CREDENTIALS_FULL_URI; with AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE (read anew each
// time), else AWS_CONTAINER_AUTHORIZATION_TOKEN.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
#pragma once

#include "aws/credentials_source.h"

namespace aws {

class ContainerCredentials final : public CredentialsSource {
 public:
  explicit ContainerCredentials(SharedSetup setup) : setup_(std::move(setup)) {}
  std::string name() const override { return "container endpoint"; }
  std::string hint() const override;
  boost::asio::awaitable<base::Result<std::optional<Credentials>>> find() override;

 private:
  base::Result<std::string> url() const;            // empty: not set up
  base::Result<std::string> authorization() const;  // empty: none

  SharedSetup setup_;
};

// Whether credentials may be asked for there, so that a wrong variable gives nobody a token: https
// anywhere; http only for loopback addresses, localhost, and the addresses of ECS and EKS.
bool is_allowed_container_url(const std::string& url);

}  // namespace aws
