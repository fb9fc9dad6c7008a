// The readers of aws/sqs_wire.h: SQS's answers.
#include "aws/error.h"
#include "aws/sqs_wire.h"
#include "base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace aws::wire {

namespace {

using base::JsonValue;

base::Error malformed(std::string_view operation, std::string_view what) {
  return {base::ErrorKind::kRetry, "MalformedResponse", fmt::format("{}: {}", operation, what), {}};
}

// An answer that should have been a JSON object: else a proxy's page or a cut body.
base::Result<base::JsonDocument> parse_answer(std::string_view operation, std::string_view body) {
  auto json = base::JsonDocument::parse(body);
  if (!json || !base::is_object(json->root())) {
    return malformed(operation,
                     fmt::format("the answer is not a JSON object ({} bytes)", body.size()));
  }
  return std::move(*json);
}

// Empty for what is no string.
std::string_view text_of(JsonValue value) { return base::text_in(value).value_or(""); }

std::string_view text_member(JsonValue object, std::string_view name) {
  const auto member = base::member_of(object, name);
  return member ? text_of(*member) : std::string_view();
}

// Whole numbers that SQS writes as text; some servers write "1795162487.673".
std::optional<long long> to_number(std::string_view text) {
  long long number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = end == text.data() + text.size() || *end == '.';
  if (ec != std::errc() || !whole) return std::nullopt;
  return number;
}

MessageAttributes read_message_attributes(JsonValue json) {
  MessageAttributes attributes;
  base::each_member(json, [&](std::string_view name, JsonValue value) {
    MessageAttribute attribute;
    attribute.data_type = text_member(value, "DataType");
    const bool binary = attribute.data_type.starts_with("Binary");
    attribute.value = text_member(value, binary ? "BinaryValue" : "StringValue");
    if (!attribute.data_type.empty()) attributes[name] = std::move(attribute);
  });
  return attributes;
}

void read_system_attribute(std::string_view name, std::string_view value, bool every,
                           SqsMessage& message) {
  // Far beyond any date that SQS can mean, and still inside what a time point holds.
  constexpr long long kMillisecondsMax = 253'402'300'799'000;
  if (name == "ApproximateReceiveCount") {
    const long long count = to_number(value).value_or(1);
    message.receive_count = std::in_range<int>(count) ? static_cast<int>(count) : 1;
  } else if (name == "SentTimestamp") {
    const long long sent = to_number(value).value_or(0);
    if (sent > 0 && sent <= kMillisecondsMax) {
      message.sent_at = base::TimePoint(std::chrono::milliseconds(sent));
    }
  } else if (name == "MessageGroupId") {
    message.group_id = value;
  } else if (name == "MessageDeduplicationId" || name == "AWSTraceHeader" ||
             name == "DeadLetterQueueSourceArn" || every) {
    if (!value.empty()) message.system_attributes[name] = value;
  }
}

// False if it lacks what no message can do without.
bool read_message(JsonValue json, bool every_attribute, SqsMessage& message) {
  bool has_body = false;
  base::each_member(json, [&](std::string_view name, JsonValue value) {
    if (name == "MessageId") {
      message.message_id = text_of(value);
    } else if (name == "ReceiptHandle") {
      message.receipt_handle.value = text_of(value);
    } else if (name == "Body") {
      message.body = text_of(value);
      has_body = true;
    } else if (name == "Attributes") {
      base::each_member(value, [&](std::string_view key, JsonValue attribute) {
        read_system_attribute(key, text_of(attribute), every_attribute, message);
      });
    } else if (name == "MessageAttributes") {
      message.attributes = read_message_attributes(value);
    }
  });
  return !message.message_id.empty() && !message.receipt_handle.empty() && has_body;
}

// Position of a batch entry from its id, if it is one of ours.
std::optional<std::size_t> entry_index(JsonValue entry, std::size_t entries) {
  const auto number = to_number(text_member(entry, "Id"));
  if (!number || *number < 0 || *number >= static_cast<long long>(entries)) return std::nullopt;
  return static_cast<std::size_t>(*number);
}

base::Error entry_error(JsonValue entry) {
  const auto fault = base::member_of(entry, "SenderFault");
  const bool ours = fault && base::boolean_in(*fault).value_or(false);
  base::Error error;
  error.code = text_member(entry, "Code");
  error.kind = error_kind(error.code, ours ? 400 : 500);
  error.message = text_member(entry, "Message");
  if (error.message.empty()) error.message = "SQS refused this entry of the batch";
  return error;
}

}  // namespace

