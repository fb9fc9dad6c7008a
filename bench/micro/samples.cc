#include "bench/micro/samples.h"

#include <nlohmann/json.hpp>

namespace bench {

namespace {

constexpr int kMessages = 10;
constexpr std::size_t kHandleCharacters = 412;

std::string receipt_handle(int index) {
  std::string handle = "AQEB" + std::to_string(index);
  const std::string_view alphabet = "wJnKyrHigUMZj6rYigCgxlaS3SLy0a/+=";
  while (handle.size() < kHandleCharacters) handle += alphabet[handle.size() % alphabet.size()];
  return handle;
}

}  // namespace

std::string recycle_request() {
  return R"({"schemaVersion":1,"id":"6c1f4f0e-52a3-4ad4-8b4c-2f5a0a1b6c11",)"
         R"("sentAt":"2026-01-02T03:04:05Z","sentBy":"alice",)"
         R"("recycle":{"autoScalingGroupName":"web-asg-1","strategy":"out-in","force":true}})";
}

std::string eventbridge_event() {
  return R"({"version":"0","id":"3e3c153a-8339-4e30-8c35-687ebef853fe",)"
         R"("detail-type":"EC2 Instance Launch Successful","source":"aws.autoscaling",)"
         R"("account":"123456789012","time":"2026-01-02T03:04:11Z","region":"eu-west-2",)"
         R"("resources":[],"detail":{"StatusCode":"InProgress",)"
         R"("AutoScalingGroupName":"web-asg-1",)"
         R"("ActivityId":"87654321-4321-4321-4321-210987654321",)"
         R"("EC2InstanceId":"i-1234567890abcdef0","Details":{"Availability Zone":"eu-west-2b"}}})";
}

std::string receive_answer(const std::string& body) {
  nlohmann::json messages = nlohmann::json::array();
  for (int i = 0; i < kMessages; ++i) {
    messages.push_back(
        {{"MessageId", "c8a2c8a1-1f4b-4a38-9f0e-5d1d7e3b1f0" + std::to_string(i)},
         {"ReceiptHandle", receipt_handle(i)},
         {"MD5OfBody", "098f6bcd4621d373cade4e832627b4f6"},
         {"Body", body},
         {"Attributes", {{"ApproximateReceiveCount", "1"}, {"SentTimestamp", "1767323045123"}}}});
  }
  return nlohmann::json{{"Messages", std::move(messages)}}.dump();
}

std::string delete_batch_answer() {
  nlohmann::json successful = nlohmann::json::array();
  for (int i = 0; i < kMessages; ++i) successful.push_back({{"Id", std::to_string(i)}});
  return nlohmann::json{{"Successful", std::move(successful)}}.dump();
}

std::vector<base::ReceiptHandle> receipt_handles() {
  std::vector<base::ReceiptHandle> handles;
  for (int i = 0; i < kMessages; ++i) handles.emplace_back(receipt_handle(i));
  return handles;
}

base::QueueUrl queue_url() {
  return base::QueueUrl("https://sqs.eu-west-2.amazonaws.com/123456789012/autorecycle-events");
}

}  // namespace bench
