// A letter as one line of JSON, for export and import: everything that SQS told of it and checksums
// of body and attributes, so that what is imported is what was exported.
//
//   {"messageId":"..","body":"..","bodyMd5":"..","bodySha256":"..",
//    "attributes":{"n":{"type":"Number","value":"5"}},"attributesSha256":"..","groupId":"..",
//    "sentAt":"2026-01-02T03:04:05Z","receiveCount":3,"system":{"SenderId":".."},
//    "errorKind":"decode","reason":"..","source":".."}
//
// The last three are for people and filters; an import reads only what it sends.
#pragma once

#include "aws/sqs.h"
#include "dlq/letter.h"

#include <string>
#include <string_view>

namespace dlq {

inline constexpr std::size_t kLineBytesMax = 8U << 20U;  // 1 MiB with every byte escaped, and more

std::string to_line(const aws::SqsMessage& message, const Letter& letter);

// kInvalid: no JSON, a member missing, a checksum that does not match.
base::Result<aws::SqsMessage> read_line(std::string_view line);

}  // namespace dlq
