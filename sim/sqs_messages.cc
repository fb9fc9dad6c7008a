// SqsService: sending, receiving, deleting and hiding one message.
#include "sim/sqs_errors.h"
#include "sim/sqs_service.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace sim {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kGroupIdMax = 128;
constexpr std::int64_t kDelayMax = 900;
constexpr std::int64_t kVisibilityMax = 43'200;
constexpr std::int64_t kWaitMax = 20;

const std::vector<std::string>& system_attribute_names() {
  static const std::vector<std::string> names = {"All",
                                                 "SenderId",
                                                 "SentTimestamp",
                                                 "ApproximateReceiveCount",
                                                 "ApproximateFirstReceiveTimestamp",
                                                 "SequenceNumber",
                                                 "MessageDeduplicationId",
                                                 "MessageGroupId",
                                                 "AWSTraceHeader",
                                                 "DeadLetterQueueSourceArn"};
  return names;
}

bool is_identifier(const std::string& text) {
  return !text.empty() && text.size() <= kGroupIdMax &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127; });
}

std::string unix_milliseconds(base::TimePoint time) {
  return fmt::format(
      "{}", std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
}

// "All", ".*", "prefix.*" or the name itself.
bool selects(const std::vector<std::string>& patterns, const std::string& name) {
  return std::ranges::any_of(patterns, [&](const std::string& pattern) {
    if (pattern == "All" || pattern == ".*") return true;
    if (pattern.ends_with(".*")) {
      return name.starts_with(pattern.substr(0, pattern.size() - 2));
    }
    return pattern == name;
  });
}

std::optional<ApiError> check_body(const std::string& body) {
  if (body.empty()) return sqs_missing("MessageBody");
  if (auto refused = find_refused_character(body)) return sqs_invalid_characters(*refused);
  return std::nullopt;
}

}  // namespace

std::optional<ApiError> SqsService::read_fifo_members(Entry& entry, Arguments& args,
                                                      StoredMessage& message) {
  const SqsSettings& settings = entry.queue.settings();
  message.group_id = args.text_or("MessageGroupId", {});
  message.deduplication_id = args.text_or("MessageDeduplicationId", {});
  const auto identifier_error = [](const std::string& value, const std::string& name) {
    return sqs_invalid_value(value, name,
                             name +
                                 " can only include alphanumeric and punctuation characters. 1 "
                                 "to 128 in length.");
  };
  if (!message.group_id.empty() && !is_identifier(message.group_id)) {
    return identifier_error(message.group_id, "MessageGroupId");
  }
  if (!settings.fifo) {
    // A group on a standard queue is for fair queues; deduplication is not.
    if (message.deduplication_id.empty()) return std::nullopt;
    return sqs_invalid_value(
        message.deduplication_id, "MessageDeduplicationId",
        "The request include parameter that is not valid for this queue type.");
  }
  if (message.group_id.empty()) return sqs_missing("MessageGroupId");
  if (args.integer_or("DelaySeconds", 0) != 0) {
    return sqs_invalid_value(
        args.text_or("DelaySeconds", {}), "DelaySeconds",
        "The request include parameter that is not valid for this queue type.");
  }
  if (message.deduplication_id.empty()) {
    if (!settings.content_based_deduplication) {
      return sqs_invalid(
          "The queue should either have ContentBasedDeduplication enabled or "
          "MessageDeduplicationId provided explicitly");
    }
    message.deduplication_id = sha256_hex_of(message.body);
  } else if (!is_identifier(message.deduplication_id)) {
    return identifier_error(message.deduplication_id, "MessageDeduplicationId");
  }
  return std::nullopt;
}

