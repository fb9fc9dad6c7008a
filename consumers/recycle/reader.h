// Reader: one run's view of what the Observer sees: fills a Snapshot of its group. It remembers
// which instances it has seen in the group, so that it can tell which of those that left are still
// being terminated, and need not ask EC2 twice when an instance was launched.
#pragma once

#include "consumers/recycle/consumer.h"
#include "consumers/recycle/observer.h"
#include "consumers/recycle/snapshot.h"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <set>

namespace consumers::recycle {

class Reader {
 public:
  // The observer outlives the reader.
  Reader(Observer& observer, base::GroupName group)
      : observer_(observer), group_(group), presence_(observer, std::move(group)) {}

  // The group as it is no earlier than now. None: it does not exist. Changes nothing.
  boost::asio::awaitable<base::Result<std::optional<Snapshot>>> read();
  // The rest of a look at a group that was read already.
  struct Depth {
    bool load_balancers = true;  // else every instance counts as serving
    bool instances = true;       // else nothing is known of launch times and of those that left
  };
  boost::asio::awaitable<base::Result<Snapshot>> look_into(aws::AutoScalingGroup group,
                                                           Depth depth);
  // Sets the instance refresh that is under way. A call for this group alone, so it is left to
  // those who are about to begin.
  boost::asio::awaitable<base::Result<void>> read_refresh(Snapshot& snapshot);
  // Until there may be something new to see; see Observer::pause().
  boost::asio::awaitable<void> pause(base::Duration interval,
                                     std::optional<base::SteadyPoint> no_later_than = {}) {
    return observer_.pause(group_, interval, no_later_than);
  }

 private:
  // What EC2 says of an instance once and for all; nothing while it does not know it yet.
  struct Known {
    std::optional<base::TimePoint> launch_time;
    std::string private_ip;
  };

  boost::asio::awaitable<base::Result<void>> read_target(Snapshot& snapshot);
  boost::asio::awaitable<base::Result<Target>> resolve(const aws::AutoScalingGroup& group,
                                                       base::Duration age_max);
  boost::asio::awaitable<base::Result<void>> read_load_balancers(Snapshot& snapshot);
  boost::asio::awaitable<base::Result<void>> read_instances(Snapshot& snapshot);
  std::vector<base::InstanceId> instances_that_left(const Snapshot& snapshot) const;

  Observer& observer_;
  base::GroupName group_;
  Observer::Presence presence_;
  std::map<base::InstanceId, Known> seen_;  // in the group, or left and maybe not terminated
};

// One look without memory: for `plan`.
boost::asio::awaitable<base::Result<void>> read_refresh(Services services, Snapshot& snapshot);
boost::asio::awaitable<base::Result<std::optional<Snapshot>>> read_snapshot(Services services,
                                                                            base::GroupName group);

}  // namespace consumers::recycle