base::Result<std::vector<SqsMessage>> read_received(std::string_view body, bool every_attribute) {
  const auto json = parse_answer("ReceiveMessage", body);
  if (!json) return json.error();
  std::vector<SqsMessage> messages;
  const auto list = base::member_of(json->root(), "Messages");
  if (!list || base::is_null(*list)) return messages;
  if (!base::is_array(*list)) return malformed("ReceiveMessage", "Messages is not a list");
  // A hostile list costs no more than what it holds.
  messages.reserve(std::min(simdjson::dom::array(*list).size(), kBatchEntriesMax));
  for (const JsonValue entry : simdjson::dom::array(*list)) {
    if (!base::is_object(entry)) return malformed("ReceiveMessage", "a message is not an object");
    if (!read_message(entry, every_attribute, messages.emplace_back())) {
      return malformed("ReceiveMessage", "a message without MessageId, ReceiptHandle or Body");
    }
  }
  return messages;
}

namespace {

// Entries of a batch's answer in the order of the request; `success` makes the value of one.
template <class T, class Success>
base::Result<std::vector<base::Result<T>>> read_entries(std::string_view operation,
                                                        std::string_view body, std::size_t entries,
                                                        Success success) {
  const auto json = parse_answer(operation, body);
  if (!json) return json.error();
  std::vector<base::Result<T>> results(entries);
  std::vector<bool> mentioned(entries);
  const auto read_list = [&](std::string_view name, auto result_of) {
    const auto list = base::member_of(json->root(), name);
    if (!list) return;
    base::each_element(*list, [&](JsonValue entry) {
      const auto index = entry_index(entry, entries);
      if (!index) return;
      mentioned[*index] = true;
      results[*index] = result_of(entry);
    });
  };
  read_list("Successful", success);
  read_list("Failed", [](JsonValue entry) { return base::Result<T>(entry_error(entry)); });
  for (std::size_t i = 0; i < entries; ++i) {
    if (mentioned[i]) continue;
    results[i] = base::Error{base::ErrorKind::kRetry,
                             "MissingBatchEntry",
                             fmt::format("{}: the answer does not mention this entry", operation),
                             {}};
  }
  return results;
}

}  // namespace

base::Result<BatchResult> read_batch(std::string_view operation, std::string_view body,
                                     std::size_t entries) {
  return read_entries<void>(operation, body, entries,
                            [](JsonValue) { return base::Result<void>(); });
}

base::Result<SendBatchResult> read_sent_batch(std::string_view body, std::size_t entries) {
  return read_entries<std::string>("SendMessageBatch", body, entries, [](JsonValue entry) {
    return base::Result<std::string>(std::string(text_member(entry, "MessageId")));
  });
}

base::Result<std::string> read_message_id(std::string_view body) {
  const auto json = parse_answer("SendMessage", body);
  if (!json) return json.error();
  const auto id = text_member(json->root(), "MessageId");
  if (id.empty()) return malformed("SendMessage", "an answer without MessageId");
  return std::string(id);
}

base::Result<base::QueueUrl> read_queue_url(std::string_view body) {
  const auto json = parse_answer("GetQueueUrl", body);
  if (!json) return json.error();
  const auto url = text_member(json->root(), "QueueUrl");
  if (url.empty()) return malformed("GetQueueUrl", "an answer without QueueUrl");
  return base::QueueUrl(std::string(url));
}

base::Result<std::map<std::string, std::string>> read_attributes(std::string_view body) {
  const auto json = parse_answer("GetQueueAttributes", body);
  if (!json) return json.error();
  std::map<std::string, std::string> values;
  const auto attributes = base::member_of(json->root(), "Attributes");
  if (!attributes) return values;
  base::each_member(*attributes, [&](std::string_view name, JsonValue value) {
    if (const auto text = base::text_in(value)) values[std::string(name)] = *text;
  });
  return values;
}

}  // namespace aws::wire
