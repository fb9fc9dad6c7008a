// AWS CloudTrail: who called what in the last 90 days.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
#pragma once

#include "aws/caller.h"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <vector>

namespace aws {

struct TrailEvent {
  std::string id;
  std::string name;  // "CreateOrUpdateTags"
  base::TimePoint time;
  std::string user;    // the name alone; empty for a service
  std::string record;  // the event itself, a JSON text
};

struct LookupOptions {
  std::string event_name;  // management events of this name only
  base::TimePoint from;
  base::TimePoint to;
  std::string next_token;
};

struct TrailPage {
  std::vector<TrailEvent> events;  // newest first, at most 50
  std::string next_token;          // empty: there is no more
};

class CloudTrail {
 public:
  explicit CloudTrail(Caller& caller) : caller_(caller) {}

  // One page. AWS allows two calls a second for an account and region.
  boost::asio::awaitable<base::Result<TrailPage>> lookup_events(LookupOptions options);

 private:
  Caller& caller_;
};

}  // namespace aws
