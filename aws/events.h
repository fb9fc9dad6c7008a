// Amazon EventBridge over AWS JSON 1.1.
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
#pragma once

#include "aws/caller.h"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

namespace aws {

struct BusEvent {
  std::string bus;  // name or ARN; empty: the default bus
  std::string source;
  std::string detail_type;
  std::string detail;  // a JSON object, at most 1 MB with all else
  std::vector<std::string> resources;
};

class Events {
 public:
  explicit Events(Caller& caller) : caller_(caller) {}

  // The event's id. An entry that EventBridge refuses inside a successful answer is an error like
  // any other: ThrottlingException and InternalFailure are transient, the rest kInvalid.
  boost::asio::awaitable<base::Result<std::string>> put_events(BusEvent event);

 private:
  Caller& caller_;
};

}  // namespace aws
