// SQS over AWS JSON 1.0: the calls that are used.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
#pragma once

#include "aws/caller.h"
#include "aws/flat_map.h"
#include "base/names.h"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <string>
#include <vector>

namespace aws {

struct MessageAttribute {
  std::string data_type = "String";  // "String", "Number", "Binary" or "<type>.<custom>"
  std::string value;                 // Binary: base64 as on the wire
  friend bool operator==(const MessageAttribute&, const MessageAttribute&) = default;
};

using MessageAttributes = FlatMap<MessageAttribute>;

// Tens of thousands may wait in memory at once: nothing is in here that nobody reads.
struct SqsMessage {
  std::string message_id;
  base::ReceiptHandle receipt_handle;
  std::string body;
  int receive_count = 1;         // ApproximateReceiveCount
  base::TimePoint sent_at;       // SentTimestamp
  std::string group_id;          // MessageGroupId: FIFO, and fair standard queues
  MessageAttributes attributes;  // the sender's own
  // What the message has of MessageDeduplicationId (FIFO), AWSTraceHeader and
  // DeadLetterQueueSourceArn.
  FlatMap<std::string> system_attributes;
};

struct ReceiveOptions {
  int messages_max = 10;                // 1..10
  std::chrono::seconds wait{20};        // 0..20, long poll
  std::chrono::seconds visibility{30};  // 0..43200
  // ReceiveRequestAttemptId, FIFO only, at most 128 characters; empty for none. A receive that is
  // repeated with the same id within five minutes gets the same messages again, although the first
  // answer, which was lost, has hidden them.
  std::string attempt_id;
};

struct SendOptions {
  base::QueueUrl queue;
  std::string body;
  std::string group_id;           // FIFO, and fair standard queues
  std::string deduplication_id;   // FIFO only
  std::chrono::seconds delay{0};  // 0..900, standard queues only
  MessageAttributes attributes;
  std::string trace_header;  // AWSTraceHeader, X-Ray's; empty for none
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
