// Reading our own messages: protobuf says what their fields are (and writes them, in encode.cc);
// reading them by its JSON reader would cost ten times as much. The schemas are in proto/.
//
//   {"schemaVersion":1,"id":"6c1f..","sentAt":"2026-01-02T03:04:05Z","sentBy":"alice",
//    "recycle":{"autoScalingGroupName":"web-asg-1","strategy":"out-in","force":true}}
//
// A request for a job may come without the envelope: {"job":"debug-logs","params":{...}}.
// Proto3 JSON takes both autoScalingGroupName and auto_scaling_group_name, and so do we.
#include "messages/decode.h"
#include "messages/decoders.h"
#include "messages/kinds.h"
#include "proto/envelope.pb.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <deque>
#include <limits>
#include <optional>
#include <vector>

namespace messages {
namespace {

namespace pb = google::protobuf;
using autorecycle::v1::Envelope;

constexpr std::uint32_t kSchemaVersion = 1;
constexpr std::size_t kStrategyCharactersMax = 64;
constexpr std::size_t kJobCharactersMax = 128;
constexpr std::size_t kRunCharactersMax = 64;
constexpr std::size_t kVersionDigitsMax = 9;

Field either(const Field& object, std::string_view lower_camel, std::string_view snake) {
  const Field field = object[lower_camel];
  if (field.present()) return field;
  const Field other = object[snake];
  return other.present() ? other : field;
}

base::Result<std::uint64_t> schema_version(const Field& root) {
  const Field field = either(root, "schemaVersion", "schema_version");
  const auto version = field.present() ? base::whole_number_in(field.json()) : std::nullopt;
  if (!version || *version == 0 || *version > std::numeric_limits<std::uint32_t>::max()) {
    return field.refuse("a whole number from 1");
  }
  return *version;
}

// The JSON form of one message of the schema, from its descriptor: looked up for every field of
// every request, which the descriptors themselves are too slow for.
struct Form {
  struct Member {
    std::string_view name;   // "autoScalingGroupName"
    std::string_view snake;  // "auto_scaling_group_name"
    const pb::FieldDescriptor* type = nullptr;
    const Form* nested = nullptr;  // only for messages of ours
  };
  std::vector<Member> members;