ApiOutcome SqsService::send_one(Entry& entry, const Json& json, const ApiCall& call) {
  Arguments args(json, ErrorStyle::kSqs);
  StoredMessage message;
  message.body = args.text_or("MessageBody", {});
  const std::optional<std::int64_t> delay = args.integer("DelaySeconds");
  const Json* attributes = args.object("MessageAttributes");
  const Json* system = args.object("MessageSystemAttributes");
  if (args.error()) return *args.error();
  if (auto error = check_body(message.body)) return *error;
  if (attributes != nullptr) {
    if (auto error = read_attributes(*attributes, message.attributes)) return *error;
  }
  MessageAttributes system_attributes;
  if (system != nullptr) {
    for (const auto& [name, value] : system->items()) {
      if (name != "AWSTraceHeader") {
        return sqs_invalid(fmt::format("Message system attribute name '{}' is invalid.", name));
      }
      Arguments header(value, ErrorStyle::kSqs);
      message.trace_header = header.text_or("StringValue", {});
      system_attributes[name] = {header.text_or("DataType", "String"), message.trace_header};
    }
  }
  const std::size_t bytes_max = entry.queue.settings().message_bytes_max;
  if (bytes_of(message.body, message.attributes) > bytes_max) {
    return sqs_invalid(fmt::format(
        "One or more parameters are invalid. Reason: Message must be shorter than {} bytes.",
        bytes_max));
  }
  if (delay && (*delay < 0 || *delay > kDelayMax)) {
    return sqs_invalid_value(fmt::format("{}", *delay), "DelaySeconds",
                             "DelaySeconds must be >= 0 and <= 900.");
  }
  if (auto error = read_fifo_members(entry, args, message)) return *error;
  if (args.error()) return *args.error();
  message.sender_id = call.access_key_id.empty() ? "ANONYMOUS" : call.access_key_id;

  Json result = {{"MessageId", ""}, {"MD5OfMessageBody", md5_hex(message.body)}};
  if (!message.attributes.empty()) {
    result["MD5OfMessageAttributes"] = md5_of_attributes(message.attributes);
  }
  if (!system_attributes.empty()) {
    result["MD5OfMessageSystemAttributes"] = md5_of_attributes(system_attributes);
  }
  // FIFO queues take no delay per message; a zero means the queue's own.
  const bool own_delay = delay && !entry.queue.settings().fifo;
  const SqsQueue::Sent sent = entry.queue.send(
      std::move(message),
      own_delay ? std::optional<base::Duration>(std::chrono::seconds(*delay)) : std::nullopt);
  result["MessageId"] = sent.message_id;
  if (!sent.sequence_number.empty()) result["SequenceNumber"] = sent.sequence_number;
  ++entry.sent;
  // A delayed message is not there yet, but the pollers' next look must be timed by it.
  if (entry.queue.has_visible()) {
    entry.arrived.notify();
  } else {
    entry.arrived.notify_all();
  }
  return ApiAnswer{std::move(result), {}, {}};
}

ApiOutcome SqsService::send_message(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kSqs);
  const EntryPtr entry = queue_of(args);
  if (!entry) return *args.error();
  return send_one(*entry, call.arguments, call);
}

ApiOutcome SqsService::delete_one(Entry& entry, const Json& json) {
  Arguments args(json, ErrorStyle::kSqs);
  const std::string handle = args.required_text("ReceiptHandle");
  if (args.error()) return *args.error();
  if (auto error = entry.queue.remove(handle)) return *error;
  // The next message of a FIFO group may have become free.
  if (entry.queue.has_visible()) entry.arrived.notify();
  return ApiAnswer{};
}

ApiOutcome SqsService::delete_message(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kSqs);
  const EntryPtr entry = queue_of(args);
  if (!entry) return *args.error();
  return delete_one(*entry, call.arguments);
}

ApiOutcome SqsService::change_one(Entry& entry, const Json& json) {
  Arguments args(json, ErrorStyle::kSqs);
  const std::string handle = args.required_text("ReceiptHandle");
  if (!args.error() && !args.has("VisibilityTimeout")) return sqs_missing("VisibilityTimeout");
  const std::int64_t seconds = args.required_integer("VisibilityTimeout");
  if (args.error()) return *args.error();
  if (seconds < 0 || seconds > kVisibilityMax) {
    return sqs_invalid_value(fmt::format("{}", seconds), "VisibilityTimeout",
                             "Must be >= 0 and <= 43200, if provided.");
  }
  const auto wake_before = entry.queue.next_wake();
  if (auto error = entry.queue.change_visibility(handle, std::chrono::seconds(seconds))) {
    return *error;
  }
  const auto wake_after = entry.queue.next_wake();
  if (entry.queue.has_visible()) {
    entry.arrived.notify();
  } else if (wake_after && (!wake_before || *wake_after < *wake_before)) {
    entry.arrived.notify_all();  // to time their next look anew
  }
  return ApiAnswer{};
}

ApiOutcome SqsService::change_message_visibility(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kSqs);
  const EntryPtr entry = queue_of(args);
  if (!entry) return *args.error();
  return change_one(*entry, call.arguments);
}

std::optional<ApiError> SqsService::read_receive(Entry& entry, const Json& json,
                                                 Receive& receive) const {
  Arguments args(json, ErrorStyle::kSqs);
  const SqsSettings& settings = entry.queue.settings();
  const std::int64_t count = args.integer_or("MaxNumberOfMessages", 1);
  const auto visibility = args.integer("VisibilityTimeout");
  const auto wait = args.integer("WaitTimeSeconds");
  receive.attempt_id = args.text_or("ReceiveRequestAttemptId", {});
  receive.attribute_names = args.texts("MessageAttributeNames");
  receive.system_names = args.texts("AttributeNames");
  for (std::string& name : args.texts("MessageSystemAttributeNames")) {
    receive.system_names.push_back(std::move(name));
  }
  if (args.error()) return args.error();
  if (count < 1 || count > 10) {
    return sqs_invalid_value(fmt::format("{}", count), "MaxNumberOfMessages",
                             "Must be between 1 and 10, if provided.");
  }
  if (visibility && (*visibility < 0 || *visibility > kVisibilityMax)) {
    return sqs_invalid_value(fmt::format("{}", *visibility), "VisibilityTimeout",
                             "Must be >= 0 and <= 43200, if provided.");
  }
  if (wait && (*wait < 0 || *wait > kWaitMax)) {
    return sqs_invalid_value(fmt::format("{}", *wait), "WaitTimeSeconds",
                             "Must be >= 0 and <= 20, if provided.");
  }
  const auto& known = system_attribute_names();
  for (const std::string& name : receive.system_names) {
    if (std::ranges::find(known, name) == known.end()) return sqs_unknown_attribute(name);
  }
  receive.count_max = static_cast<int>(count);
  receive.visibility = visibility ? std::chrono::seconds(*visibility) : settings.visibility;
  receive.wait = wait ? std::chrono::seconds(*wait) : settings.receive_wait;
  return std::nullopt;
}

