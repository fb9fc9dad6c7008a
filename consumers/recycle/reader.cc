#include "consumers/recycle/reader.h"

#include "consumers/recycle/journal.h"
#include "consumers/recycle/resolver.h"

#include <fmt/format.h>

#include <algorithm>

namespace consumers::recycle {

namespace {

using Targets = std::vector<aws::TargetHealth>;

// A burst of mutations needs no look at the load balancers after each of them: they find out about
// an instance every few seconds themselves.
constexpr base::Duration kHealthAgeMax{2'000};
// While nothing unknown is launched: a newer version is noticed that much later.
constexpr base::Duration kTargetAgeMax{60'000};
// As long as a run's look at its group is good. Where many begin at once AWS may make it wait so
// long for this answer that it must look anew before it begins; it need not ask for this once more.
constexpr base::Duration kRefreshAgeMax{30'000};

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
    const auto targets = co_await observer_.target_health(arn, kHealthAgeMax);
    if (!targets) co_return targets.error().while_doing("reading the health of " + name);
    note_health(snapshot, name, **targets, "healthy");
  }
  for (const std::string& balancer : snapshot.group.load_balancer_names) {
    const std::string name = "load balancer " + balancer;
    const auto targets = co_await observer_.instance_health(balancer, kHealthAgeMax);
    if (!targets) co_return targets.error().while_doing("reading the health of " + name);
    note_health(snapshot, name, **targets, "InService");
  }
  co_return base::Result<void>();
}

std::vector<base::InstanceId> Reader::instances_that_left(const Snapshot& snapshot) const {
  // Only in-out waits for those that left to be gone for good.
  const auto journal = journal_from_tags(snapshot.group.tags);
  if (!journal || !*journal || (*journal)->strategy != Strategy::kInOut) return {};
  std::set<base::InstanceId> left;
  for (const auto& [instance, known] : seen_) left.insert(instance);
  // A run that is resumed has seen nothing yet, but its journal names the one that was to go.
  if (!(*journal)->victim.empty()) left.insert((*journal)->victim);
  for (const aws::GroupInstance& instance : snapshot.group.instances) left.erase(instance.id);
  return {left.begin(), left.end()};
}

boost::asio::awaitable<base::Result<void>> Reader::read_instances(Snapshot& snapshot) {
  const std::vector<base::InstanceId> left = instances_that_left(snapshot);
  std::vector<base::InstanceId> wanted = left;
  std::map<base::InstanceId, Known> seen;
  for (auto& [instance, facts] : snapshot.facts) {
    const auto known = seen_.find(instance);
    if (known != seen_.end()) {
      facts.launch_time = known->second.launch_time;
      facts.private_ip = known->second.private_ip;
    }
    if (!facts.launch_time) wanted.push_back(instance);
    seen.emplace(instance, Known{facts.launch_time, facts.private_ip});
  }
  seen_ = std::move(seen);
  for (const base::InstanceId& instance : left) seen_.emplace(instance, Known());

  const auto instances = co_await observer_.instances(std::move(wanted));
  if (!instances) co_return instances.error().while_doing("reading the instances' states");
  std::set<base::InstanceId> unknown(left.begin(), left.end());
  for (const auto& [id, instance] : *instances) {
    if (const auto facts = snapshot.facts.find(id); facts != snapshot.facts.end()) {
      facts->second.launch_time = instance.launch_time;
      facts->second.private_ip = instance.private_ip;
      seen_[id] = {instance.launch_time, instance.private_ip};
    } else if (instance.state != "terminated") {
      snapshot.still_terminating.push_back(id);
      unknown.erase(id);
    }
  }
  // Terminated, or forgotten by EC2: either way its network interface is free.
  for (const base::InstanceId& gone : unknown) seen_.erase(gone);
  co_return base::Result<void>();
}

boost::asio::awaitable<base::Result<Target>> Reader::resolve(const aws::AutoScalingGroup& group,
                                                             base::Duration age_max) {
  Target target;
  target.launch_configuration_name = group.launch_configuration_name;
  for (const aws::LaunchTemplateSpecification& specification : launch_templates_of(group)) {
    auto resolved = co_await observer_.launch_template(specification, age_max);
    if (!resolved) co_return resolved.error();
    target.launch_templates.push_back(*std::move(resolved));
  }
  co_return target;
}

// What $Latest means may be known from a while ago, unless there is an instance that this would
// take for an old one and that was not there before: then it may be of a version that is newer
// still, and must not be anybody's victim. The question comes after the look at the group, so the
// answer is at least as new as every instance in it.
boost::asio::awaitable<base::Result<void>> Reader::read_target(Snapshot& snapshot) {
  const base::Duration age_max = seen_.empty() ? base::Duration(0) : kTargetAgeMax;
  auto target = co_await resolve(snapshot.group, age_max);
  if (!target) co_return target.error();
  snapshot.target = *std::move(target);
  const auto is_suspect = [&](const aws::GroupInstance& instance) {
    return !seen_.contains(instance.id) && is_old(snapshot, instance, std::nullopt);
  };
  if (seen_.empty() || std::ranges::none_of(snapshot.group.instances, is_suspect)) {
    co_return base::Result<void>();
  }
  target = co_await resolve(snapshot.group, base::Duration(0));
  if (!target) co_return target.error();
  snapshot.target = *std::move(target);
  co_return base::Result<void>();
}

boost::asio::awaitable<base::Result<std::optional<Snapshot>>> Reader::read() {
  auto group = co_await observer_.group(group_);
  if (!group) co_return group.error().while_doing("reading the group");
  if (!*group) co_return std::optional<Snapshot>();

  auto snapshot = co_await look_into(**std::move(group), Depth());
  if (!snapshot) co_return snapshot.error();
  co_return std::optional<Snapshot>(*std::move(snapshot));
}

boost::asio::awaitable<base::Result<Snapshot>> Reader::look_into(aws::AutoScalingGroup group,
                                                                 Depth depth) {
  Snapshot snapshot;
  snapshot.group = std::move(group);
  const auto target = co_await read_target(snapshot);
  if (!target) co_return target.error();
  for (const aws::GroupInstance& instance : snapshot.group.instances) {
    snapshot.facts.emplace(instance.id, InstanceFacts{});
  }
  if (depth.load_balancers) {
    const auto health = co_await read_load_balancers(snapshot);
    if (!health) co_return health.error();
  }
  if (depth.instances) {
    const auto instances = co_await read_instances(snapshot);
    if (!instances) co_return instances.error();
  }
  co_return snapshot;
}

boost::asio::awaitable<base::Result<void>> Reader::read_refresh(Snapshot& snapshot) {
  auto refresh = co_await observer_.running_refresh(snapshot.group.name, kRefreshAgeMax);
  if (!refresh) co_return refresh.error().while_doing("looking for an instance refresh");
  snapshot.instance_refresh = *std::move(refresh);
  co_return base::Result<void>();
}

boost::asio::awaitable<base::Result<void>> read_refresh(Services services, Snapshot& snapshot) {
  Observer observer(services);
  Reader reader(observer, snapshot.group.name);
  co_return co_await reader.read_refresh(snapshot);
}

boost::asio::awaitable<base::Result<std::optional<Snapshot>>> read_snapshot(Services services,
                                                                            base::GroupName group) {
  Observer observer(services);
  Reader reader(observer, std::move(group));
  co_return co_await reader.read();
}

}  // namespace consumers::recycle
