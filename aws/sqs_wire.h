// SQS's JSON, both ways, without I/O: what Sqs sends and how it reads the answers.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
#pragma once

#include "aws/sqs.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace aws::wire {

inline constexpr std::size_t kBatchEntriesMax = 10;

// A call of SQS's, but for what is special to it.
ApiRequest sqs_request(std::string operation, std::string body);

base::Result<std::string> receive_message_request(const base::QueueUrl& queue,
                                                  const ReceiveOptions& options);
base::Result<std::string> delete_message_batch_request(
    const base::QueueUrl& queue, const std::vector<base::ReceiptHandle>& handles);
base::Result<std::string> change_message_visibility_batch_request(
    const base::QueueUrl& queue, const std::vector<VisibilityEntry>& entries);
base::Result<std::string> send_message_request(const SendOptions& options);
base::Result<std::string> send_message_batch_request(const std::vector<SendOptions>& entries);
base::Result<std::string> get_queue_url_request(const std::string& queue_name,
                                                const std::string& account = {});
base::Result<std::string> get_queue_attributes_request(const base::QueueUrl& queue);

// Errors of all readers: kRetry "MalformedResponse". Values of unknown form are left out or take
// their defaults; only what a message cannot do without (id, receipt handle, body) is insisted on.
base::Result<std::vector<SqsMessage>> read_received(std::string_view body,
                                                    bool every_attribute = false);
// The entries' ids are their positions, written as numbers. An entry that the answer does not
// mention failed with "MissingBatchEntry", kRetry.
base::Result<BatchResult> read_batch(std::string_view operation, std::string_view body,
                                     std::size_t entries);
base::Result<SendBatchResult> read_sent_batch(std::string_view body, std::size_t entries);
base::Result<std::string> read_message_id(std::string_view body);
base::Result<base::QueueUrl> read_queue_url(std::string_view body);
base::Result<std::map<std::string, std::string>> read_attributes(std::string_view body);

}  // namespace aws::wire
