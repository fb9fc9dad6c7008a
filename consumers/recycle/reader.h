// Reader: fills a Snapshot from AWS. One Reader per run: it remembers which instances it has seen
// in the group, so that it can tell which of those that left are still being terminated.
#pragma once

#include "consumers/recycle/consumer.h"
#include "consumers/recycle/resolver.h"
#include "consumers/recycle/snapshot.h"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <set>

namespace consumers::recycle {

class Reader {
 public:
  Reader(Services services, base::GroupName group)
      : services_(services), group_(std::move(group)), resolver_(services.ec2) {}

  // None: the group does not exist. Changes nothing.
  boost::asio::awaitable<base::Result<std::optional<Snapshot>>> read();

 private:
  boost::asio::awaitable<base::Result<void>> read_load_balancers(Snapshot& snapshot);
  boost::asio::awaitable<base::Result<void>> read_instances(Snapshot& snapshot);
  std::vector<base::InstanceId> instances_that_left(const Snapshot& snapshot) const;

  Services services_;
  base::GroupName group_;
  TargetResolver resolver_;
  std::set<base::InstanceId> seen_;  // in the group, or left and not known to be terminated
};

// One look without memory: for the dry run and for `plan`.
boost::asio::awaitable<base::Result<std::optional<Snapshot>>> read_snapshot(Services services,
                                                                            base::GroupName group);

}  // namespace consumers::recycle
