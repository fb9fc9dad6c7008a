// AWS Signature Version 4, header form, body hashed whole.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
//
// Pure functions: the time is a parameter, and what they remember (SigningKeys) changes no result.
// Signed are host, content-type and
// x-amz-*; what a proxy may touch (user-agent, amz-sdk-*, content-length, x-amzn-trace-id) is left
// out. A request that holds X-Amz-Content-SHA256, as S3 insists on, has its body's hash in there.
#pragma once

#include "aws/credentials.h"
#include "aws/sha256.h"
#include "base/clock.h"
#include "base/http.h"

#include <string>
#include <string_view>
#include <vector>

namespace aws {

struct SigningScope {
  std::string region;   // "eu-west-2"
  std::string service;  // the signing name: "sqs"
  friend bool operator==(const SigningScope&, const SigningScope&) = default;
};

// The keys that signatures are made with, so that they are derived once a day and not each time:
// one for every region and service, replaced when the day or the credentials change. Key material:
// in memory only.
class SigningKeys {
 public:
  // `date`: "20150830". Valid until the next call.
  KeyedHmac& find(const base::Secret& secret, const SigningScope& scope, std::string_view date);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    SigningScope scope;
    std::string date;
    base::Secret secret;
    KeyedHmac key;
  };
  std::vector<Entry> entries_;
};

struct SigningOptions {
  // Resolve "." and ".." and merge slashes in the path, as every service but S3 does.
  bool normalize_path = true;
  // Encode the path of the URL, which is encoded already, once more: again every service but S3.
  bool encode_path = true;
  // Sign every header of the request: AWS's published vectors do.
  bool sign_all_headers = false;
  // Where derived keys are remembered; none: derived for this signature alone.
  SigningKeys* keys = nullptr;
};

// The three texts of the algorithm, for tests and for finding out why a signature was refused.
struct SigningText {
  std::string canonical_request;
  std::string signed_headers;  // "host;x-amz-date"
  std::string string_to_sign;
};

// Headers to add to `request`, in order: X-Amz-Date, X-Amz-Security-Token if there is a session
// token, Authorization. The request must hold an absolute URL and must not hold those headers.
// Host is taken from the request's headers, else from the URL.
std::vector<base::Header> sign(const base::HttpRequest& request, const Credentials& credentials,
                               const SigningScope& scope, base::TimePoint now,
                               SigningOptions options = {});

SigningText signing_text(const base::HttpRequest& request, const Credentials& credentials,
                         const SigningScope& scope, base::TimePoint now,
                         SigningOptions options = {});

std::string canonical_path(std::string_view path, SigningOptions options = {});
std::string canonical_query(std::string_view query);

}  // namespace aws
