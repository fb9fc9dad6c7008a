// What S3 checks of a signed request that other services do not: the body against
// X-Amz-Content-SHA256, which the signature covers instead of the body.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
#pragma once

#include "base/http.h"
#include "sim/service.h"

#include <optional>
#include <string>

namespace sim {

// The header's value: a hash, or what stands for one ("UNSIGNED-PAYLOAD", "STREAMING-...").
std::string s3_payload_hash(const base::HttpRequest& request);
std::optional<ApiError> check_s3_body(const base::HttpRequest& request);

}  // namespace sim
