// Signature: checks AWS Signature Version 4 as the service side does, written independently of the
// signer in aws/ so that each proves the other.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
#pragma once

#include "base/clock.h"
#include "base/http.h"
#include "sim/protocol.h"
#include "sim/service.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sim {

// "AWS4-HMAC-SHA256 Credential=AKID/20260102/eu-west-2/sqs/aws4_request, SignedHeaders=..., ..."
struct Authorization {
  std::string access_key_id;
  std::string date;  // "20260102"
  std::string region;
  std::string service;
  std::vector<std::string> signed_headers;  // lower case, in the order given
  std::string signature;                    // lower-case hex
};

// The parsed header, or what is wrong with it. Missing parts are found before wrong ones.
std::variant<Authorization, ApiError> parse_authorization(std::string_view header);

struct SignatureRules {
  const std::map<std::string, std::string>& keys;            // access key id -> secret
  const std::map<std::string, std::string>& session_tokens;  // access key id -> token
  std::string_view region;
  base::TimePoint now;
  const std::set<std::string>* expired_keys = nullptr;  // known, but not good any more
};

inline constexpr std::chrono::minutes kSignatureSkewMax{5};

// nothing: the request is what the key's owner signed. The error is spelt and given the status of
// the service and the wire format it will be answered in.
std::optional<ApiError> check_signature(const base::HttpRequest& request, std::string_view service,
                                        Wire wire, const SignatureRules& rules);

}  // namespace sim
