// Amazon SNS over its Query protocol.
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
#pragma once

#include "aws/caller.h"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <string>

namespace aws {

struct SnsMessage {
  std::string topic_arn;
  std::string message;  // at most 256 KiB
  std::string subject;  // of e-mails; cut and cleaned to what SNS takes: 100 ASCII characters
  std::map<std::string, std::string> attributes;  // String ones, for filter policies
  std::string group_id;                           // FIFO topics only
  std::string deduplication_id;                   // FIFO topics only
};

class Sns {
 public:
  explicit Sns(Caller& caller) : caller_(caller) {}

  // The message's id. Sent again after a lost answer: a subscriber may see it twice.
  boost::asio::awaitable<base::Result<std::string>> publish(SnsMessage message);

 private:
  Caller& caller_;
};

}  // namespace aws
