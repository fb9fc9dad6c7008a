// S3 over its REST API: whole objects of bounded size, put, got and deleted.
// https://docs.aws.amazon.com/AmazonS3/latest/API/
#pragma once

#include "aws/caller.h"
#include "base/result.h"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace aws {

struct ObjectName {
  std::string bucket;
  std::string key;
  friend bool operator==(const ObjectName&, const ObjectName&) = default;
};

inline constexpr std::size_t kObjectBytesMax = 16U << 20U;

// Errors: kInvalid with what is wrong and what is accepted.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
base::Result<void> check_bucket_name(std::string_view bucket);
// Beyond S3's own limit, 1 to 1024 bytes of UTF-8, refused are control characters and "." and ".."
// as a whole segment: proxies resolve them, and the request would reach another object.
base::Result<void> check_object_name(const ObjectName& object);

// Every call checks the name first. Sent to the bucket's own host name, or below the bucket's path
// where an endpoint is configured or the name has a dot (TLS certificates stop at the first).
class S3 {
 public:
  explicit S3(Caller& caller) : caller_(caller) {}

  // S3 compares the body with a checksum that we send: what is stored is what was given.
  boost::asio::awaitable<base::Result<void>> put_object(ObjectName object, std::string body,
                                                        std::string content_type);
  // Errors: kNotFound "NoSuchKey" or "NoSuchBucket"; kDenied "AccessDenied", which is also what S3
  // says of a missing object to whoever may not list the bucket; kFatal "BodyTooLarge"; kRetry
  // "ChecksumMismatch" where the body is not what S3's checksum says.
  boost::asio::awaitable<base::Result<std::string>> get_object(ObjectName object);
  // A success too when there is no such object.
  boost::asio::awaitable<base::Result<void>> delete_object(ObjectName object);

 private:
  Caller& caller_;
};

}  // namespace aws
