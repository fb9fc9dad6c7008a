#include "aws/sqs_wire.h"

#include "aws/error.h"
#include "aws/json.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

namespace aws::wire {

namespace {

// What is asked for, because somebody reads it: the first three have members of their own.
constexpr std::array kAskedAttributes = {"ApproximateReceiveCount", "SentTimestamp",
                                         "MessageGroupId",          "MessageDeduplicationId",
                                         "AWSTraceHeader",          "DeadLetterQueueSourceArn"};
constexpr std::array kKeptAttributes = {"MessageDeduplicationId", "AWSTraceHeader",
                                        "DeadLetterQueueSourceArn"};

base::Error malformed(std::string_view operation, std::string_view what) {
  return {base::ErrorKind::kRetry, "MalformedResponse", fmt::format("{}: {}", operation, what), {}};
}

// Whole numbers that SQS writes as text; some servers write "1795162487.673".
std::optional<long long> to_number(std::string_view text) {
  long long number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = end == text.data() + text.size() || *end == '.';
  if (ec != std::errc() || !whole) return std::nullopt;
  return number;
}

std::map<std::string, std::string> read_text_map(const Json& object, const char* name) {
  std::map<std::string, std::string> values;
  const auto member = object.find(name);
  if (member == object.end() || !member->is_object()) return values;
  for (const auto& [key, value] : member->items()) {
    if (value.is_string()) values[key] = value.get<std::string>();
  }
  return values;
}

MessageAttributes read_message_attributes(const Json& message) {
  MessageAttributes attributes;
  const auto member = message.find("MessageAttributes");
  if (member == message.end() || !member->is_object()) return attributes;
  for (const auto& [name, value] : member->items()) {
    MessageAttribute attribute;
    attribute.data_type = text_member(value, "DataType");
    const bool binary = attribute.data_type.starts_with("Binary");
    attribute.value = text_member(value, binary ? "BinaryValue" : "StringValue");
    if (!attribute.data_type.empty()) attributes[name] = std::move(attribute);
  }
  return attributes;
}

void read_system_attributes(const Json& json, SqsMessage& message) {
  const auto member = json.find("Attributes");
  if (member == json.end() || !member->is_object()) return;
  const Json& system = *member;
  message.receive_count =
      static_cast<int>(to_number(text_member(system, "ApproximateReceiveCount")).value_or(1));
  // Far beyond any date that SQS can mean, and still inside what a time point holds.
  constexpr long long kMillisecondsMax = 253'402'300'799'000;
  const long long sent = to_number(text_member(system, "SentTimestamp")).value_or(0);
  if (sent > 0 && sent <= kMillisecondsMax) {
    message.sent_at = base::TimePoint(std::chrono::milliseconds(sent));
  }
  message.group_id = text_member(system, "MessageGroupId");
  for (const char* name : kKeptAttributes) {
    std::string value = text_member(system, name);
    if (!value.empty()) message.system_attributes.emplace(name, std::move(value));
  }
}

base::Result<SqsMessage> read_message(const Json& json) {
  SqsMessage message;
  message.message_id = text_member(json, "MessageId");
  message.receipt_handle = base::ReceiptHandle(text_member(json, "ReceiptHandle"));
  if (message.message_id.empty() || message.receipt_handle.empty() || !json.contains("Body")) {
    return malformed("ReceiveMessage", "a message without MessageId, ReceiptHandle or Body");
  }
  message.body = text_member(json, "Body");
  message.attributes = read_message_attributes(json);
  read_system_attributes(json, message);
  return message;
}

// Position of a batch entry from its id, if it is one of ours.
std::optional<std::size_t> entry_index(const Json& entry, std::size_t entries) {
  const auto number = to_number(text_member(entry, "Id"));
  if (!number || *number < 0 || *number >= static_cast<long long>(entries)) return std::nullopt;
  return static_cast<std::size_t>(*number);
}

base::Error entry_error(const Json& entry) {
  const auto fault = entry.find("SenderFault");
  const bool ours = fault != entry.end() && fault->is_boolean() && fault->get<bool>();
  base::Error error;
  error.code = text_member(entry, "Code");
  error.kind = error_kind(error.code, ours ? 400 : 500);
  error.message = text_member(entry, "Message");
  if (error.message.empty()) error.message = "SQS refused this entry of the batch";
  return error;
}

base::Result<void> check_entries(std::string_view operation, std::size_t entries) {
  if (entries >= 1 && entries <= kBatchEntriesMax) return {};
  return base::invalid(
      fmt::format("{}: {} entries, expected 1 to {}", operation, entries, kBatchEntriesMax));
}

}  // namespace

base::Result<std::string> receive_message_request(const base::QueueUrl& queue,
                                                  const ReceiveOptions& options) {
  // Both names of the same parameter: AWS still takes the old one, older servers only know it.
  Json request = {{"QueueUrl", queue.value},
                  {"MaxNumberOfMessages", options.messages_max},
                  {"WaitTimeSeconds", options.wait.count()},
                  {"VisibilityTimeout", options.visibility.count()},
                  {"AttributeNames", kAskedAttributes},
                  {"MessageSystemAttributeNames", kAskedAttributes},
                  {"MessageAttributeNames", {"All"}}};
  if (!options.attempt_id.empty()) request["ReceiveRequestAttemptId"] = options.attempt_id;
  return to_text("ReceiveMessage", request);
}

base::Result<std::string> delete_message_batch_request(
    const base::QueueUrl& queue, const std::vector<base::ReceiptHandle>& handles) {
  if (auto ok = check_entries("DeleteMessageBatch", handles.size()); !ok) return ok.error();
  Json entries = Json::array();
  for (std::size_t i = 0; i < handles.size(); ++i) {
    entries.push_back({{"Id", std::to_string(i)}, {"ReceiptHandle", handles[i].value}});
  }
  return to_text("DeleteMessageBatch",
                 Json{{"QueueUrl", queue.value}, {"Entries", std::move(entries)}});
}

base::Result<std::string> change_message_visibility_batch_request(
    const base::QueueUrl& queue, const std::vector<VisibilityEntry>& entries) {
  if (auto ok = check_entries("ChangeMessageVisibilityBatch", entries.size()); !ok) {
    return ok.error();
  }
  Json list = Json::array();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    list.push_back({{"Id", std::to_string(i)},
                    {"ReceiptHandle", entries[i].receipt_handle.value},
                    {"VisibilityTimeout", entries[i].visibility.count()}});
  }
  return to_text("ChangeMessageVisibilityBatch",
                 Json{{"QueueUrl", queue.value}, {"Entries", std::move(list)}});
}

