// Our own messages: the only file that touches protobuf. The schemas are in proto/.
//
//   {"schemaVersion":1,"id":"6c1f..","sentAt":"2026-01-02T03:04:05Z","sentBy":"alice",
//    "recycle":{"autoScalingGroupName":"web-asg-1","strategy":"out-in","force":true}}
//
// Protobuf's JSON reader takes both autoScalingGroupName and auto_scaling_group_name, and so do we.
#include "messages/decode.h"
#include "messages/decoders.h"
#include "messages/kinds.h"
#include "proto/envelope.pb.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <set>

namespace messages {
namespace {

namespace pb = google::protobuf;
using autorecycle::v1::Envelope;

constexpr std::uint32_t kSchemaVersion = 1;
constexpr std::size_t kStrategyCharactersMax = 64;
constexpr std::size_t kJobCharactersMax = 128;
constexpr std::size_t kErrorCharactersMax = 300;

Field either(const Field& object, std::string_view lower_camel, std::string_view snake) {
  const Field other = object[snake];
  return other.present() && !object[lower_camel].present() ? other : object[lower_camel];
}

base::Result<std::uint64_t> schema_version(const Field& root) {
  const Field field = either(root, "schemaVersion", "schema_version");
  if (!field.present() || !field.json().is_number_unsigned() ||
      field.json().get<std::uint64_t>() == 0) {
    return field.refuse("a whole number from 1");
  }
  return field.json().get<std::uint64_t>();
}

// What the JSON form of a field has to be; empty if `value` is that. Null is the default, always.
std::string_view expectation(const Field& field, const pb::FieldDescriptor& type) {
  const Json& value = field.json();
  if (value.is_null()) {
    return "";
  }
  switch (type.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      return value.is_boolean() ? "" : "true or false";
    case pb::FieldDescriptor::CPPTYPE_STRING:
      return value.is_string() ? "" : "a string";
    case pb::FieldDescriptor::CPPTYPE_MESSAGE:
      if (type.message_type()->full_name() == "google.protobuf.Timestamp") {
        return field.optional_time() ? "" : "a time like 2026-01-02T03:04:05Z";
      }
      return value.is_object() ? "" : "an object";
    default:
      return value.is_number_unsigned() ? "" : "a whole number";
  }
}

base::Error unknown_field(const Field& field, const pb::Descriptor& type) {
  std::vector<std::string> names;
  names.reserve(static_cast<std::size_t>(type.field_count()));
  for (int i = 0; i < type.field_count(); ++i) {
    names.push_back(type.field(i)->json_name());
  }
  return base::invalid(fmt::format("{}: unknown field in schema version {}; accepted: {}",
                                   shorten(field.path()), kSchemaVersion, fmt::join(names, ", ")));
}

// Protobuf's reader checks the same, but its texts name a field in three ways or not at all.
base::Result<void> check_fields(const Field& object, const pb::Descriptor& type,
                                bool unknown_allowed) {
  for (const auto& [key, value] : object.json().items()) {
    const pb::FieldDescriptor* known = type.FindFieldByCamelcaseName(key);
    known = known == nullptr ? type.FindFieldByName(key) : known;
    const Field field = object[key];
    if (known == nullptr) {
      if (unknown_allowed) {
        continue;
      }
      return unknown_field(field, type);
    }
    if (const auto expected = expectation(field, *known); !expected.empty()) {
      return field.refuse(expected);
    }
    // Timestamp, Struct and the like have a JSON form of their own.
    if (field.is_object() && known->message_type()->file()->package() != "google.protobuf") {
      auto nested = check_fields(field, *known->message_type(), unknown_allowed);
      if (!nested) {
        return nested;
      }
    }
  }
  return {};
}

base::TimePoint time_of(const pb::Timestamp& timestamp) {
  return base::TimePoint(std::chrono::seconds(timestamp.seconds()) +
                         std::chrono::microseconds(timestamp.nanos() / 1000));
}

void set_time(pb::Timestamp& timestamp, base::TimePoint time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  timestamp.set_seconds(seconds.time_since_epoch().count());
  timestamp.set_nanos(static_cast<std::int32_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(time - seconds).count()));
}

// Letters, digits, '-', '_' and '.': what strategies and jobs are called. Whether there is such a
// one is for the consumer to say.
bool is_name(std::string_view text, std::size_t characters_max) {
  return text.size() <= characters_max && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

base::Result<Payload> recycle_of(const Field& root, const Envelope& envelope) {
  const auto& request = envelope.recycle();
  const Field fields = root["recycle"];
  if (!is_group_name(request.auto_scaling_group_name())) {
    return either(fields, "autoScalingGroupName", "auto_scaling_group_name")
        .refuse("the name of an Auto Scaling group, 1 to 255 characters");
  }
  if (!is_name(request.strategy(), kStrategyCharactersMax)) {
    return fields["strategy"].refuse("the name of a strategy, letters, digits and -_. only");
  }
  RecycleRequest payload;
  payload.group = base::GroupName(request.auto_scaling_group_name());
  payload.strategy = request.strategy();
  payload.force = request.force();
  payload.dry_run = request.dry_run();
  payload.requested_at =
      time_of(request.has_requested_at() ? request.requested_at() : envelope.sent_at());
  payload.reason = request.reason();
  payload.source_event_id = request.source_event_id();
  return Payload(std::move(payload));
}

base::Result<Payload> oncall_job_of(const Field& root, const Envelope& envelope) {
  const Field fields = either(root, "oncallJob", "oncall_job");
  const std::string& job = envelope.oncall_job().job();
  if (job.empty() || !is_name(job, kJobCharactersMax)) {
    return fields["job"].refuse("the name of a job, letters, digits and -_. only");
  }
  // From our own reading, not from protobuf's Struct, where every number is a double.
  const Field input = fields["input"];
  return Payload(OncallJobRequest{job, input.is_object() ? input.json().dump() : "{}"});
}

}  // namespace

bool is_envelope(const Field& root) {
  return either(root, "schemaVersion", "schema_version").present() || root["recycle"].present() ||
         either(root, "oncallJob", "oncall_job").present();
}

base::Result<Message> decode_envelope(const Field& root) {
  const auto version = schema_version(root);
  if (!version) {
    return version.error();
  }
  const bool newer = *version > kSchemaVersion;
  if (const auto checked = check_fields(root, *Envelope::descriptor(), newer); !checked) {
    return checked.error();
  }
  const Field job = either(root, "oncallJob", "oncall_job");
  if (root["recycle"].is_object() && job.is_object()) {
    return base::invalid("expected recycle or oncallJob, found both");
  }
  Envelope envelope;
  pb::util::JsonParseOptions options;
  options.ignore_unknown_fields = newer;
  // Written anew from what was parsed: protobuf's reader is laxer than JSON and takes the first of
  // two equal keys where ours takes the last.
  const auto status = pb::util::JsonStringToMessage(root.json().dump(), &envelope, options);
  if (!status.ok()) {
    return base::invalid(shorten(std::string(status.message()), kErrorCharactersMax));
  }
  Message message;
  message.id = envelope.id();
  message.time = time_of(envelope.sent_at());
  message.actor = envelope.sent_by();
  base::Result<Payload> payload = base::invalid("");
  switch (envelope.payload_case()) {
    case Envelope::kRecycle:
      message.kind = kind::kRecycleRequest;
      payload = recycle_of(root, envelope);
      break;
    case Envelope::kOncallJob:
      message.kind = kind::kOncallJobRequest;
      payload = oncall_job_of(root, envelope);
      break;
    case Envelope::PAYLOAD_NOT_SET:
      payload = base::invalid(fmt::format(
          "expected recycle or oncallJob, found neither (schema version {}, ours is {})", *version,
          kSchemaVersion));
      break;
  }
  if (!payload) {
    return payload.error();
  }
  message.payload = std::move(*payload);
  return message;
}

std::string encode_recycle_request(const RecycleRequest& request, const std::string& id,
                                   base::TimePoint sent_at, const std::string& sent_by) {
  Envelope envelope;
  envelope.set_schema_version(kSchemaVersion);
  envelope.set_id(id);
  set_time(*envelope.mutable_sent_at(), sent_at);
  envelope.set_sent_by(sent_by);
  auto& recycle = *envelope.mutable_recycle();
  recycle.set_auto_scaling_group_name(request.group.value);
  recycle.set_strategy(request.strategy);
  recycle.set_force(request.force);
  recycle.set_dry_run(request.dry_run);
  if (request.requested_at != base::TimePoint{}) {
    set_time(*recycle.mutable_requested_at(), request.requested_at);
  }
  recycle.set_reason(request.reason);
  recycle.set_source_event_id(request.source_event_id);
  std::string text;
  const auto status = pb::util::MessageToJsonString(envelope, &text);
  if (!status.ok()) {
    throw std::logic_error(std::string(status.message()));  // only a time out of range could do it
  }
  return text;
}

}  // namespace messages
