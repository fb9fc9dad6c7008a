#include "dlq/letter.h"

#include "base/json.h"
#include "dlq/dead_letter.h"

#include <algorithm>
#include <charconv>

namespace dlq {
namespace {

std::string value_of(const aws::SqsMessage& message, std::string_view name) {
  const auto found = message.attributes.find(name);
  return found == message.attributes.end() ? std::string() : found->second.value;
}

// From the plain attributes alone, which a record may have been left out beside.
messages::DeadLetterRecord plain_record(const aws::SqsMessage& message) {
  messages::DeadLetterRecord record;
  record.reason = value_of(message, kReason);
  record.error_kind = value_of(message, kErrorKind);
  record.source_queue = value_of(message, kSourceQueue);
  const std::string attempts = value_of(message, kAttempts);
  std::from_chars(attempts.data(), attempts.data() + attempts.size(), record.attempts);
  return record;
}

void unpack(std::string_view json, aws::MessageAttributes& attributes) {
  const auto document = base::JsonDocument::parse(json);
  if (!document) return;
  base::each_member(document->root(), [&](std::string_view name, base::JsonValue value) {
    const auto type = base::member_of(value, "type");
    const auto text = base::member_of(value, "value");
    if (!type || !text) return;
    aws::MessageAttribute attribute{std::string(base::text_in(*type).value_or("")),
                                    std::string(base::text_in(*text).value_or(""))};
    if (attribute.data_type.empty() || attribute.value.empty()) return;
    if (attributes.size() < aws::kSqsMessageAttributesMax) {
      attributes.emplace(name, std::move(attribute));
    }
  });
}

}  // namespace

std::optional<messages::ReplayMark> replay_mark(const aws::SqsMessage& message) {
  const auto found = message.attributes.find(kReplayed);
  if (found == message.attributes.end()) return std::nullopt;
  return messages::read_replay_mark(found->second.value);
}

Letter read_letter(const aws::SqsMessage& message) {
  Letter letter;
  const auto record = message.attributes.find(kRecord);
  const auto read = record == message.attributes.end()
                        ? std::nullopt
                        : messages::read_dead_letter_record(record->second.value);
  letter.record = read ? *read : plain_record(message);
  letter.mark = replay_mark(message);
  const auto source = message.system_attributes.find("DeadLetterQueueSourceArn");
  if (source != message.system_attributes.end()) {
    // What we wrote into it belongs to an earlier life: a letter of ours comes without this.
    letter.source_arn = source->second;
    letter.record.error_kind = kMovedBySqs;
    letter.record.reason.clear();
    letter.record.attempts = 0;
    letter.record.consumer.clear();
    letter.record.last_seen = {};
    letter.record.source_queue = queue_name(letter.source_arn);
    letter.record.message_id = message.message_id;  // SQS keeps it on the way
  }
  if (letter.record.error_kind.empty()) letter.record.error_kind = kUnknownKind;
  if (letter.mark) {
    letter.record.replays = std::max(letter.record.replays, letter.mark->count);
    if (letter.mark->first_seen != base::TimePoint()) {
      letter.record.first_seen = letter.mark->first_seen;
    }
  }
  if (letter.record.first_seen == base::TimePoint()) letter.record.first_seen = message.sent_at;
  return letter;
}

aws::MessageAttributes original_attributes(const aws::SqsMessage& message) {
  aws::MessageAttributes own;
  for (const auto& [name, attribute] : message.attributes) {
    if (!name.starts_with(kAttributePrefix)) own.emplace(name, attribute);
  }
  const auto packed = message.attributes.find(kPackedAttributes);
  if (packed != message.attributes.end()) unpack(packed->second.value, own);
  return own;
}

std::string queue_name(const std::string& arn_url_or_name) {
  const auto cut = arn_url_or_name.find_last_of(":/");
  return cut == std::string::npos ? arn_url_or_name : arn_url_or_name.substr(cut + 1);
}

}  // namespace dlq
