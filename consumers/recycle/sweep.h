// Sweep: finds groups that carry our journal although nobody works on them, and asks for their runs
// to be carried on.
//
// A run whose message was lost (deleted by hand, purged, given up to the dead-letter queue) would
// leave its group half recycled for ever. The journal on the group says that there is something to
// finish; the queue's message groups see to it that a request for a run that is alive elsewhere
// waits behind it, and then finds nothing to carry on.
//
// A journal that cannot be read is told of and left alone: a person, or a newer worker, wrote it.
#pragma once

#include "consumers/recycle/consumer.h"
#include "consumers/recycle/journal.h"
#include "consumers/recycle/observer.h"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace consumers::recycle {

class Sweep final : public Rounds {
 public:
  // A run that began or changed its phase less than this ago, or less than one interval if that is
  // shorter, is somebody's.
  static constexpr base::Duration kYoung = std::chrono::minutes(2);
  // Asked for again only after this long, doubling as the run gets older, up to kAgainMax.
  static constexpr base::Duration kAgainMin = std::chrono::minutes(10);
  static constexpr base::Duration kAgainMax = std::chrono::hours(1);
  // Requests of one round; the oldest runs first, the others next time.
  static constexpr std::size_t kRequestsMax = 100;

  Sweep(Services services, base::Duration interval, std::shared_ptr<Observer> eyes,
        ProgressObserver observer)
      : services_(services),
        interval_(interval),
        eyes_(std::move(eyes)),
        observer_(std::move(observer)) {}

  std::string_view queue() const override { return "recycles"; }
  base::Duration interval() const override { return interval_; }
  boost::asio::awaitable<base::Result<std::vector<Outgoing>>> look() override;

 private:
  using Groups = std::map<base::GroupName, aws::AutoScalingGroup>;
  struct Found {
    const aws::AutoScalingGroup* group = nullptr;
    Journal journal;
  };

  boost::asio::awaitable<base::Result<Groups>> marked();
  bool is_due(const Found& found);
  void tell_of_broken(const aws::AutoScalingGroup& group, const base::Error& error);
  Outgoing request_for(const Found& found);

  Services services_;
  base::Duration interval_;
  std::shared_ptr<Observer> eyes_;
  ProgressObserver observer_;
  std::map<std::string, base::SteadyPoint> asked_;  // by run id; only those that are still there
  std::set<base::GroupName> broken_;                // told of; only those that are still so
};

}  // namespace consumers::recycle
