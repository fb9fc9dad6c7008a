// SQS messages as they are stored, and the rules about what may be sent.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
#pragma once

#include "base/clock.h"
#include "sim/service.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sim {

inline constexpr std::size_t kMessageBytesMax = 1'048'576;  // body and attributes; batches likewise
inline constexpr std::size_t kMessageAttributesMax = 10;

struct MessageAttribute {
  std::string data_type;  // "String", "Number", "Binary", each with an optional ".label"
  std::string value;      // Binary: the bytes themselves
  bool is_binary() const { return data_type.starts_with("Binary"); }
};

using MessageAttributes = std::map<std::string, MessageAttribute>;

struct StoredMessage {
  std::uint64_t number = 0;  // order of arrival in its queue
  std::string id;
  std::string body;
  MessageAttributes attributes;
  std::string trace_header;
  std::string sender_id;
  std::string group_id;
  std::string deduplication_id;
  std::string sequence_number;
  std::string dead_letter_source_arn;
  base::TimePoint sent_at;
  base::TimePoint expires_at;
  base::TimePoint first_received_at;
  int receive_count = 0;

  enum class State { kDelayed, kVisible, kInFlight };
  State state = State::kVisible;
  base::SteadyPoint wakes_at;     // end of the delay or of the visibility timeout
  base::SteadyPoint received_at;  // start of the 12 hours
  std::string receipt;            // of the latest receive
};

// {"name": {"DataType": .., "StringValue"|"BinaryValue": ..}} of a request, checked.
std::optional<ApiError> read_attributes(const Json& json, MessageAttributes& attributes);
// The form of answers.
Json attributes_json(const MessageAttributes& attributes);
std::size_t bytes_of(const std::string& body, const MessageAttributes& attributes);

// The first character that SQS refuses, as "#x1"; for text that is not UTF-8, the byte.
std::optional<std::string> find_refused_character(std::string_view text);

std::string md5_hex(std::string_view text);
// As the SDKs compute it: name, type and value of each attribute, sorted, length-prefixed.
std::string md5_of_attributes(const MessageAttributes& attributes);
std::string sha256_hex_of(std::string_view text);  // content-based deduplication

std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace sim
