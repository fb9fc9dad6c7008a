#include "worker/large_payload.h"

#include "aws/payload_pointer.h"
#include "base/log.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace worker {

using base::ErrorKind;
using boost::asio::awaitable;

namespace {

constexpr const char* kPoisonKind = "payload";

consumers::Poison poison(std::string reason) { return {std::move(reason), kPoisonKind}; }

// What is to become of a message whose object could not be got.
consumers::Verdict verdict_on(const base::Error& error) {
  if (error.code == "BodyTooLarge") {
    return poison(
        fmt::format("the payload is longer than {} bytes: {}", kPayloadBytesMax, error.message));
  }
  // A bucket that is missing was configured: that is for somebody to put right.
  const bool gone = error.kind == ErrorKind::kNotFound && error.code != "NoSuchBucket";
  if (gone) return poison("payload not found: " + error.to_string());
  if (error.kind == ErrorKind::kInvalid) return poison("payload refused: " + error.to_string());
  std::string reason = "getting the payload: " + error.to_string();
  if (error.kind == ErrorKind::kDenied) {
    reason += "; the worker needs s3:GetObject, and s3:ListBucket so that S3 tells it what is gone";
  }
  return consumers::Retry{base::Duration(0), std::move(reason)};
}

std::size_t value_bytes(const aws::MessageAttribute& attribute) {
  const std::string& value = attribute.value;
  if (!attribute.data_type.starts_with("Binary")) return value.size();
  // Base64 here, bytes where SQS counts them.
  const auto padding = value.size() - std::min(value.find('='), value.size());
  return value.size() / 4 * 3 - std::min<std::size_t>(padding, 2);
}

// Whether SQS has certainly not taken the message.
bool was_refused(const base::Error& error) {
  return error.kind == ErrorKind::kInvalid || error.kind == ErrorKind::kDenied ||
         error.kind == ErrorKind::kNotFound;
}

std::string accepted_buckets(const PayloadConfig& config) {
  if (config.buckets.empty() && config.bucket.empty()) {
    return "set --payload-buckets to the buckets whose payloads may be read";
  }
  return fmt::format("--payload-buckets and --payload-bucket name {}",
                     fmt::join(config.buckets, ", "));
}

}  // namespace

LargePayloads::LargePayloads(aws::S3& s3, base::Random& random, PayloadConfig config)
    : s3_(s3), random_(random), config_(std::move(config)) {
  // What we send, we or another worker will receive.
  if (!config_.bucket.empty()) config_.buckets.insert(config_.bucket);
}

awaitable<Fetched> LargePayloads::fetch(std::string body) {
  auto object = aws::read_payload_pointer(body);
  if (!object) co_return Fetched(poison(object.error().message));
  if (!config_.buckets.contains(object->bucket)) {
    co_return Fetched(poison(fmt::format("the payload is in bucket '{}', which is not allowed: {}",
                                         object->bucket, accepted_buckets(config_))));
  }
  auto text = co_await s3_.get_object(*object);
  if (!text) co_return Fetched(verdict_on(text.error()));
  co_return Fetched(Payload{std::move(*text), std::move(*object)});
}

awaitable<base::Result<std::string>> LargePayloads::send(aws::Sqs& sqs, aws::SendOptions message) {
  const auto stored = co_await store(message);
  if (!stored) co_return stored.error();
  auto sent = co_await sqs.send_message(std::move(message));
  if (!sent && !stored->key.empty() && was_refused(sent.error())) {
    const auto removed = co_await remove(*stored);
    if (!removed) {
      base::log_warn("worker", "a payload that nobody needs could not be removed",
                     {{"error", removed.error().to_string()}});
    }
  }
  co_return sent;
}

// The object's name is empty where the message is short enough as it is.
awaitable<base::Result<aws::ObjectName>> LargePayloads::store(aws::SendOptions& message) {
  const std::size_t bytes = message_bytes(message);
  const bool fits = bytes <= kMessageBytesMax;
  const bool full = message.attributes.size() >= kMessageAttributesMax;
  const bool is_long = !fits || (!config_.bucket.empty() && bytes > config_.threshold);
  if (!is_long || aws::is_payload_pointer(message.body) || (fits && full)) {
    co_return aws::ObjectName();
  }
  if (config_.bucket.empty() || full) {
    co_return base::invalid(
        fmt::format("the message has {} bytes, SQS takes {}; {}", bytes, kMessageBytesMax,
                    full ? "it cannot go to S3 either, because all ten attributes are in use"
                         : "set --payload-bucket to put longer ones into S3"));
  }
  aws::ObjectName object{config_.bucket, std::string(kPayloadKeyPrefix) + random_.uuid()};
  auto pointer = aws::write_payload_pointer(object);
  if (!pointer) co_return pointer.error();
  const std::string size = std::to_string(message.body.size());
  const auto put =
      co_await s3_.put_object(object, std::move(message.body), "text/plain; charset=utf-8");
  if (!put) co_return put.error().while_doing("putting a long message into S3");
  message.body = std::move(*pointer);
  message.attributes[aws::kPayloadSize] = {"Number", size};
  co_return object;
}

awaitable<base::Result<void>> LargePayloads::remove(aws::ObjectName object) {
  return s3_.delete_object(std::move(object));
}

std::size_t message_bytes(const aws::SendOptions& message) {
  std::size_t bytes = message.body.size();
  for (const auto& [name, attribute] : message.attributes) {
    bytes += name.size() + attribute.data_type.size() + value_bytes(attribute);
  }
  return bytes;
}

}  // namespace worker
