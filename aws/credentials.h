// Credentials and where they come from.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>

namespace aws {

struct Credentials {
  std::string access_key_id;  // empty: anonymous, the request goes unsigned
  base::Secret secret_access_key;
  base::Secret session_token;  // empty for long-term keys
  std::optional<base::TimePoint> expiration;
  std::string source;  // where they were found, for people: "environment"
};

class CredentialsProvider {
 public:
  virtual ~CredentialsProvider() = default;
  // Errors: kDenied when no source has any, naming every source that was tried.
  virtual boost::asio::awaitable<base::Result<Credentials>> get() = 0;
  // AWS refused `refused` as expired or unknown. True when the next get() may give others, so that
  // signing again makes sense.
  virtual bool invalidate(const Credentials& refused) {
    static_cast<void>(refused);
    return false;
  }
};

class StaticCredentials final : public CredentialsProvider {
 public:
  explicit StaticCredentials(Credentials credentials) : credentials_(std::move(credentials)) {}
  boost::asio::awaitable<base::Result<Credentials>> get() override { co_return credentials_; }

 private:
  Credentials credentials_;
};

}  // namespace aws
