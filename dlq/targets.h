// Targets: where a letter goes back to. The first that is known of: the queue asked for, the queue
// SQS took it from (DeadLetterQueueSourceArn), the one our worker took it from (its record), the
// only queue whose redrive policy names the dead-letter queue.
#pragma once

#include "aws/sqs.h"
#include "dlq/letter.h"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <string>
#include <vector>

namespace dlq {

struct Target {
  base::QueueUrl url;
  bool fifo = false;
};

class Targets {
 public:
  // `sources`: the queues whose redrive policies name `letters`. `to`: name, URL or ARN; empty:
  // each letter's own.
  Targets(aws::Sqs& sqs, base::QueueUrl letters, std::string to,
          std::vector<base::QueueUrl> sources);

  // Asks SQS once for each queue. kNotFound "NoTarget": nothing says where it came from, or it came
  // from the dead-letter queue itself. Else SQS's error, which names the queue.
  boost::asio::awaitable<base::Result<Target>> find(Letter letter);

 private:
  std::string name_for(const Letter& letter) const;

  aws::Sqs& sqs_;
  base::QueueUrl letters_;
  std::string to_;
  std::vector<base::QueueUrl> sources_;
  std::map<std::string, base::Result<Target>> known_;
};

// A queue by name, URL or ARN.
boost::asio::awaitable<base::Result<Target>> find_queue(aws::Sqs& sqs, std::string queue);

}  // namespace dlq
