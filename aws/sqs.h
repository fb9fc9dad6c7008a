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
  // DeadLetterQueueSourceArn; with ReceiveOptions::every_attribute of all others too.
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
  bool every_attribute = false;  // SenderId, SequenceNumber, ...: nobody reads them as a rule
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
using SendBatchResult = std::vector<base::Result<std::string>>;  // the new messages' ids

inline constexpr std::size_t kSqsBatchMax = 10;         // entries of one request
inline constexpr std::size_t kSqsBytesMax = 1U << 20U;  // of one message, and of one batch
inline constexpr std::size_t kSqsMessageAttributesMax = 10;

// What counts against kSqsBytesMax: body and attributes.
std::size_t sqs_bytes(const std::string& body, const MessageAttributes& attributes);

// "arn:aws:sqs:eu-west-2:123456789012:name" in parts. Empty where the text is no such ARN.
struct SqsArn {
  std::string region;
  std::string account;
  std::string name;
};
SqsArn parse_sqs_arn(std::string_view arn);

// Move tasks: SQS itself takes a dead-letter queue's messages back.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
struct MoveTaskOptions {
  std::string source_arn;
  std::string destination_arn;  // empty: each message's own source
  int rate = 0;                 // messages a second, 1..500; 0: as fast as SQS sees fit
};

struct MoveTask {
  std::string handle;  // only while it runs
  std::string status;  // RUNNING, COMPLETED, CANCELLING, CANCELLED, FAILED
  std::string destination_arn;
  long long moved = 0;    // approximate
  long long to_move = 0;  // approximate, when it was started; 0 if SQS does not say
  std::string failure_reason;
  base::TimePoint started_at;
};

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
  // At most 10 entries of at most kSqsBytesMax together, all to the first one's queue. Not sent
  // again where SQS may have taken it although no answer came: an error of kind kRetry says that
  // nobody knows. Else look at every entry.
  boost::asio::awaitable<base::Result<SendBatchResult>> send_message_batch(
      std::vector<SendOptions> entries);
  // `account`: whose queue it is; empty: one's own.
  boost::asio::awaitable<base::Result<base::QueueUrl>> get_queue_url(std::string queue_name,
                                                                     std::string account = {});
  // All attributes, as AWS writes them ("VisibilityTimeout" -> "30").
  boost::asio::awaitable<base::Result<std::map<std::string, std::string>>> get_queue_attributes(
      base::QueueUrl queue);

  // aws/sqs_queues.cc. All pages, at most kListMax queues.
  static constexpr std::size_t kListMax = 10'000;
  boost::asio::awaitable<base::Result<std::vector<base::QueueUrl>>> list_queues(
      std::string name_prefix);
  // The queues whose redrive policy names this one.
  boost::asio::awaitable<base::Result<std::vector<base::QueueUrl>>> list_dead_letter_source_queues(
      base::QueueUrl queue);
  boost::asio::awaitable<base::Result<void>> purge_queue(base::QueueUrl queue);
  // `attributes` as AWS names them. A queue of this name with others: kInvalid "QueueNameExists".
  boost::asio::awaitable<base::Result<base::QueueUrl>> create_queue(
      std::string name, std::map<std::string, std::string> attributes);
  boost::asio::awaitable<base::Result<void>> delete_queue(base::QueueUrl queue);

  // aws/sqs_moves.cc. The task's handle. Not repeated where it may have been started.
  boost::asio::awaitable<base::Result<std::string>> start_message_move_task(
      MoveTaskOptions options);
  // The newest first, at most ten.
  boost::asio::awaitable<base::Result<std::vector<MoveTask>>> list_message_move_tasks(
      std::string source_arn);
  // How many were moved until then, approximately; they stay where they went.
  boost::asio::awaitable<base::Result<long long>> cancel_message_move_task(std::string handle);

 private:
  Caller& caller_;
};

}  // namespace aws
