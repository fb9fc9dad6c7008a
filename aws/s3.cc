#include "aws/s3.h"

#include "aws/sigv4.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace aws {

namespace asio = boost::asio;

namespace {

// Long enough for kObjectBytesMax over a line of 3 Mbit/s.
constexpr base::Duration kTimeout{60'000};
constexpr std::size_t kBucketBytesMin = 3;
constexpr std::size_t kBucketBytesMax = 63;
constexpr std::size_t kKeyBytesMax = 1024;

using Digest = std::array<unsigned char, 32>;

std::string base64(std::span<const unsigned char> bytes) {
  std::array<unsigned char, 64> text{};  // and a NUL
  static_assert(sizeof(Digest) / 3 * 4 + 4 < sizeof(text));
  const int size = EVP_EncodeBlock(text.data(), bytes.data(), static_cast<int>(bytes.size()));
  return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(size)};
}

bool is_lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool looks_like_an_address(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == '.' || (c >= '0' && c <= '9'); });
}

bool has_dot_segment(std::string_view key) {
  for (;;) {
    const auto end = key.find('/');
    const std::string_view segment = key.substr(0, end);
    if (segment == "." || segment == "..") return true;
    if (end == std::string_view::npos) return false;
    key.remove_prefix(end + 1);
  }
}

base::Result<ApiRequest> object_request(const EndpointConfig& endpoints, const ObjectName& object,
                                        const Digest& body_digest) {
  if (auto ok = check_object_name(object); !ok) return ok.error();
  ApiRequest request;
  request.service = "s3";
  request.timeout = kTimeout;
  const bool own_endpoint =
      !endpoints.endpoint_url.empty() || endpoints.service_endpoints.contains("s3");
  if (own_endpoint || object.bucket.find('.') != std::string::npos) {
    request.path = "/" + object.bucket + "/";
  } else {
    request.host_prefix = object.bucket + ".";
  }
  request.path += base::percent_encode(object.key, true);
  request.headers.push_back({"X-Amz-Content-SHA256", to_hex(body_digest)});
  return request;
}

base::Error about(const ObjectName& object, const base::Error& error) {
  return error.while_doing(fmt::format("s3://{}/{}", object.bucket, object.key));
}

// A checksum of a whole object; those of objects that were uploaded in parts end in "-<parts>".
bool differs(std::string_view body, const base::HttpResponse& response) {
  const auto stored = base::find_header(response.headers, "x-amz-checksum-sha256");
  if (!stored || stored->find('-') != std::string_view::npos) return false;
  return base64(sha256(body)) != *stored;
}

}  // namespace

base::Result<void> check_bucket_name(std::string_view bucket) {
  const bool ok =
      bucket.size() >= kBucketBytesMin && bucket.size() <= kBucketBytesMax &&
      std::ranges::all_of(bucket,
                          [](char c) { return is_lower_or_digit(c) || c == '-' || c == '.'; }) &&
      is_lower_or_digit(bucket.front()) && is_lower_or_digit(bucket.back()) &&
      bucket.find("..") == std::string_view::npos && !looks_like_an_address(bucket);
  if (ok) return {};
  return base::invalid(fmt::format(
      "'{}' is not the name of a bucket: 3 to 63 of a-z, 0-9, '-' and '.', with a letter or digit "
      "at both ends",
      base::percent_encode(bucket.substr(0, kBucketBytesMax))));
}

base::Result<void> check_object_name(const ObjectName& object) {
  if (auto ok = check_bucket_name(object.bucket); !ok) return ok;
  const std::string& key = object.key;
  if (key.empty() || key.size() > kKeyBytesMax) {
    return base::invalid(
        fmt::format("the object's key has {} bytes, expected 1 to {}", key.size(), kKeyBytesMax));
  }
  const bool control = std::ranges::any_of(
      key, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (control) return base::invalid("the object's key holds a control character");
  if (has_dot_segment(key)) {
    return base::invalid("the object's key has '.' or '..' as one of its segments");
  }
  return {};
}

asio::awaitable<base::Result<void>> S3::put_object(ObjectName object, std::string body,
                                                   std::string content_type) {
  if (body.size() > kObjectBytesMax) {
    co_return base::invalid(
        fmt::format("s3://{}/{}: {} bytes are more than the {} that are allowed", object.bucket,
                    object.key, body.size(), kObjectBytesMax));
  }
  const Digest digest = sha256(body);
  auto request = object_request(caller_.endpoints(), object, digest);
  if (!request) co_return request.error();
  request->operation = "PutObject";
  request->method = "PUT";
  request->content_type = std::move(content_type);
  request->headers.push_back({"X-Amz-Checksum-SHA256", base64(digest)});
  request->body = std::move(body);
  const auto response = co_await caller_.call(std::move(*request));
  if (!response) co_return about(object, response.error());
  co_return base::Result<void>();
}

asio::awaitable<base::Result<std::string>> S3::get_object(ObjectName object) {
  auto request = object_request(caller_.endpoints(), object, sha256({}));
  if (!request) co_return request.error();
  request->operation = "GetObject";
  request->method = "GET";
  request->headers.push_back({"X-Amz-Checksum-Mode", "ENABLED"});
  auto response = co_await caller_.call(std::move(*request));
  if (!response) co_return about(object, response.error());
  if (differs(response->body, *response)) {
    co_return about(object, {base::ErrorKind::kRetry,
                             "ChecksumMismatch",
                             "the body is not what its checksum says",
                             {}});
  }
  co_return std::move(response->body);
}

asio::awaitable<base::Result<void>> S3::delete_object(ObjectName object) {
  auto request = object_request(caller_.endpoints(), object, sha256({}));
  if (!request) co_return request.error();
  request->operation = "DeleteObject";
  request->method = "DELETE";
  const auto response = co_await caller_.call(std::move(*request));
  if (!response) co_return about(object, response.error());
  co_return base::Result<void>();
}

}  // namespace aws
