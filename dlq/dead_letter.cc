#include "dlq/dead_letter.h"

#include "aws/payload_pointer.h"
#include "base/clock.h"
#include "dlq/letter.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace dlq {
namespace {

using Attributes = aws::MessageAttributes;

// Not a Unicode validator: anything that is not plain printable text of one line becomes '?', and a
// multi-byte character is never cut in half.
std::string one_line(std::string_view text, std::size_t bytes_max) {
  std::string line;
  for (const char c : text.substr(0, bytes_max)) {
    const auto byte = static_cast<unsigned char>(c);
    line += byte < 0x20 || byte == 0x7F ? ' ' : c;
  }
  if (text.size() > bytes_max) {
    while (!line.empty() && (static_cast<unsigned char>(line.back()) & 0xC0U) == 0x80U) {
      line.pop_back();
    }
    if (!line.empty() && (static_cast<unsigned char>(line.back()) & 0x80U) != 0U) line.pop_back();
  }
  // A dump that replaces broken UTF-8 is the cheapest whole check; the quotes are taken off again.
  const auto error_handler = nlohmann::json::error_handler_t::replace;
  const auto safe = nlohmann::json(line).dump(-1, ' ', false, error_handler);
  return nlohmann::json::parse(safe).get<std::string>();
}

std::size_t size_of(const std::string& name, const aws::MessageAttribute& attribute) {
  return name.size() + attribute.data_type.size() + attribute.value.size();
}

messages::DeadLetterRecord record_of(const aws::SqsMessage& message, const Cause& cause) {
  messages::DeadLetterRecord record;
  record.reason = one_line(cause.reason, kReasonBytesMax);
  record.error_kind = one_line(cause.error_kind, kReasonBytesMax);
  record.attempts = message.receive_count;
  record.first_seen = message.sent_at;
  record.last_seen = cause.now;
  record.consumer = cause.consumer;
  record.version = cause.version;
  record.trace_id = cause.trace_id;
  record.source_queue = cause.source_queue;
  record.message_id = message.message_id;
  // A replay made a new message of it; the record goes on counting.
  if (const auto mark = replay_mark(message)) {
    record.replays = mark->count;
    if (mark->first_seen != base::TimePoint()) record.first_seen = mark->first_seen;
  }
  return record;
}

std::vector<std::pair<std::string, std::string>> causes(const aws::SqsMessage& message,
                                                        const Cause& cause) {
  // The most useful first: this is the order in which they are kept.
  return {
      {std::string(kErrorKind), one_line(cause.error_kind, kReasonBytesMax)},
      {std::string(kReason), one_line(cause.reason, kReasonBytesMax)},
      {std::string(kAttempts), std::to_string(message.receive_count)},
      {std::string(kSourceQueue), cause.source_queue},
      {std::string(kRecord), messages::to_json(record_of(message, cause))},
  };
}

aws::MessageAttribute pack(const Attributes& attributes) {
  nlohmann::json packed = nlohmann::json::object();
  for (const auto& [name, attribute] : attributes) {
    packed[name] = {{"type", attribute.data_type}, {"value", attribute.value}};
  }
  const auto error_handler = nlohmann::json::error_handler_t::replace;
  return {"String", packed.dump(-1, ' ', false, error_handler)};
}

}  // namespace

DeadLetter make_dead_letter(const aws::SqsMessage& message, const Cause& cause, bool fifo) {
  DeadLetter letter;
  letter.send.body = message.body;
  const auto trace = message.system_attributes.find("AWSTraceHeader");
  if (trace != message.system_attributes.end()) letter.send.trace_header = trace->second;
  if (fifo) {
    letter.send.group_id = message.group_id.empty() ? "dead-letters" : message.group_id;
    letter.send.deduplication_id = message.message_id;
  }

  std::size_t bytes = message.body.size();
  const auto add = [&](const std::string& name, const aws::MessageAttribute& attribute) {
    if (attribute.value.empty()) return;  // SQS refuses empty values
    if (bytes + size_of(name, attribute) > kBytesMax) {
      letter.left_out.push_back(name);
      return;
    }
    bytes += size_of(name, attribute);
    letter.send.attributes.emplace(name, attribute);
  };

  const auto ours = causes(message, cause);
  const auto theirs = original_attributes(message);
  // The original message fitted into the limit with its attributes, so those go in before the rest
  // of ours; only what says why the letter exists comes first.
  for (std::size_t i = 0; i < 2; ++i) {
    add(ours[i].first, {"String", ours[i].second});
  }
  if (theirs.size() + ours.size() <= kAttributesMax) {
    for (const auto& [name, attribute] : theirs) add(name, attribute);
  } else {
    // The extended clients look for these to know that the body is a pointer into S3.
    for (const std::string_view name : {aws::kPayloadSize, aws::kLegacyPayloadSize}) {
      if (theirs.contains(name)) add(std::string(name), theirs.at(name));
    }
    add(std::string(kPackedAttributes), pack(theirs));
  }
  for (std::size_t i = 2; i < ours.size(); ++i) {
    const bool number = ours[i].first == kAttempts;
    add(ours[i].first, {number ? "Number" : "String", ours[i].second});
  }
  return letter;
}

}  // namespace dlq