base::Result<std::string> send_message_request(const SendOptions& options) {
  Json request = {{"QueueUrl", options.queue.value}, {"MessageBody", options.body}};
  if (!options.group_id.empty()) request["MessageGroupId"] = options.group_id;
  if (!options.deduplication_id.empty()) {
    request["MessageDeduplicationId"] = options.deduplication_id;
  }
  if (options.delay.count() > 0) request["DelaySeconds"] = options.delay.count();
  for (const auto& [name, attribute] : options.attributes) {
    const bool binary = attribute.data_type.starts_with("Binary");
    request["MessageAttributes"][name] = {
        {"DataType", attribute.data_type},
        {binary ? "BinaryValue" : "StringValue", attribute.value}};
  }
  if (!options.trace_header.empty()) {
    request["MessageSystemAttributes"]["AWSTraceHeader"] = {{"DataType", "String"},
                                                            {"StringValue", options.trace_header}};
  }
  return to_text("SendMessage", request);
}

base::Result<std::string> get_queue_url_request(const std::string& queue_name) {
  return to_text("GetQueueUrl", Json{{"QueueName", queue_name}});
}

base::Result<std::string> get_queue_attributes_request(const base::QueueUrl& queue) {
  return to_text("GetQueueAttributes",
                 Json{{"QueueUrl", queue.value}, {"AttributeNames", {"All"}}});
}

base::Result<std::vector<SqsMessage>> read_received(std::string_view body) {
  const auto json = parse_object("ReceiveMessage", body);
  if (!json) return json.error();
  std::vector<SqsMessage> messages;
  const auto list = json->find("Messages");
  if (list == json->end() || list->is_null()) return messages;
  if (!list->is_array()) return malformed("ReceiveMessage", "Messages is not a list");
  for (const Json& entry : *list) {
    if (!entry.is_object()) return malformed("ReceiveMessage", "a message is not an object");
    auto message = read_message(entry);
    if (!message) return message.error();
    messages.push_back(std::move(*message));
  }
  return messages;
}

base::Result<BatchResult> read_batch(std::string_view operation, std::string_view body,
                                     std::size_t entries) {
  const auto json = parse_object(operation, body);
  if (!json) return json.error();
  const base::Error missing{base::ErrorKind::kRetry,
                            "MissingBatchEntry",
                            fmt::format("{}: the answer does not mention this entry", operation),
                            {}};
  BatchResult results(entries, missing);
  for (const char* list_name : {"Successful", "Failed"}) {
    const auto list = json->find(list_name);
    if (list == json->end() || !list->is_array()) continue;
    for (const Json& entry : *list) {
      const auto index = entry_index(entry, entries);
      if (!index) continue;
      if (std::string_view(list_name) == "Failed") {
        results[*index] = entry_error(entry);
      } else {
        results[*index] = base::Result<void>();
      }
    }
  }
  return results;
}

base::Result<std::string> read_message_id(std::string_view body) {
  const auto json = parse_object("SendMessage", body);
  if (!json) return json.error();
  std::string id = text_member(*json, "MessageId");
  if (id.empty()) return malformed("SendMessage", "an answer without MessageId");
  return id;
}

base::Result<base::QueueUrl> read_queue_url(std::string_view body) {
  const auto json = parse_object("GetQueueUrl", body);
  if (!json) return json.error();
  base::QueueUrl url(text_member(*json, "QueueUrl"));
  if (url.empty()) return malformed("GetQueueUrl", "an answer without QueueUrl");
  return url;
}

base::Result<std::map<std::string, std::string>> read_attributes(std::string_view body) {
  const auto json = parse_object("GetQueueAttributes", body);
  if (!json) return json.error();
  return read_text_map(*json, "Attributes");
}

}  // namespace aws::wire
