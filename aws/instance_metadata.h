// InstanceMetadata: what an EC2 instance knows of itself, by IMDSv2 only.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
//
// AWS_EC2_METADATA_DISABLED, AWS_EC2_METADATA_SERVICE_ENDPOINT and ..._ENDPOINT_MODE (IPv4 or
// IPv6), AWS_METADATA_SERVICE_TIMEOUT (seconds) and AWS_METADATA_SERVICE_NUM_ATTEMPTS; the profile
// has the same in lower case (ec2_metadata_service_endpoint ...). Everything is short: on a machine
// that is no instance nothing answers, and that is to be known soon.
#pragma once

#include "aws/credentials_source.h"

namespace aws {

class InstanceMetadata {
 public:
  static constexpr int kAttempts = 2;
  static constexpr base::Duration kTimeout = std::chrono::seconds(1);

  explicit InstanceMetadata(SharedSetup setup) : setup_(std::move(setup)) {}

  // Text under /latest/meta-data/. nullopt: there is no such service here, or no such item;
  // absent() says which. Errors: kInvalid for a wrong setting, kRetry when the service fails.
  boost::asio::awaitable<base::Result<std::optional<std::string>>> get(std::string path);
  const std::string& absent() const { return absent_; }

 private:
  struct Settings;
  base::Result<Settings> settings() const;
  std::optional<std::string> setting(const char* variable, const char* key) const;
  boost::asio::awaitable<base::Result<std::optional<std::string>>> token(Settings settings);

  SharedSetup setup_;
  std::string token_;  // of this session; a 401 renews it
  std::string absent_;
};

}  // namespace aws
