// CloudTrailService: what the region remembers of the calls of Auto Scaling and EC2 that changed
// something, for LookupEvents: the newest kEventsMax of them, as soon as they are on the bus.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
#pragma once

#include "sim/service.h"
#include "sim/world.h"

#include <deque>

namespace sim {

class CloudTrailService final : public Service {
 public:
  static constexpr std::size_t kEventsMax = 100'000;

  // Listens on the world's bus.
  explicit CloudTrailService(World& world);
  boost::asio::awaitable<ApiOutcome> handle(ApiCall call) override;

 private:
  struct Event {
    base::TimePoint time;
    Json detail;
  };

  ApiOutcome lookup_events(const Json& arguments) const;

  World& world_;
  std::deque<Event> events_;  // oldest first
  std::size_t forgotten_ = 0;
};

}  // namespace sim
