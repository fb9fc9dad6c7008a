// InstanceCredentials: those of the role that an EC2 instance has, from its metadata.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-security-credentials.html
#pragma once

#include "aws/credentials_source.h"
#include "aws/instance_metadata.h"

namespace aws {

class InstanceCredentials final : public CredentialsSource {
 public:
  // Credentials that the metadata service has not replaced in time are used this much longer: when
  // it is the service that is late, EC2 still takes them.
  static constexpr base::Duration kExtension = std::chrono::minutes(10);

  explicit InstanceCredentials(SharedSetup setup) : setup_(setup), metadata_(std::move(setup)) {}
  std::string name() const override { return "instance metadata"; }
  std::string hint() const override;
  boost::asio::awaitable<base::Result<std::optional<Credentials>>> find() override;

 private:
  SharedSetup setup_;
  InstanceMetadata metadata_;
  bool found_before_ = false;
};

}  // namespace aws
