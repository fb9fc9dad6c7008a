#include "sim/s3_signature.h"

#include "sim/sqs_message.h"

#include <algorithm>
#include <string_view>

namespace sim {

namespace {

bool is_sha256_hex(std::string_view text) {
  return text.size() == 64 && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

std::string s3_payload_hash(const base::HttpRequest& request) {
  return std::string(base::find_header(request.headers, "x-amz-content-sha256").value_or(""));
}

std::optional<ApiError> check_s3_body(const base::HttpRequest& request) {
  const std::string told = s3_payload_hash(request);
  if (told.empty()) {
    return ApiError{"InvalidRequest",
                    "Missing required header for this request: x-amz-content-sha256",
                    400,
                    {}};
  }
  if (told == "UNSIGNED-PAYLOAD" || told.starts_with("STREAMING-")) return std::nullopt;
  if (!is_sha256_hex(told)) {
    return ApiError{"InvalidArgument",
                    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, "
                    "STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, "
                    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
                    400,
                    {}};
  }
  if (told == sha256_hex_of(request.body)) return std::nullopt;
  return ApiError{"XAmzContentSHA256Mismatch",
                  "The provided 'x-amz-content-sha256' header does not match what was computed.",
                  400,
                  {}};
}

}  // namespace sim
