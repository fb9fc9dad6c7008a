// Where outcomes of jobs go in AWS: answers to SQS and SNS, logs to S3, failures to a topic.
#pragma once

#include "aws/s3.h"
#include "aws/sns.h"
#include "aws/sqs.h"
#include "consumers/oncall/sinks.h"

#include <string>
#include <vector>

namespace consumers::oncall {

// Answers go to queues of the account, region and endpoint of the jobs' own queue whose names match
// a pattern, and to topics whose ARNs match one: a request must not be able to send elsewhere.
class AwsReplies final : public Replies {
 public:
  // `jobs_queue` is the URL of the queue that jobs come from.
  AwsReplies(aws::Sqs& sqs, aws::Sns& sns, const base::QueueUrl& jobs_queue,
             std::vector<std::string> patterns);

  base::Result<void> check(const std::string& to) const override;
  boost::asio::awaitable<base::Result<void>> send(std::string to, std::string reply) override;

 private:
  // The name of a queue that may be sent to, by name, URL or ARN; empty for what is none.
  std::string queue_of(const std::string& to) const;
  bool allowed(const std::string& name) const;

  aws::Sqs& sqs_;
  aws::Sns& sns_;
  std::string base_;     // "https://sqs.eu-west-2.amazonaws.com/123456789012/"
  std::string account_;  // "123456789012"
  std::vector<std::string> patterns_;
};

// One object for each run: PREFIX/2026/01/02/JOB/TIME-REQUEST.log
class S3Log final : public LogKeeper {
 public:
  S3Log(aws::S3& s3, std::string bucket, std::string prefix)
      : s3_(s3), bucket_(std::move(bucket)), prefix_(std::move(prefix)) {}

  boost::asio::awaitable<base::Result<std::string>> keep(Outcome outcome,
                                                         std::vector<LogLine> lines) override;

 private:
  aws::S3& s3_;
  std::string bucket_;
  std::string prefix_;
};

class SnsPager final : public Pager {
 public:
  SnsPager(aws::Sns& sns, std::string topic) : sns_(sns), topic_(std::move(topic)) {}
  boost::asio::awaitable<base::Result<void>> failed(Outcome outcome) override;

 private:
  aws::Sns& sns_;
  std::string topic_;
};

// Letters, digits, - _ and . of a text: for names of objects and streams.
std::string name_safe(std::string_view text);
// "a, b*" -> {"a", "b*"}
std::vector<std::string> parse_patterns(std::string_view text);

}  // namespace consumers::oncall
