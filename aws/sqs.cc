#include "aws/sqs.h"

#include "aws/sqs_wire.h"

#include <utility>

namespace aws {

namespace asio = boost::asio;

std::size_t sqs_bytes(const std::string& body, const MessageAttributes& attributes) {
  std::size_t bytes = body.size();
  for (const auto& [name, attribute] : attributes) {
    bytes += name.size() + attribute.data_type.size() + attribute.value.size();
  }
  return bytes;
}

namespace {

// A long poll must not be cut off while SQS may still be answering it.
constexpr base::Duration kReceiveMargin = std::chrono::seconds(10);

}  // namespace

ApiRequest wire::sqs_request(std::string operation, std::string body) {
  ApiRequest request;
  request.service = "sqs";
  request.content_type = "application/x-amz-json-1.0";
  request.headers.push_back({"X-Amz-Target", "AmazonSQS." + operation});
  request.operation = std::move(operation);
  request.body = std::move(body);
  request.response_headers = false;
  return request;
}

using wire::sqs_request;

asio::awaitable<base::Result<std::vector<SqsMessage>>> Sqs::receive_message(
    base::QueueUrl queue, ReceiveOptions options) {
  auto body = wire::receive_message_request(queue, options);
  if (!body) co_return body.error();
  ApiRequest request = sqs_request("ReceiveMessage", std::move(*body));
  request.timeout = options.wait + kReceiveMargin;
  request.long_poll = true;
  const auto response = co_await caller_.call(std::move(request));
  if (!response) co_return response.error();
  co_return wire::read_received(response->body, options.every_attribute);
}

asio::awaitable<base::Result<BatchResult>> Sqs::delete_message_batch(
    base::QueueUrl queue, std::vector<base::ReceiptHandle> handles) {
  if (handles.empty()) co_return BatchResult();
  auto body = wire::delete_message_batch_request(queue, handles);
  if (!body) co_return body.error();
  const auto response = co_await caller_.call(sqs_request("DeleteMessageBatch", std::move(*body)));
  if (!response) co_return response.error();
  co_return wire::read_batch("DeleteMessageBatch", response->body, handles.size());
}

asio::awaitable<base::Result<BatchResult>> Sqs::change_message_visibility_batch(
    base::QueueUrl queue, std::vector<VisibilityEntry> entries) {
  if (entries.empty()) co_return BatchResult();
  auto body = wire::change_message_visibility_batch_request(queue, entries);
  if (!body) co_return body.error();
  const auto response =
      co_await caller_.call(sqs_request("ChangeMessageVisibilityBatch", std::move(*body)));
  if (!response) co_return response.error();
  co_return wire::read_batch("ChangeMessageVisibilityBatch", response->body, entries.size());
}

asio::awaitable<base::Result<std::string>> Sqs::send_message(SendOptions options) {
  auto body = wire::send_message_request(options);
  if (!body) co_return body.error();
  const auto response = co_await caller_.call(sqs_request("SendMessage", std::move(*body)));
  if (!response) co_return response.error();
  co_return wire::read_message_id(response->body);
}

asio::awaitable<base::Result<SendBatchResult>> Sqs::send_message_batch(
    std::vector<SendOptions> entries) {
  if (entries.empty()) co_return SendBatchResult();
  auto body = wire::send_message_batch_request(entries);
  if (!body) co_return body.error();
  ApiRequest request = sqs_request("SendMessageBatch", std::move(*body));
  request.repeat_when_unsure = false;
  const auto response = co_await caller_.call(std::move(request));
  if (!response) co_return response.error();
  co_return wire::read_sent_batch(response->body, entries.size());
}

asio::awaitable<base::Result<base::QueueUrl>> Sqs::get_queue_url(std::string queue_name,
                                                                 std::string account) {
  auto body = wire::get_queue_url_request(queue_name, account);
  if (!body) co_return body.error();
  const auto response = co_await caller_.call(sqs_request("GetQueueUrl", std::move(*body)));
  if (!response) co_return response.error().while_doing("queue '" + queue_name + "'");
  co_return wire::read_queue_url(response->body);
}

asio::awaitable<base::Result<std::map<std::string, std::string>>> Sqs::get_queue_attributes(
    base::QueueUrl queue) {
  auto body = wire::get_queue_attributes_request(queue);
  if (!body) co_return body.error();
  const auto response = co_await caller_.call(sqs_request("GetQueueAttributes", std::move(*body)));
  if (!response) co_return response.error();
  co_return wire::read_attributes(response->body);
}

}  // namespace aws
