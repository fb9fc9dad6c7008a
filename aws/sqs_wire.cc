#include "aws/sqs_wire.h"

#include "aws/json_writer.h"

namespace aws::wire {

namespace {

// What the braces, names and numbers of a request take, at most.
constexpr std::size_t kRequestBytes = 640;
constexpr std::size_t kEntryBytes = 64;

base::Result<void> check_entries(std::string_view operation, std::size_t entries) {
  if (entries >= 1 && entries <= kBatchEntriesMax) return {};
  return base::invalid(
      fmt::format("{}: {} entries, expected 1 to {}", operation, entries, kBatchEntriesMax));
}

// What is asked for, because somebody reads it (see read_received).
constexpr std::string_view kSystemAttributes =
    R"(["ApproximateReceiveCount","SentTimestamp","MessageGroupId","MessageDeduplicationId",)"
    R"("AWSTraceHeader","DeadLetterQueueSourceArn"])";

// What SendMessage and an entry of SendMessageBatch have in common, after a member before it.
void write_message(JsonWriter& json, const SendOptions& options) {
  json.raw(R"(,"MessageBody":)").text(options.body);
  if (!options.group_id.empty()) json.raw(R"(,"MessageGroupId":)").text(options.group_id);
  if (!options.deduplication_id.empty()) {
    json.raw(R"(,"MessageDeduplicationId":)").text(options.deduplication_id);
  }
  if (options.delay.count() > 0) json.raw(R"(,"DelaySeconds":)").number(options.delay.count());
  std::string_view before = R"(,"MessageAttributes":{)";
  for (const auto& [name, attribute] : options.attributes) {
    const bool binary = attribute.data_type.starts_with("Binary");
    json.raw(before).text(name).raw(R"(:{"DataType":)").text(attribute.data_type);
    json.raw(binary ? R"(,"BinaryValue":)" : R"(,"StringValue":)").text(attribute.value).raw("}");
    before = ",";
  }
  if (!options.attributes.empty()) json.raw("}");
  if (!options.trace_header.empty()) {
    json.raw(R"(,"MessageSystemAttributes":{"AWSTraceHeader":{"DataType":"String","StringValue":)");
    json.text(options.trace_header).raw("}}");
  }
}

}  // namespace

base::Result<std::string> receive_message_request(const base::QueueUrl& queue,
                                                  const ReceiveOptions& options) {
  JsonWriter json(kRequestBytes + queue.value.size() + options.attempt_id.size());
  json.raw(R"({"QueueUrl":)").text(queue.value);
  json.raw(R"(,"MaxNumberOfMessages":)").number(options.messages_max);
  json.raw(R"(,"WaitTimeSeconds":)").number(options.wait.count());
  json.raw(R"(,"VisibilityTimeout":)").number(options.visibility.count());
  if (!options.attempt_id.empty()) {
    json.raw(R"(,"ReceiveRequestAttemptId":)").text(options.attempt_id);
  }
  // Both names of the same parameter: AWS still takes the old one, older servers only know it.
  const std::string_view names = options.every_attribute ? R"(["All"])" : kSystemAttributes;
  json.raw(R"(,"AttributeNames":)").raw(names);
  json.raw(R"(,"MessageSystemAttributeNames":)").raw(names);
  json.raw(R"(,"MessageAttributeNames":["All"]})");
  return json.finish("ReceiveMessage");
}

base::Result<std::string> delete_message_batch_request(
    const base::QueueUrl& queue, const std::vector<base::ReceiptHandle>& handles) {
  if (auto ok = check_entries("DeleteMessageBatch", handles.size()); !ok) return ok.error();
  std::size_t bytes = kRequestBytes + queue.value.size();
  for (const auto& handle : handles) bytes += kEntryBytes + handle.value.size();
  JsonWriter json(bytes);
  json.raw(R"({"QueueUrl":)").text(queue.value).raw(R"(,"Entries":[)");
  for (std::size_t i = 0; i < handles.size(); ++i) {
    json.raw(i == 0 ? R"({"Id":")" : R"(,{"Id":")").number(static_cast<long long>(i));
    json.raw(R"(","ReceiptHandle":)").text(handles[i].value).raw("}");
  }
  json.raw("]}");
  return json.finish("DeleteMessageBatch");
}

base::Result<std::string> change_message_visibility_batch_request(
    const base::QueueUrl& queue, const std::vector<VisibilityEntry>& entries) {
  if (auto ok = check_entries("ChangeMessageVisibilityBatch", entries.size()); !ok) {
    return ok.error();
  }
  std::size_t bytes = kRequestBytes + queue.value.size();
  for (const auto& entry : entries) bytes += kEntryBytes + entry.receipt_handle.value.size();
  JsonWriter json(bytes);
  json.raw(R"({"QueueUrl":)").text(queue.value).raw(R"(,"Entries":[)");
  for (std::size_t i = 0; i < entries.size(); ++i) {
    json.raw(i == 0 ? R"({"Id":")" : R"(,{"Id":")").number(static_cast<long long>(i));
    json.raw(R"(","ReceiptHandle":)").text(entries[i].receipt_handle.value);
    json.raw(R"(,"VisibilityTimeout":)").number(entries[i].visibility.count()).raw("}");
  }
  json.raw("]}");
  return json.finish("ChangeMessageVisibilityBatch");
}

base::Result<std::string> send_message_request(const SendOptions& options) {
  JsonWriter json(kRequestBytes + options.queue.value.size() + options.body.size() * 5 / 4);
  json.raw(R"({"QueueUrl":)").text(options.queue.value);
  write_message(json, options);
  json.raw("}");
  return json.finish("SendMessage");
}

base::Result<std::string> send_message_batch_request(const std::vector<SendOptions>& entries) {
  if (auto ok = check_entries("SendMessageBatch", entries.size()); !ok) return ok.error();
  std::size_t bytes = kRequestBytes + entries.front().queue.value.size();
  for (const SendOptions& entry : entries) {
    bytes += kEntryBytes + sqs_bytes(entry.body, entry.attributes) * 5 / 4;
  }
  JsonWriter json(bytes);
  json.raw(R"({"QueueUrl":)").text(entries.front().queue.value).raw(R"(,"Entries":[)");
  for (std::size_t i = 0; i < entries.size(); ++i) {
    json.raw(i == 0 ? R"({"Id":")" : R"(,{"Id":")").number(static_cast<long long>(i)).raw(R"(")");
    write_message(json, entries[i]);
    json.raw("}");
  }
  json.raw("]}");
  return json.finish("SendMessageBatch");
}

base::Result<std::string> get_queue_url_request(const std::string& queue_name,
                                                const std::string& account) {
  JsonWriter json(kRequestBytes);
  json.raw(R"({"QueueName":)").text(queue_name);
  if (!account.empty()) json.raw(R"(,"QueueOwnerAWSAccountId":)").text(account);
  return json.raw("}").finish("GetQueueUrl");
}

base::Result<std::string> get_queue_attributes_request(const base::QueueUrl& queue) {
  JsonWriter json(kRequestBytes);
  json.raw(R"({"QueueUrl":)").text(queue.value).raw(R"(,"AttributeNames":["All"]})");
  return json.finish("GetQueueAttributes");
}

}  // namespace aws::wire
