// CredentialsChain: asks its sources in order; the first that has credentials wins.
//
// A new source is one more class and one line in default_credentials().
#pragma once

#include "aws/credentials.h"
#include "aws/credentials_source.h"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>
#include <vector>

namespace aws {

class CredentialsChain final : public CredentialsProvider {
 public:
  explicit CredentialsChain(std::vector<std::unique_ptr<CredentialsSource>> sources)
      : sources_(std::move(sources)) {}
  // Errors: kDenied "NoCredentials" naming every source and what to set; a source's own error.
  boost::asio::awaitable<base::Result<Credentials>> get() override;

 private:
  std::vector<std::unique_ptr<CredentialsSource>> sources_;
};

// The SDKs' order: environment (unless a profile was asked for by an option); of the profile: role
// to assume, web identity (of the environment too), SSO, keys of the credentials file,
// credential_process, keys of the config file; container endpoint; instance metadata.
// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
std::unique_ptr<CredentialsProvider> default_credentials(SharedSetup setup);

// For a source_profile: only that profile's own; its keys win over its role. `above` are the
// profiles that lead to it.
std::unique_ptr<CredentialsProvider> chain_of_source_profile(SharedSetup setup, Profile profile,
                                                             std::vector<std::string> above);

}  // namespace aws
