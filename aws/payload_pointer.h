// PayloadPointer: a message body that says where in S3 the real body is. The format is that of the
// SQS extended clients (Java, Python and others), so that they read what we send and we what they
// send:
//
//   ["software.amazon.payloadoffloading.PayloadS3Pointer", {"s3BucketName": "b", "s3Key": "k"}]
//
// with the length of the real body in a Number attribute. Pure; what a pointer says is a stranger's
// word and has to be checked before it is followed.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-managing-large-messages.html
#pragma once

#include "aws/s3.h"
#include "base/result.h"

#include <string>
#include <string_view>

namespace aws {

// Attributes with the length of the real body: today's name and that of older clients. The extended
// clients take a body for a pointer only when the message has one of them.
inline constexpr std::string_view kPayloadSize = "ExtendedPayloadSize";
inline constexpr std::string_view kLegacyPayloadSize = "SQSLargePayloadSize";

// Whether the body claims to be one: a look at its first bytes, cheap enough for every message.
bool is_payload_pointer(std::string_view body);
// Errors: kInvalid naming the field, what was found and what is accepted.
base::Result<ObjectName> read_payload_pointer(std::string_view body);
// kInvalid where the key is not UTF-8.
base::Result<std::string> write_payload_pointer(const ObjectName& object);

}  // namespace aws
