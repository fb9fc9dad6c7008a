// SQS over AWS JSON 1.0: the calls that are used.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
#pragma once

#include "aws/caller.h"
#include "base/names.h"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <string>
#include <vector>

namespace aws {

struct MessageAttribute {
  std::string data_type = "String";  // "String", "Number", "Binary" or "<type>.<custom>"
  std::string value;                 // Binary: base64 as on the wire
};

struct SqsMessage {
  std::string message_id;
  base::ReceiptHandle receipt_handle;
  std::string body;
  int receive_count = 1;    // ApproximateReceiveCount
  base::TimePoint sent_at;  // SentTimestamp
  std::string group_id;     // MessageGroupId, FIFO
  std::string deduplication_id;
  std::map<std::string, MessageAttribute> attributes;  // the sender's own
  std::map<std::string, std::string> system_attributes;
};

struct ReceiveOptions {
  int messages_max = 10;                // 1..10
  std::chrono::seconds wait{20};        // 0..20, long poll
  std::chrono::seconds visibility{30};  // 0..43200
};

struct SendOptions {
  base::QueueUrl queue;
  std::string body;
  std::string group_id;           // FIFO only
  std::string deduplication_id;   // FIFO only
  std::chrono::seconds delay{0};  // 0..900, standard queues only
  std::map<std::string, MessageAttribute> attributes;
};

struct VisibilityEntry {
  base::ReceiptHandle receipt_handle;
  std::chrono::seconds visibility{0};  // 0..43200
};

// Result per entry of a batch call, in the order of the entries.
using BatchResult = std::vector<base::Result<void>>;

class Sqs {
 public:
  explicit Sqs(Caller& caller) : caller_(caller) {}

  boost::asio::awaitable<base::Result<std::vector<SqsMessage>>> receive_message(
      base::QueueUrl queue, ReceiveOptions options);
  // At most 10 entries each. A Result error is the whole call's; else look at every entry.
  boost::asio::awaitable<base::Result<BatchResult>> delete_message_batch(
      base::QueueUrl queue, std::vector<base::ReceiptHandle> handles);
  boost::asio::awaitable<base::Result<BatchResult>> change_message_visibility_batch(
      base::QueueUrl queue, std::vector<VisibilityEntry> entries);
  // The new message's id.
  boost::asio::awaitable<base::Result<std::string>> send_message(SendOptions options);
  boost::asio::awaitable<base::Result<base::QueueUrl>> get_queue_url(std::string queue_name);
  // All attributes, as AWS writes them ("VisibilityTimeout" -> "30").
  boost::asio::awaitable<base::Result<std::map<std::string, std::string>>> get_queue_attributes(
      base::QueueUrl queue);

 private:
  Caller& caller_;
};

}  // namespace aws