  const Member* find(std::string_view key) const {
    const auto at = std::find_if(members.begin(), members.end(), [key](const Member& member) {
      return member.name == key || member.snake == key;
    });
    return at == members.end() ? nullptr : &*at;
  }
};

Form form_of(const pb::Descriptor& type, std::deque<Form>& nested) {
  Form form;
  for (int i = 0; i < type.field_count(); ++i) {
    const pb::FieldDescriptor& field = *type.field(i);
    const pb::Descriptor* message = field.message_type();
    // Timestamp, Struct and the like have a JSON form of their own.
    const bool ours = message != nullptr && message->file()->package() != "google.protobuf";
    const Form* inside = ours ? &nested.emplace_back(form_of(*message, nested)) : nullptr;
    form.members.push_back({field.json_name(), field.name(), &field, inside});
  }
  return form;
}

const Form& envelope_form() {
  static std::deque<Form> nested;
  static const Form form = form_of(*Envelope::descriptor(), nested);
  return form;
}

const Form& bare_job_form() {
  static std::deque<Form> nested;
  static const Form form = form_of(*autorecycle::v1::OncallJobRequest::descriptor(), nested);
  return form;
}

// What the JSON form of a field has to be; empty if `field` is that. Null is the default, always.
std::string_view expectation(const Field& field, const pb::FieldDescriptor& type) {
  if (field.is_null()) {
    return "";
  }
  switch (type.cpp_type()) {
    case pb::FieldDescriptor::CPPTYPE_BOOL:
      return base::boolean_in(field.json()) ? "" : "true or false";
    case pb::FieldDescriptor::CPPTYPE_STRING:
      return base::is_text(field.json()) ? "" : "a string";
    case pb::FieldDescriptor::CPPTYPE_MESSAGE:
      if (type.message_type()->full_name() == "google.protobuf.Timestamp") {
        return field.optional_time() ? "" : "a time like 2026-01-02T03:04:05Z";
      }
      return field.is_object() ? "" : "an object";
    default:
      return base::whole_number_in(field.json()) ? "" : "a whole number";
  }
}

base::Error unknown_field(const Field& field, const Form& form) {
  std::vector<std::string_view> names;
  names.reserve(form.members.size());
  for (const Form::Member& member : form.members) {
    names.push_back(member.name);
  }
  return base::invalid(fmt::format("{}: unknown field in schema version {}; accepted: {}",
                                   shorten(field.path()), kSchemaVersion, fmt::join(names, ", ")));
}

// Every field by the schema, so that what is read afterwards is there in the right type or not at
// all. The first refusal; none if all is well.
std::optional<base::Error> check_fields(const Field& object, const Form& form,
                                        bool unknown_allowed) {
  std::optional<base::Error> refusal;
  base::each_member(object.json(), [&](std::string_view key, base::JsonValue value) {
    if (refusal) {
      return;
    }
    const Form::Member* member = form.find(key);
    const Field field = object.member(key, value);
    if (member == nullptr) {
      if (!unknown_allowed) {
        refusal = unknown_field(field, form);
      }
      return;
    }
    if (key != member->name && object[member->name].present()) {
      refusal = field.refuse(fmt::format("nothing beside {}", member->name));
    } else if (const auto expected = expectation(field, *member->type); !expected.empty()) {
      refusal = field.refuse(expected);
    } else if (member->nested != nullptr && field.is_object()) {
      refusal = check_fields(field, *member->nested, unknown_allowed);
    }
  });
  return refusal;
}

// Letters, digits, '-', '_' and '.': what strategies and jobs are called. Whether there is such a
// one is for the consumer to say.
bool is_name(std::string_view text, std::size_t characters_max) {
  return text.size() <= characters_max && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

// Empty, or the number of a launch template's version.
bool is_version(std::string_view text) {
  return text.size() <= kVersionDigitsMax && !text.starts_with('0') &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Of a field that check_fields has passed.
base::TimePoint time_in(const Field& field) {
  const auto time = field.optional_time();
  return time ? *time : base::TimePoint{};
}

bool flag_in(const Field& field) {
  return field.present() && base::boolean_in(field.json()).value_or(false);
}

base::Result<Payload> recycle_of(const Field& recycle, base::TimePoint sent_at) {
  auto group = either(recycle, "autoScalingGroupName", "auto_scaling_group_name").group_name();
  if (!group) {
    return group.error();
  }
  const Field strategy = recycle["strategy"];
  if (!is_name(strategy.text_if_any(), kStrategyCharactersMax)) {
    return strategy.refuse("the name of a strategy, letters, digits and -_. only");
  }
  const Field run = either(recycle, "resumeRun", "resume_run");
  if (!is_name(run.text_if_any(), kRunCharactersMax)) {
    return run.refuse("the id of a run, letters, digits and -_. only");
  }
  const Field version = either(recycle, "rollbackTo", "rollback_to");
  if (!is_version(version.text_if_any())) {
    return version.refuse("the number of a launch template version, such as 7");
  }
  const Field requested_at = either(recycle, "requestedAt", "requested_at");
  const bool has_time = requested_at.present() && !requested_at.is_null();
  RecycleRequest payload;
  payload.group = std::move(*group);
  payload.strategy = strategy.text_if_any();
  payload.force = flag_in(recycle["force"]);
  payload.dry_run = flag_in(either(recycle, "dryRun", "dry_run"));
  payload.requested_at = has_time ? time_in(requested_at) : sent_at;
  payload.reason = recycle["reason"].text_if_any();
  payload.source_event_id = either(recycle, "sourceEventId", "source_event_id").text_if_any();
  payload.resume_run = run.text_if_any();
  payload.rollback_to = version.text_if_any();
  return Payload(std::move(payload));
}

// "90s", "5m", "2h"; none for anything else.
std::optional<base::Duration> duration_in(std::string_view text) {
  constexpr std::size_t kDigitsMax = 6;
  if (text.size() < 2 || text.size() > kDigitsMax + 1) return std::nullopt;
  const std::string_view digits = text.substr(0, text.size() - 1);
  int count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (error != std::errc() || end != digits.data() + digits.size() || count < 1) {
    return std::nullopt;
  }
  switch (text.back()) {
    case 's':
      return std::chrono::seconds(count);
    case 'm':
      return std::chrono::minutes(count);
    case 'h':
      return std::chrono::hours(count);
    default:
      return std::nullopt;
  }
}

base::Result<Payload> oncall_job_of(const Field& oncall_job) {
  const Field job = oncall_job["job"];
  if (job.text_if_any().empty() || !is_name(job.text_if_any(), kJobCharactersMax)) {
    return job.refuse("the name of a job, letters, digits and -_. only");
  }
  OncallJobRequest payload;
  payload.job = job.text_if_any();
  payload.requested_by = either(oncall_job, "requestedBy", "requested_by").text_if_any();
  payload.reply_to = either(oncall_job, "replyTo", "reply_to").text_if_any();
  payload.dry_run = flag_in(either(oncall_job, "dryRun", "dry_run"));
  const Field timeout = oncall_job["timeout"];
  if (!timeout.text_if_any().empty()) {
    const auto duration = duration_in(timeout.text_if_any());
    if (!duration) return timeout.refuse("a duration such as 90s, 5m or 2h");
    payload.timeout = *duration;
  }
  const Field params = oncall_job["params"];
  const Field input = oncall_job["input"];
  if (params.is_object() && input.is_object()) return input.refuse("nothing beside params");
  const Field& given = params.is_object() ? params : input;
  if (!given.is_object()) return Payload(std::move(payload));
  // By nlohmann: names in order, each of them once.
  auto json = nlohmann::json::parse(base::dump(given.json()));
  if (const auto dry_run = json.find("dry_run"); dry_run != json.end()) {
    if (!dry_run->is_boolean()) return given["dry_run"].refuse("true or false");
    payload.dry_run = payload.dry_run || dry_run->get<bool>();
    json.erase(dry_run);
  }
  payload.params = json.dump();
  return Payload(std::move(payload));
}

bool is_bare_job(const Field& root) {
  return root["job"].present() && !root["detail-type"].present() &&
         !either(root, "schemaVersion", "schema_version").present();
}

base::Result<Message> decode_bare_job(const Field& root) {
  if (auto refusal = check_fields(root, bare_job_form(), false)) return std::move(*refusal);
  auto payload = oncall_job_of(root);
  if (!payload) return payload.error();
  Message message;
  message.kind = kind::kOncallJobRequest;
  message.id = either(root, "requestId", "request_id").text_if_any();
  message.payload = std::move(*payload);
  return message;
}

}  // namespace

bool is_envelope(const Field& root) {
  return either(root, "schemaVersion", "schema_version").present() || root["recycle"].present() ||
         either(root, "oncallJob", "oncall_job").present() || is_bare_job(root);
}

base::Result<Message> decode_envelope(const Field& root) {
  if (is_bare_job(root)) return decode_bare_job(root);
  const auto version = schema_version(root);
  if (!version) {
    return version.error();
  }
  const bool newer = *version > kSchemaVersion;
  if (auto refusal = check_fields(root, envelope_form(), newer)) {
    return std::move(*refusal);
  }
  const Field recycle = root["recycle"];
  const Field job = either(root, "oncallJob", "oncall_job");
  if (recycle.is_object() && job.is_object()) {
    return base::invalid("expected recycle or oncallJob, found both");
  }
  if (!recycle.is_object() && !job.is_object()) {
    return base::invalid(
        fmt::format("expected recycle or oncallJob, found neither (schema version {}, ours is {})",
                    *version, kSchemaVersion));
  }
  Message message;
  message.id = root["id"].text_if_any();
  message.time = time_in(either(root, "sentAt", "sent_at"));
  message.actor = either(root, "sentBy", "sent_by").text_if_any();
  message.kind = recycle.is_object() ? kind::kRecycleRequest : kind::kOncallJobRequest;
  auto payload = recycle.is_object() ? recycle_of(recycle, message.time) : oncall_job_of(job);
  if (!payload) {
    return payload.error();
  }
  message.payload = std::move(*payload);
  if (const Field own = either(job, "requestId", "request_id"); !own.text_if_any().empty()) {
    message.id = own.text_if_any();
  }
  return message;
}

}  // namespace messages
