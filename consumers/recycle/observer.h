// Observer: the one pair of eyes of all recycles of a worker.
//
// A thousand runs that each look at their own group every few seconds would be a thousand calls;
// together they are ten. Each look still begins after it was asked for, so a run that has just
// changed its group sees what it did (as far as AWS lets it). Those who merely wait do so until the
// next tick, which is the same for all, or until an event says that something happened to their
// group.
//
// What fails, fails those who asked for it: a name that AWS refuses is found out and the others of
// its call are asked for again. When AWS throttles, all of them look more seldom for a while
// (aws/adaptive_rate.h); what changes a group is never held up. One thread; runs nothing by itself
// (consumers/recycle/shared_read.h).
#pragma once

#include "aws/adaptive_rate.h"
#include "consumers/recycle/consumer.h"
#include "consumers/recycle/shared_read.h"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace consumers::recycle {

class Observer {
 public:
  using Targets = std::shared_ptr<const std::vector<aws::TargetHealth>>;
  using Instances = std::map<base::InstanceId, aws::Ec2Instance>;

  // References outlive the observer.
  explicit Observer(Services services);

  // Someone who looks at `group` for as long as this lives: a run.
  class Presence {
   public:
    Presence(Observer& observer, base::GroupName group);
    ~Presence();
    Presence(const Presence&) = delete;
    Presence& operator=(const Presence&) = delete;

   private:
    Observer& observer_;
    std::multiset<base::GroupName>::iterator place_;
  };
  bool is_watched(const base::GroupName& group) const { return present_.contains(group); }

  // Each by a look that begins no earlier than now, or than `age_max` ago.
  // None: no such group.
  boost::asio::awaitable<base::Result<std::optional<aws::AutoScalingGroup>>> group(
      base::GroupName name);
  boost::asio::awaitable<base::Result<Targets>> target_health(std::string target_group_arn,
                                                              base::Duration age_max);
  boost::asio::awaitable<base::Result<Targets>> instance_health(std::string load_balancer_name,
                                                                base::Duration age_max);
  // Those that EC2 knows.
  boost::asio::awaitable<base::Result<Instances>> instances(std::vector<base::InstanceId> ids);
  // With its id and the number of its version. Error kNotFound: there is no such template.
  boost::asio::awaitable<base::Result<aws::LaunchTemplateSpecification>> launch_template(
      aws::LaunchTemplateSpecification specification, base::Duration age_max);

  // The one that is under way, if any. A call for this group alone, AWS has no other: for those who
  // are about to begin.
  boost::asio::awaitable<base::Result<std::optional<aws::InstanceRefresh>>> running_refresh(
      base::GroupName group, base::Duration age_max);

  // Until the next tick of `interval`, or `no_later_than`, or shortly after something happened to
  // the group.
  boost::asio::awaitable<void> pause(base::GroupName group, base::Duration interval,
                                     std::optional<base::SteadyPoint> no_later_than = {});
  // From the events on the queue.
  void happened_to(const base::GroupName& group);
  void template_changed(const messages::LaunchTemplateChanged& change);

  // How often what was asked for, and by how many calls.
  struct Tally {
    std::size_t asked = 0;
    std::size_t calls = 0;
  };
  Tally tally(std::string_view operation) const;

 private:
  using Group = std::optional<aws::AutoScalingGroup>;
  using TemplateKey = std::pair<std::string, std::string>;  // id, name: one may be empty
  using Refresh = std::optional<aws::InstanceRefresh>;
  using GroupReads = SharedRead<base::GroupName, Group>;
  using TargetReads = SharedRead<std::string, Targets>;
  using InstanceReads = SharedRead<std::vector<base::InstanceId>, Instances>;
  using TemplateReads = SharedRead<TemplateKey, aws::LaunchTemplate>;
  using RefreshReads = SharedRead<base::GroupName, Refresh>;

  // Of one service's calls that look.
  boost::asio::awaitable<void> may_ask(aws::AdaptiveRate& rate);
  template <class T>
  void note(aws::AdaptiveRate& rate, const base::Result<T>& answer) {
    const bool throttled = !answer && answer.error().kind == base::ErrorKind::kThrottled;
    rate.answered(services_.clock.steady_now(), throttled);
  }

  base::Duration gather() const;
  base::SteadyPoint ago(base::Duration age) const;
  boost::asio::awaitable<GroupReads::Found> fetch_groups(std::vector<base::GroupName> names);
  boost::asio::awaitable<TargetReads::Found> fetch_targets(std::vector<std::string> arns);
  boost::asio::awaitable<TargetReads::Found> fetch_classic(std::vector<std::string> names);
  boost::asio::awaitable<InstanceReads::Found> fetch_instances(
      std::vector<std::vector<base::InstanceId>> wanted);
  boost::asio::awaitable<TemplateReads::Found> fetch_templates(std::vector<TemplateKey> keys);
  boost::asio::awaitable<RefreshReads::Found> fetch_refreshes(std::vector<base::GroupName> names);

  Services services_;
  aws::AdaptiveRate auto_scaling_rate_;
  aws::AdaptiveRate elb_rate_;
  aws::AdaptiveRate ec2_rate_;
  std::multiset<base::GroupName> present_;
  std::multimap<base::GroupName, base::Alarm*> pausing_;
  GroupReads groups_;
  TargetReads targets_;
  TargetReads classic_;
  InstanceReads instances_;
  TemplateReads templates_;
  RefreshReads refreshes_;
  std::map<std::string, std::size_t, std::less<>> asked_;  // by operation
};

}  // namespace consumers::recycle
