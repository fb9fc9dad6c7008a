#include "consumers/recycle/reader.h"

#include "consumers/recycle/journal.h"

#include <fmt/format.h>

#include <algorithm>

namespace consumers::recycle {

namespace {

using Targets = std::vector<aws::TargetHealth>;

// "web" of "arn:aws:elasticloadbalancing:eu-west-2:123456789012:targetgroup/web/0123456789abcdef".
std::string target_group_name(const std::string& arn) {
  const auto first = arn.find('/');
  if (first == std::string::npos) return arn;
  return arn.substr(first + 1, arn.find('/', first + 1) - first - 1);
}

// A target may be registered on several ports: each of them must be healthy.
void note_health(Snapshot& snapshot, const std::string& balancer, const Targets& targets,
                 std::string_view healthy_state) {
  std::map<base::InstanceId, std::string> bad;  // registered: why not healthy, empty if healthy
  for (const aws::TargetHealth& target : targets) {
    std::string& problem = bad[target.target];
    if (target.state == healthy_state) continue;
    problem =
        target.reason.empty() ? target.state : fmt::format("{} ({})", target.state, target.reason);
  }
  for (auto& [instance, facts] : snapshot.facts) {
    const auto entry = bad.find(instance);
    const std::string problem = entry == bad.end() ? "not registered" : entry->second;
    if (problem.empty() || !facts.serving) continue;
    facts.serving = false;
    facts.not_serving_because = fmt::format("{}: {}", balancer, problem);
  }
}

}  // namespace

boost::asio::awaitable<base::Result<void>> Reader::read_load_balancers(Snapshot& snapshot) {
  for (const std::string& arn : snapshot.group.target_group_arns) {
    const std::string name = "target group " + target_group_name(arn);
    const auto targets = co_await services_.elb.describe_target_health(arn);
    if (!targets) co_return targets.error().while_doing("reading the health of " + name);
    note_health(snapshot, name, *targets, "healthy");
  }
  for (const std::string& balancer : snapshot.group.load_balancer_names) {
    const std::string name = "load balancer " + balancer;
    const auto targets = co_await services_.elb.describe_instance_health(balancer);
    if (!targets) co_return targets.error().while_doing("reading the health of " + name);
    note_health(snapshot, name, *targets, "InService");
  }
  co_return base::Result<void>();
}

std::vector<base::InstanceId> Reader::instances_that_left(const Snapshot& snapshot) const {
  std::set<base::InstanceId> left = seen_;
  // A run that is resumed has seen nothing yet, but its journal names the one that was to go.
  if (const auto journal = journal_from_tags(snapshot.group.tags);
      journal && *journal && !(*journal)->victim.empty()) {
    left.insert((*journal)->victim);
  }
  for (const aws::GroupInstance& instance : snapshot.group.instances) left.erase(instance.id);
  return {left.begin(), left.end()};
}

boost::asio::awaitable<base::Result<void>> Reader::read_instances(Snapshot& snapshot) {
  const std::vector<base::InstanceId> left = instances_that_left(snapshot);
  std::vector<base::InstanceId> wanted = left;
  for (const auto& [instance, facts] : snapshot.facts) wanted.push_back(instance);
  seen_.clear();
  for (const auto& [instance, facts] : snapshot.facts) seen_.insert(instance);
  seen_.insert(left.begin(), left.end());

  const auto instances = co_await services_.ec2.describe_instances(std::move(wanted));
  if (!instances) co_return instances.error().while_doing("reading the instances' states");
  std::set<base::InstanceId> unknown(left.begin(), left.end());
  for (const aws::Ec2Instance& instance : *instances) {
    if (const auto facts = snapshot.facts.find(instance.id); facts != snapshot.facts.end()) {
      facts->second.launch_time = instance.launch_time;
      facts->second.private_ip = instance.private_ip;
    } else if (instance.state != "terminated") {
      snapshot.still_terminating.push_back(instance.id);
      unknown.erase(instance.id);
    }
  }
  // Terminated, or forgotten by EC2: either way its network interface is free.
  for (const base::InstanceId& gone : unknown) seen_.erase(gone);
  co_return base::Result<void>();
}

boost::asio::awaitable<base::Result<std::optional<Snapshot>>> Reader::read() {
  aws::DescribeAutoScalingGroupsOptions options;
  options.names = {group_};
  auto groups = co_await services_.auto_scaling.describe_auto_scaling_groups(std::move(options));
  if (!groups) co_return groups.error().while_doing("reading the group");
  if (groups->empty()) co_return std::optional<Snapshot>();

  Snapshot snapshot;
  snapshot.group = std::move(groups->front());
  auto target = co_await resolver_.resolve(snapshot.group);
  if (!target) co_return target.error();
  snapshot.target = *std::move(target);
  for (const aws::GroupInstance& instance : snapshot.group.instances) {
    snapshot.facts.emplace(instance.id, InstanceFacts{});
  }
  const auto health = co_await read_load_balancers(snapshot);
  if (!health) co_return health.error();
  const auto instances = co_await read_instances(snapshot);
  if (!instances) co_return instances.error();
  co_return std::optional<Snapshot>(std::move(snapshot));
}

boost::asio::awaitable<base::Result<std::optional<Snapshot>>> read_snapshot(Services services,
                                                                            base::GroupName group) {
  Reader reader(services, std::move(group));
  co_return co_await reader.read();
}

}  // namespace consumers::recycle
