// Writing our own messages: with envelope.cc the only file that touches protobuf.
#include "messages/decode.h"
#include "proto/envelope.pb.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <stdexcept>

namespace messages {
namespace {

namespace pb = google::protobuf;
using autorecycle::v1::Envelope;

constexpr std::uint32_t kSchemaVersion = 1;

void set_time(pb::Timestamp& timestamp, base::TimePoint time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  timestamp.set_seconds(seconds.time_since_epoch().count());
  timestamp.set_nanos(static_cast<std::int32_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(time - seconds).count()));
}

Envelope envelope_of(const std::string& id, base::TimePoint sent_at, const std::string& sent_by) {
  Envelope envelope;
  envelope.set_schema_version(kSchemaVersion);
  envelope.set_id(id);
  set_time(*envelope.mutable_sent_at(), sent_at);
  envelope.set_sent_by(sent_by);
  return envelope;
}

std::string json_of(const Envelope& envelope) {
  std::string text;
  const auto status = pb::util::MessageToJsonString(envelope, &text);
  if (!status.ok()) {
    throw std::logic_error(std::string(status.message()));  // only a time out of range could do it
  }
  return text;
}

}  // namespace

std::string encode_recycle_request(const RecycleRequest& request, const std::string& id,
                                   base::TimePoint sent_at, const std::string& sent_by) {
  Envelope envelope = envelope_of(id, sent_at, sent_by);
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
  recycle.set_resume_run(request.resume_run);
  recycle.set_rollback_to(request.rollback_to);
  return json_of(envelope);
}

std::string encode_oncall_job_request(const OncallJobRequest& request, const std::string& id,
                                      base::TimePoint sent_at, const std::string& sent_by) {
  Envelope envelope = envelope_of(id, sent_at, sent_by);
  auto& job = *envelope.mutable_oncall_job();
  job.set_job(request.job);
  job.set_requested_by(request.requested_by);
  job.set_reply_to(request.reply_to);
  job.set_dry_run(request.dry_run);
  if (request.timeout.count() > 0) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(request.timeout);
    job.set_timeout(fmt::format("{}s", seconds.count()));
  }
  // Not by way of a Struct, whose numbers are doubles.
  auto json = nlohmann::ordered_json::parse(json_of(envelope));
  json["oncallJob"]["params"] = nlohmann::ordered_json::parse(request.params);
  return json.dump();
}

}  // namespace messages
