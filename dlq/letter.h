// Letter: what a message in a dead-letter queue tells about itself, whether our worker put it there
// (with a record) or SQS did (with the queue it came from), or somebody else by hand.
#pragma once

#include "aws/sqs.h"
#include "base/clock.h"
#include "messages/dead_letter_record.h"

#include <optional>
#include <string>
#include <string_view>

namespace dlq {

// Error kinds of letters that our worker did not write.
inline constexpr std::string_view kMovedBySqs = "receive-count";
inline constexpr std::string_view kUnknownKind = "unknown";

struct Letter {
  messages::DeadLetterRecord record;  // what of it is known; error_kind is never empty
  std::string source_arn;             // DeadLetterQueueSourceArn: SQS moved it last
  std::optional<messages::ReplayMark> mark;
};

Letter read_letter(const aws::SqsMessage& message);

std::optional<messages::ReplayMark> replay_mark(const aws::SqsMessage& message);

// The sender's own attributes: ours taken out, those that were packed for want of room back in.
aws::MessageAttributes original_attributes(const aws::SqsMessage& message);

// The name at the end of an ARN or a URL; a plain name as it is.
std::string queue_name(const std::string& arn_url_or_name);

}  // namespace dlq
