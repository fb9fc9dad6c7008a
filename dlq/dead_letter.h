// DeadLetter: what the worker puts on a dead-letter queue when it gives a message up by itself.
//
// The body is the original's, byte for byte, so that a replay is a plain send. Why it is there goes
// into message attributes under kAttributePrefix, next to the original's own attributes: the whole
// record in one, and what people look for first in plain ones of their own. SQS allows
// ten attributes and 1 MiB for body and attributes together: originals that are too many are
// packed into one JSON attribute, and what does not fit by size is left out, least useful first.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
#pragma once

#include "aws/sqs.h"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace dlq {

inline constexpr std::string_view kAttributePrefix = "autorecycle.";
inline constexpr std::string_view kReason = "autorecycle.reason";
inline constexpr std::string_view kErrorKind = "autorecycle.error-kind";
inline constexpr std::string_view kAttempts = "autorecycle.attempts";
inline constexpr std::string_view kSourceQueue = "autorecycle.source-queue";
// Everything that is known, as JSON: proto/dead_letter.proto.
inline constexpr std::string_view kRecord = "autorecycle.record";
// On a message that was replayed: which replay, and how often already.
inline constexpr std::string_view kReplayed = "autorecycle.replayed";
// A JSON object {"name": {"type": "...", "value": "..."}}, only when there are too many originals.
inline constexpr std::string_view kPackedAttributes = "autorecycle.attributes";

inline constexpr std::size_t kAttributesMax = 10;
inline constexpr std::size_t kBytesMax = 1U << 20U;
inline constexpr std::size_t kReasonBytesMax = 1024;

struct Cause {
  std::string reason;         // for people; cut to kReasonBytesMax, control characters replaced
  std::string error_kind;     // bounded: "decode", "invalid", "unroutable", "refused"
  std::string source_queue;   // name of the queue it was taken from
  std::string consumer = {};  // whose verdict it was; empty if none took it
  std::string version = {};   // of this program
  std::string trace_id = {};
  base::TimePoint now = {};  // when it is given up
};

struct DeadLetter {
  aws::SendOptions send;              // ready but for the queue
  std::vector<std::string> left_out;  // attributes that did not fit
};

// `fifo` says that the dead-letter queue is one: the original's group is kept, and its id is the
// deduplication id, so that giving the same message up twice leaves one letter.
DeadLetter make_dead_letter(const aws::SqsMessage& message, const Cause& cause, bool fifo);

}  // namespace dlq
