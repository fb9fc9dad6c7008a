// CredentialsSource: one place where credentials may come from, and what all of them are given.
#pragma once

#include "aws/child_process.h"
#include "aws/credentials.h"
#include "aws/endpoint.h"
#include "aws/environment.h"
#include "aws/http_client.h"
#include "aws/profile.h"
#include "base/clock.h"
#include "base/random.h"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>

namespace aws {

class CredentialsSource {
 public:
  virtual ~CredentialsSource() = default;
  virtual std::string name() const = 0;  // "environment"
  // What to set so that this source has credentials, or why it had none; empty when it says nothing
  // that another source does not say.
  virtual std::string hint() const { return {}; }
  // nullopt: this source is not set up, ask the next. An error ends the search: what is half set up
  // must not fall through to other credentials.
  virtual boost::asio::awaitable<base::Result<std::optional<Credentials>>> find() = 0;
};

// The references outlive the sources.
struct CredentialsSetup {
  HttpClient& http;
  base::Clock& clock;
  base::Random& random;
  ProcessRunner run_process;
  Environment environment;
  SharedConfig shared;
  Profile profile;
  // The profile was asked for by an option, which switches the environment's own credentials off;
  // AWS_PROFILE does not.
  bool profile_only = false;
  EndpointConfig endpoints;
};
using SharedSetup = std::shared_ptr<const CredentialsSetup>;

// kDenied; `code` says what is wrong in one word.
inline base::Error credentials_error(std::string code, std::string message) {
  return {base::ErrorKind::kDenied, std::move(code), std::move(message), {}};
}

}  // namespace aws
