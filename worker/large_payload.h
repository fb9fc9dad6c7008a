// LargePayloads: bodies that are too long for SQS are put into S3, and the message carries a
// pointer (aws/payload_pointer.h).
//
// Who owns an object: the one message that points to it. When that message is done, its queue entry
// is deleted first and the object second, so that a crash between the two leaves an object that
// nobody needs and never a message whose body is gone. A message that is sent on (as a copy, or to
// the dead-letter queue) takes its object along. Objects that nobody owns any more are left to a
// lifecycle rule of the bucket; its days should exceed the retention of the queues.
#pragma once

#include "aws/s3.h"
#include "aws/sqs.h"
#include "base/random.h"
#include "base/result.h"
#include "consumers/consumer.h"
#include "worker/config.h"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <string>
#include <variant>

namespace worker {

inline constexpr std::size_t kMessageAttributesMax = 10;
inline constexpr std::size_t kPayloadBytesMax = aws::kObjectBytesMax;
inline constexpr std::string_view kPayloadKeyPrefix = "autorecycle/";

// A body from S3, and the object to be removed once its message is deleted.
struct Payload {
  std::string body;
  aws::ObjectName object;
};

// What a pointer led to: the body, or what is to become of the message.
using Fetched = std::variant<Payload, consumers::Verdict>;

class LargePayloads {
 public:
  LargePayloads(aws::S3& s3, base::Random& random, PayloadConfig config);

  // Follows the pointer in `body`. Poison, of error kind "payload": the pointer is malformed or
  // leads to a bucket that is not configured, the object is gone or too long. Retry: everything
  // that may heal, a missing permission included.
  boost::asio::awaitable<Fetched> fetch(std::string body);
  // Sends the message, with a long body in S3. The new message's id. Errors: of S3 and SQS;
  // kInvalid where the message is too long and no bucket is configured.
  boost::asio::awaitable<base::Result<std::string>> send(aws::Sqs& sqs, aws::SendOptions message);
  boost::asio::awaitable<base::Result<void>> remove(aws::ObjectName object);

 private:
  boost::asio::awaitable<base::Result<aws::ObjectName>> store(aws::SendOptions& message);

  aws::S3& s3_;
  base::Random& random_;
  PayloadConfig config_;
};

// Body and attributes as SQS counts them.
std::size_t message_bytes(const aws::SendOptions& message);

}  // namespace worker
