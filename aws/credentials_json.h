// Credentials as JSON, as programs and metadata services give them.
#pragma once

#include "aws/credentials.h"
#include "base/result.h"

#include <string>
#include <string_view>

namespace aws {

struct CredentialsNames {
  const char* token = "Token";  // or "SessionToken"
  bool temporary = true;        // token and expiry must be there
};

// {"AccessKeyId", "SecretAccessKey", <token>, "Expiration" (RFC 3339)}. `what` is for the message.
// Errors: kFatal "MalformedCredentials" naming the member, never its value.
base::Result<Credentials> credentials_from_json(std::string_view text, const std::string& what,
                                                const CredentialsNames& names);

}  // namespace aws
