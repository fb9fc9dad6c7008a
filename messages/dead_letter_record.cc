// Written by protobuf, which knows the schema; read by hand, because a replay reads one for every
// message.
#include "messages/dead_letter_record.h"

#include "base/json.h"
#include "proto/dead_letter.pb.h"

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/time_util.h>

#include <limits>

namespace messages {
namespace {

namespace pb = google::protobuf;

constexpr std::uint32_t kSchemaVersion = 1;

void set_time(pb::Timestamp* field, base::TimePoint time) {
  *field = pb::util::TimeUtil::MicrosecondsToTimestamp(time.time_since_epoch().count());
}

std::string json_of(const pb::Message& message) {
  std::string json;
  const auto written = pb::util::MessageToJsonString(message, &json);
  return written.ok() ? json : std::string();
}

// Of the members of one object, by the name of the JSON form.
class Members {
 public:
  explicit Members(base::JsonValue object) : object_(object) {}

  std::string text(std::string_view name) const {
    const auto member = base::member_of(object_, name);
    return member ? std::string(base::text_in(*member).value_or("")) : std::string();
  }
  int count(std::string_view name) const {
    const auto member = base::member_of(object_, name);
    const auto number = member ? base::whole_number_in(*member) : std::nullopt;
    if (!number || *number > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) return 0;
    return static_cast<int>(*number);
  }
  base::TimePoint time(std::string_view name) const {
    const auto parsed = base::parse_rfc3339(text(name));
    return parsed ? *parsed : base::TimePoint();
  }

 private:
  base::JsonValue object_;
};

}  // namespace

std::string to_json(const DeadLetterRecord& record) {
  autorecycle::v1::DeadLetterRecord message;
  message.set_schema_version(kSchemaVersion);
  message.set_reason(record.reason);
  message.set_error_kind(record.error_kind);
  message.set_attempts(static_cast<std::uint32_t>(record.attempts));
  set_time(message.mutable_first_seen(), record.first_seen);
  set_time(message.mutable_last_seen(), record.last_seen);
  message.set_consumer(record.consumer);
  message.set_version(record.version);
  message.set_trace_id(record.trace_id);
  message.set_source_queue(record.source_queue);
  message.set_message_id(record.message_id);
  message.set_replays(static_cast<std::uint32_t>(record.replays));
  return json_of(message);
}

std::string to_json(const ReplayMark& mark) {
  autorecycle::v1::ReplayMark message;
  message.set_run(mark.run);
  message.set_count(static_cast<std::uint32_t>(mark.count));
  set_time(message.mutable_first_seen(), mark.first_seen);
  return json_of(message);
}

std::optional<DeadLetterRecord> read_dead_letter_record(std::string_view json) {
  const auto document = base::JsonDocument::parse(json);
  if (!document || !base::is_object(document->root())) return std::nullopt;
  const Members members(document->root());
  DeadLetterRecord record;
  record.reason = members.text("reason");
  record.error_kind = members.text("errorKind");
  record.attempts = members.count("attempts");
  record.first_seen = members.time("firstSeen");
  record.last_seen = members.time("lastSeen");
  record.consumer = members.text("consumer");
  record.version = members.text("version");
  record.trace_id = members.text("traceId");
  record.source_queue = members.text("sourceQueue");
  record.message_id = members.text("messageId");
  record.replays = members.count("replays");
  return record;
}

std::optional<ReplayMark> read_replay_mark(std::string_view json) {
  const auto document = base::JsonDocument::parse(json);
  if (!document || !base::is_object(document->root())) return std::nullopt;
  const Members members(document->root());
  return ReplayMark{members.text("run"), members.count("count"), members.time("firstSeen")};
}

}  // namespace messages
