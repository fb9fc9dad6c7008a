// CredentialsChain: asks its sources in order; the first that has credentials wins.
//
// A new source (web identity, container, instance metadata ...) is one more class and one line in
// default_credentials().
#pragma once

#include "aws/credentials.h"
#include "aws/environment.h"
#include "aws/profile.h"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace aws {

class CredentialsSource {
 public:
  virtual ~CredentialsSource() = default;
  virtual std::string name() const = 0;  // "environment"
  virtual std::string hint() const = 0;  // what to set so that this source has credentials
  // nullopt: this source is not set up, ask the next. An error ends the search: what is half set up
  // must not fall through to other credentials.
  virtual boost::asio::awaitable<base::Result<std::optional<Credentials>>> find() = 0;
};

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.
class EnvironmentCredentials final : public CredentialsSource {
 public:
  explicit EnvironmentCredentials(Environment environment) : environment_(std::move(environment)) {}
  std::string name() const override;
  std::string hint() const override;
  boost::asio::awaitable<base::Result<std::optional<Credentials>>> find() override;

 private:
  Environment environment_;
};

// aws_access_key_id, aws_secret_access_key, aws_session_token of a profile that was read before.
class ProfileCredentials final : public CredentialsSource {
 public:
  explicit ProfileCredentials(Profile profile) : profile_(std::move(profile)) {}
  std::string name() const override;
  std::string hint() const override;
  boost::asio::awaitable<base::Result<std::optional<Credentials>>> find() override;

 private:
  Profile profile_;
};

class CredentialsChain final : public CredentialsProvider {
 public:
  explicit CredentialsChain(std::vector<std::unique_ptr<CredentialsSource>> sources)
      : sources_(std::move(sources)) {}
  // Errors: kDenied "NoCredentials" naming every source and what to set; a source's own error.
  boost::asio::awaitable<base::Result<Credentials>> get() override;

 private:
  std::vector<std::unique_ptr<CredentialsSource>> sources_;
};

// Environment, then profile.
std::unique_ptr<CredentialsProvider> default_credentials(Environment environment, Profile profile);

}  // namespace aws