SqsQueue::Bury SqsService::bury_of(Entry& entry) {
  const auto& redrive = entry.queue.settings().redrive;
  if (!redrive) return {};
  const EntryPtr target = find(redrive->target_arn.substr(redrive->target_arn.rfind(':') + 1));
  // As in AWS, a dead-letter queue that was deleted leaves the message where it is.
  if (!target || &target->queue == &entry.queue) return {};
  return [target, source = world_.arn("sqs", entry.queue.name())](StoredMessage message) {
    message.dead_letter_source_arn = source;
    target->queue.adopt(std::move(message));
    target->arrived.notify();
  };
}

asio::awaitable<void> SqsService::wait_for_message(EntryPtr entry, base::SteadyPoint until) {
  using namespace asio::experimental::awaitable_operators;
  try {
    co_await (world_.clock().sleep_until(until) || entry->arrived.wait());
  } catch (const asio::multiple_exceptions&) {
    // Both ends were cancelled, and the wake-up that may have been ours goes to the next poller.
    entry->arrived.notify();
    throw boost::system::system_error(asio::error::operation_aborted);
  }
}

asio::awaitable<ApiOutcome> SqsService::receive_message(ApiCall call) {
  Arguments args(call.arguments, ErrorStyle::kSqs);
  const EntryPtr entry = queue_of(args);
  if (!entry) co_return *args.error();
  Receive receive;
  if (auto error = read_receive(*entry, call.arguments, receive)) co_return *error;
  const base::SteadyPoint deadline = world_.clock().steady_now() + receive.wait;
  Json messages = Json::array();
  const bool pretend_empty = world_.faults().empty_receive();
  while (!pretend_empty) {
    const auto taken = entry->queue.receive(receive.count_max, receive.visibility,
                                            receive.attempt_id, bury_of(*entry));
    if (!taken && receive.wait.count() == 0) co_return sqs_over_limit();
    if (taken) {
      for (const StoredMessage& message : *taken)
        messages.push_back(message_json(message, receive));
    }
    const base::SteadyPoint now = world_.clock().steady_now();
    if (!messages.empty() || now >= deadline) break;
    const auto next = entry->queue.next_wake();
    co_await wait_for_message(entry, next ? std::min(*next, deadline) : deadline);
    if (entry->deleted) co_return sqs_no_queue();
  }
  entry->received += messages.size();
  if (!messages.empty() && entry->queue.has_visible()) entry->arrived.notify();
  ApiAnswer answer;
  if (!messages.empty()) answer.result["Messages"] = std::move(messages);
  co_return answer;
}

Json SqsService::message_json(const StoredMessage& message, const Receive& receive) const {
  Json json = {{"MessageId", message.id},
               {"ReceiptHandle", message.receipt},
               {"MD5OfBody", md5_hex(message.body)},
               {"Body", message.body}};
  const std::vector<std::pair<std::string, std::string>> system = {
      {"SenderId", message.sender_id},
      {"SentTimestamp", unix_milliseconds(message.sent_at)},
      {"ApproximateReceiveCount", fmt::format("{}", message.receive_count)},
      {"ApproximateFirstReceiveTimestamp", unix_milliseconds(message.first_received_at)},
      {"SequenceNumber", message.sequence_number},
      {"MessageDeduplicationId", message.deduplication_id},
      {"MessageGroupId", message.group_id},
      {"AWSTraceHeader", message.trace_header},
      {"DeadLetterQueueSourceArn", message.dead_letter_source_arn}};
  for (const auto& [name, value] : system) {
    const bool asked = std::ranges::any_of(receive.system_names, [&, &n = name](const auto& asked) {
      return asked == "All" || asked == n;
    });
    if (asked && !value.empty()) json["Attributes"][name] = value;
  }
  MessageAttributes shown;
  for (const auto& [name, attribute] : message.attributes) {
    if (selects(receive.attribute_names, name)) shown[name] = attribute;
  }
  if (!shown.empty()) {
    json["MD5OfMessageAttributes"] = md5_of_attributes(shown);
    json["MessageAttributes"] = attributes_json(shown);
  }
  return json;
}

}  // namespace sim
