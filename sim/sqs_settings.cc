#include "sim/sqs_settings.h"

#include "sim/arguments.h"
#include "sim/protocol.h"
#include "sim/sqs_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace sim {

namespace {

constexpr std::array<std::string_view, 7> kReadOnly = {"ApproximateNumberOfMessages",
                                                       "ApproximateNumberOfMessagesDelayed",
                                                       "ApproximateNumberOfMessagesNotVisible",
                                                       "CreatedTimestamp",
                                                       "LastModifiedTimestamp",
                                                       "QueueArn",
                                                       "FifoQueue"};

constexpr std::array<std::string_view, 6> kOpaque = {"Policy",
                                                     "KmsMasterKeyId",
                                                     "KmsDataKeyReusePeriodSeconds",
                                                     "SqsManagedSseEnabled",
                                                     "RedriveAllowPolicy",
                                                     "FifoThroughputLimit"};

struct Limits {
  std::string_view name;
  std::int64_t min;
  std::int64_t max;
};

constexpr std::array<Limits, 5> kNumbers = {{{"VisibilityTimeout", 0, 43'200},
                                             {"DelaySeconds", 0, 900},
                                             {"ReceiveMessageWaitTimeSeconds", 0, 20},
                                             {"MessageRetentionPeriod", 60, 1'209'600},
                                             {"MaximumMessageSize", 1'024, 1'048'576}}};

std::optional<ApiError> read_redrive(const std::string& text,
                                     std::optional<RedrivePolicy>& redrive) {
  if (text.empty()) {  // takes the policy away
    redrive.reset();
    return std::nullopt;
  }
  const auto invalid = [&](const std::string& reason) {
    return sqs_invalid_value(text, "RedrivePolicy", reason);
  };
  const std::optional<Json> json = parse_json(text);
  if (!json || !json->is_object()) return invalid("Redrive policy is not a valid JSON map.");
  Arguments args(*json, ErrorStyle::kSqs);
  RedrivePolicy policy;
  policy.target_arn = args.text_or("deadLetterTargetArn", {});
  const std::int64_t count = args.integer_or("maxReceiveCount", 0);
  if (args.error() || policy.target_arn.empty()) {
    return invalid("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.");
  }
  if (count < 1 || count > 1'000) {
    return invalid(
        fmt::format("Invalid value for maxReceiveCount: {}, valid values are from 1 to "
                    "1000 both inclusive.",
                    count));
  }
  policy.receive_count_max = static_cast<int>(count);
  redrive = policy;
  return std::nullopt;
}

bool read_bool(const std::string& text, bool& value) {
  if (text != "true" && text != "false") return false;
  value = text == "true";
  return true;
}

void set_number(SqsSettings& settings, std::string_view name, std::int64_t value) {
  const std::chrono::seconds seconds(value);
  if (name == "VisibilityTimeout") settings.visibility = seconds;
  if (name == "DelaySeconds") settings.delay = seconds;
  if (name == "ReceiveMessageWaitTimeSeconds") settings.receive_wait = seconds;
  if (name == "MessageRetentionPeriod") settings.retention = seconds;
  if (name == "MaximumMessageSize") settings.message_bytes_max = static_cast<std::size_t>(value);
}

std::optional<ApiError> apply_one(SqsSettings& settings, const std::string& name,
                                  const std::string& text, bool creating) {
  const auto limits = std::ranges::find(kNumbers, name, &Limits::name);
  if (limits != kNumbers.end()) {
    const auto value = parse_integer(text);
    if (!value || *value < limits->min || *value > limits->max) return sqs_invalid_attribute(name);
    set_number(settings, name, *value);
    return std::nullopt;
  }
  if (name == "RedrivePolicy") return read_redrive(text, settings.redrive);
  if (name == "FifoQueue") {
    if (!creating || text != "true") return sqs_unknown_attribute(name);
    settings.fifo = true;
    return std::nullopt;
  }
  if (name == "ContentBasedDeduplication") {
    if (!settings.fifo) return sqs_unknown_attribute(name);
    if (!read_bool(text, settings.content_based_deduplication)) return sqs_invalid_attribute(name);
    return std::nullopt;
  }
  if (name == "DeduplicationScope") {
    if (!settings.fifo) return sqs_unknown_attribute(name);
    if (text != "queue" && text != "messageGroup") return sqs_invalid_attribute(name);
    settings.deduplicate_by_group = text == "messageGroup";
    return std::nullopt;
  }
  if (std::ranges::find(kOpaque, name) == kOpaque.end()) return sqs_unknown_attribute(name);
  settings.as_set[name] = text;
  return std::nullopt;
}

std::string seconds_text(base::Duration duration) {
  return fmt::format("{}", std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

}  // namespace

std::optional<ApiError> SqsSettings::apply(const std::map<std::string, std::string>& attributes,
                                           bool creating) {
  SqsSettings changed = *this;
  // FifoQueue decides which of the others are known.
  if (const auto asked = attributes.find("FifoQueue"); asked != attributes.end()) {
    if (auto error = apply_one(changed, asked->first, asked->second, creating)) return error;
  }
  for (const auto& [name, text] : attributes) {
    if (name == "FifoQueue") continue;
    if (auto error = apply_one(changed, name, text, creating)) return error;
  }
  *this = std::move(changed);
  return std::nullopt;
}

std::map<std::string, std::string> SqsSettings::shown() const {
  std::map<std::string, std::string> all = as_set;
  all["VisibilityTimeout"] = seconds_text(visibility);
  all["DelaySeconds"] = seconds_text(delay);
  all["ReceiveMessageWaitTimeSeconds"] = seconds_text(receive_wait);
  all["MessageRetentionPeriod"] = seconds_text(retention);
  all["MaximumMessageSize"] = fmt::format("{}", message_bytes_max);
  all.try_emplace("SqsManagedSseEnabled", "true");
  if (redrive) {
    all["RedrivePolicy"] = dump_json(Json{{"deadLetterTargetArn", redrive->target_arn},
                                          {"maxReceiveCount", redrive->receive_count_max}});
  }
  if (fifo) {
    all["FifoQueue"] = "true";
    all["ContentBasedDeduplication"] = content_based_deduplication ? "true" : "false";
    all["DeduplicationScope"] = deduplicate_by_group ? "messageGroup" : "queue";
    all.try_emplace("FifoThroughputLimit", "perQueue");
  }
  return all;
}

bool is_queue_attribute(const std::string& name) {
  return std::ranges::find(kNumbers, name, &Limits::name) != kNumbers.end() ||
         std::ranges::find(kReadOnly, name) != kReadOnly.end() ||
         std::ranges::find(kOpaque, name) != kOpaque.end() || name == "RedrivePolicy" ||
         name == "ContentBasedDeduplication" || name == "DeduplicationScope";
}

}  // namespace sim
