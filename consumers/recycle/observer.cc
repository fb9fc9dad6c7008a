#include "consumers/recycle/observer.h"

#include "consumers/recycle/resolver.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace consumers::recycle {

namespace asio = boost::asio;
using asio::awaitable;

namespace {

constexpr std::size_t kNamesPerCall = 100;  // AWS's maximum for DescribeAutoScalingGroups
constexpr std::size_t kTemplatesPerCall = 100;
// Requests of runs for their instances that are joined; the client cuts them by AWS's limit.
constexpr std::size_t kRunsPerInstanceCall = 100;
// Answers of 100 groups are some megabytes of XML each: few at a time.
constexpr std::size_t kGroupCallsMax = 2;
constexpr std::size_t kSingleCallsMax = 8;
// The first of many waits for company: longer the more there are, since then it is worth it, and
// not at all when it is alone.
constexpr base::Duration kGatherPerRun{2};
constexpr base::Duration kGatherMax{1'000};
// Events come in bursts (twenty launches); one look after the burst sees them all.
constexpr base::Duration kBurst{1'000};
constexpr base::Duration kHealthKept{5'000};
constexpr base::Duration kTemplateKept{300'000};
constexpr base::Duration kRefreshKept{30'000};

// A refusal that may be the fault of one of those that were asked for.
bool may_be_ones_fault(const base::Error& error) {
  return !error.is_transient() && error.kind != base::ErrorKind::kDenied;
}

template <class Key>
void halve(const std::vector<Key>& part, std::vector<std::vector<Key>>& parts) {
  const auto middle = part.begin() + static_cast<std::ptrdiff_t>(part.size() / 2);
  parts.emplace_back(part.begin(), middle);
  parts.emplace_back(middle, part.end());
}

std::string describe(const aws::LaunchTemplateSpecification& specification) {
  return fmt::format("launch template {}:{}",
                     specification.id.empty() ? specification.name : specification.id,
                     specification.version);
}

base::Error no_such_template(const std::pair<std::string, std::string>& key) {
  return {base::ErrorKind::kNotFound,
          "LaunchTemplateNotFound",
          fmt::format("there is no launch template {}", key.first.empty() ? key.second : key.first),
          {}};
}

}  // namespace

std::shared_ptr<Observer> make_observer(const Services& services) {
  return std::make_shared<Observer>(services);
}

Observer::Observer(Services services)
    : services_(services),
      groups_(
          services.clock,
          {.keys_per_call = kNamesPerCall,
           .calls_max = kGroupCallsMax,
           .gather = [this] { return gather(); }},
          [this](std::vector<base::GroupName> names) { return fetch_groups(std::move(names)); }),
      targets_(services.clock,
               {.keys_per_call = 1, .calls_max = kSingleCallsMax, .keep = kHealthKept},
               [this](std::vector<std::string> arns) { return fetch_targets(std::move(arns)); }),
      classic_(services.clock,
               {.keys_per_call = 1, .calls_max = kSingleCallsMax, .keep = kHealthKept},
               [this](std::vector<std::string> names) { return fetch_classic(std::move(names)); }),
      instances_(services.clock,
                 {.keys_per_call = kRunsPerInstanceCall,
                  .calls_max = kGroupCallsMax,
                  .gather = [this] { return gather(); }},
                 [this](std::vector<std::vector<base::InstanceId>> wanted) {
                   return fetch_instances(std::move(wanted));
                 }),
      templates_(
          services.clock,
          {.keys_per_call = kTemplatesPerCall,
           .calls_max = kGroupCallsMax,
           .gather = [this] { return gather(); },
           .keep = kTemplateKept},
          [this](std::vector<TemplateKey> keys) { return fetch_templates(std::move(keys)); }),
      refreshes_(services.clock,
                 {.keys_per_call = 1, .calls_max = kSingleCallsMax, .keep = kRefreshKept},
                 [this](std::vector<base::GroupName> names) {
                   return fetch_refreshes(std::move(names));
                 }) {}

Observer::Presence::Presence(Observer& observer, base::GroupName group)
    : observer_(observer), place_(observer.present_.insert(std::move(group))) {}

Observer::Presence::~Presence() { observer_.present_.erase(place_); }

awaitable<void> Observer::may_ask(aws::AdaptiveRate& rate) {
  const base::Duration wait = rate.take(services_.clock.steady_now());
  if (wait > base::Duration(0)) co_await services_.clock.sleep_for(wait);
}

base::Duration Observer::gather() const {
  if (present_.size() <= 1) return base::Duration(0);
  return std::min(kGatherMax, kGatherPerRun * static_cast<int>(present_.size()));
}

base::SteadyPoint Observer::ago(base::Duration age) const {
  return services_.clock.steady_now() - age;
}

awaitable<base::Result<std::optional<aws::AutoScalingGroup>>> Observer::group(
    base::GroupName name) {
  ++asked_["DescribeAutoScalingGroups"];
  co_return co_await groups_.read(std::move(name), ago({}));
}

awaitable<base::Result<Observer::Targets>> Observer::target_health(std::string target_group_arn,
                                                                   base::Duration age_max) {
  ++asked_["DescribeTargetHealth"];
  co_return co_await targets_.read(std::move(target_group_arn), ago(age_max));
}

awaitable<base::Result<Observer::Targets>> Observer::instance_health(std::string load_balancer_name,
                                                                     base::Duration age_max) {
  ++asked_["DescribeInstanceHealth"];
  co_return co_await classic_.read(std::move(load_balancer_name), ago(age_max));
}

awaitable<base::Result<Observer::Instances>> Observer::instances(
    std::vector<base::InstanceId> ids) {
  if (ids.empty()) co_return Instances();
  ++asked_["DescribeInstances"];
  std::ranges::sort(ids);
  co_return co_await instances_.read(std::move(ids), ago({}));
}

awaitable<base::Result<aws::LaunchTemplateSpecification>> Observer::launch_template(
    aws::LaunchTemplateSpecification specification, base::Duration age_max) {
  if (is_resolved(specification)) co_return specification;
  ++asked_["DescribeLaunchTemplates"];
  TemplateKey key(specification.id, specification.name);
  auto found = co_await templates_.read(std::move(key), ago(age_max));
  if (!found) co_return found.error().while_doing("resolving " + describe(specification));
  co_return resolved(std::move(specification), *found);
}

awaitable<base::Result<std::optional<aws::InstanceRefresh>>> Observer::running_refresh(
    base::GroupName group, base::Duration age_max) {
  ++asked_["DescribeInstanceRefreshes"];
  co_return co_await refreshes_.read(std::move(group), ago(age_max));
}

awaitable<Observer::GroupReads::Found> Observer::fetch_groups(std::vector<base::GroupName> names) {
  GroupReads::Found found;
  std::vector<std::vector<base::GroupName>> parts{std::move(names)};
  while (!parts.empty()) {
    const std::vector<base::GroupName> part = std::move(parts.back());
    parts.pop_back();
    aws::DescribeAutoScalingGroupsOptions options;
    options.names = part;
    co_await may_ask(auto_scaling_rate_);
    auto groups = co_await services_.auto_scaling.describe_auto_scaling_groups(std::move(options));
    note(auto_scaling_rate_, groups);
    if (!groups && part.size() > 1 && may_be_ones_fault(groups.error())) {
      halve(part, parts);
      continue;
    }
    for (const base::GroupName& name : part) {
      if (groups)
        found.emplace(name, Group());
      else
        found.emplace(name, groups.error());
    }
    if (!groups) continue;
    for (aws::AutoScalingGroup& group : *groups) {
      const auto asked = found.find(group.name);
      if (asked != found.end()) asked->second = Group(std::move(group));
    }
  }
  co_return found;
}

awaitable<Observer::TargetReads::Found> Observer::fetch_targets(std::vector<std::string> arns) {
  TargetReads::Found found;
  for (const std::string& arn : arns) {
    co_await may_ask(elb_rate_);
    auto targets = co_await services_.elb.describe_target_health(arn);
    note(elb_rate_, targets);
    if (targets)
      found.emplace(arn,
                    std::make_shared<const std::vector<aws::TargetHealth>>(*std::move(targets)));
    else
      found.emplace(arn, targets.error());
  }
  co_return found;
}

awaitable<Observer::TargetReads::Found> Observer::fetch_classic(std::vector<std::string> names) {
  TargetReads::Found found;
  for (const std::string& name : names) {
    co_await may_ask(elb_rate_);
    auto targets = co_await services_.elb.describe_instance_health(name);
    note(elb_rate_, targets);
    if (targets)
      found.emplace(name,
                    std::make_shared<const std::vector<aws::TargetHealth>>(*std::move(targets)));
    else
      found.emplace(name, targets.error());
  }
  co_return found;
}

awaitable<Observer::InstanceReads::Found> Observer::fetch_instances(
    std::vector<std::vector<base::InstanceId>> wanted) {
  InstanceReads::Found found;
  std::set<base::InstanceId> all;
  for (const auto& ids : wanted) all.insert(ids.begin(), ids.end());
  co_await may_ask(ec2_rate_);
  const auto instances = co_await services_.ec2.describe_instances({all.begin(), all.end()});
  note(ec2_rate_, instances);
  if (!instances) {
    for (auto& ids : wanted) found.emplace(std::move(ids), instances.error());
    co_return found;
  }
  Instances known;
  for (const aws::Ec2Instance& instance : *instances) known.emplace(instance.id, instance);
  for (auto& ids : wanted) {
    Instances theirs;
    for (const base::InstanceId& id : ids) {
      if (const auto instance = known.find(id); instance != known.end()) theirs.insert(*instance);
    }
    found.emplace(std::move(ids), std::move(theirs));
  }
  co_return found;
}

awaitable<Observer::TemplateReads::Found> Observer::fetch_templates(std::vector<TemplateKey> keys) {
  TemplateReads::Found found;
  // A call takes ids or names.
  const auto by_name =
      std::ranges::partition(keys, [](const auto& key) { return !key.first.empty(); });
  std::vector<std::vector<TemplateKey>> parts{{by_name.begin(), by_name.end()},
                                              {keys.begin(), by_name.begin()}};
  while (!parts.empty()) {
    const std::vector<TemplateKey> part = std::move(parts.back());
    parts.pop_back();
    if (part.empty()) continue;
    std::set<std::string> wanted;
    const bool by_id = !part.front().first.empty();
    for (const auto& [id, name] : part) wanted.insert(by_id ? id : name);
    aws::DescribeLaunchTemplatesOptions options;
    (by_id ? options.ids : options.names).assign(wanted.begin(), wanted.end());
    co_await may_ask(ec2_rate_);
    const auto templates = co_await services_.ec2.describe_launch_templates(std::move(options));
    note(ec2_rate_, templates);
    if (!templates && part.size() > 1 && may_be_ones_fault(templates.error())) {
      halve(part, parts);
      continue;
    }
    for (const TemplateKey& key : part) {
      if (!templates) {
        found.emplace(key, templates.error());
        continue;
      }
      const auto shown = std::ranges::find_if(*templates, [&](const aws::LaunchTemplate& one) {
        return by_id ? one.id == key.first : one.name == key.second;
      });
      if (shown != templates->end())
        found.emplace(key, *shown);
      else
        found.emplace(key, no_such_template(key));
    }
  }
  co_return found;
}

awaitable<Observer::RefreshReads::Found> Observer::fetch_refreshes(
    std::vector<base::GroupName> names) {
  RefreshReads::Found found;
  for (const base::GroupName& name : names) {
    co_await may_ask(auto_scaling_rate_);
    auto refresh = co_await services_.auto_scaling.describe_running_refresh(name);
    note(auto_scaling_rate_, refresh);
    found.emplace(name, std::move(refresh));
  }
  co_return found;
}

awaitable<void> Observer::pause(base::GroupName group, base::Duration interval,
                                std::optional<base::SteadyPoint> no_later_than) {
  const base::SteadyPoint now = services_.clock.steady_now();
  const auto step = std::chrono::duration_cast<base::SteadyPoint::duration>(interval);
  const auto since_tick = step.count() > 0 ? now.time_since_epoch() % step : step;
  base::SteadyPoint until = now + (step - since_tick);
  if (no_later_than) until = std::min(until, *no_later_than);

  base::Alarm alarm(co_await asio::this_coro::executor, services_.clock);
  struct Place {
    decltype(pausing_)& all;
    decltype(pausing_)::iterator at;
    Place(decltype(pausing_)& list, base::GroupName name, base::Alarm& its)
        : all(list), at(list.emplace(std::move(name), &its)) {}
    ~Place() { all.erase(at); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
  };
  const Place place(pausing_, std::move(group), alarm);
  if (!co_await alarm.wait_until(until)) co_return;
  co_await services_.clock.sleep_until(std::min(until, services_.clock.steady_now() + kBurst));
}

void Observer::happened_to(const base::GroupName& group) {
  const auto [first, last] = pausing_.equal_range(group);
  for (auto place = first; place != last; ++place) place->second->ring();
}

void Observer::template_changed(const messages::LaunchTemplateChanged& change) {
  templates_.forget_if([&](const TemplateKey& key) {
    const auto& [id, name] = key;
    return (!id.empty() && id == change.template_id) ||
           (!name.empty() && name == change.template_name);
  });
}

Observer::Tally Observer::tally(std::string_view operation) const {
  const auto asked = asked_.find(operation);
  Tally tally;
  tally.asked = asked == asked_.end() ? 0 : asked->second;
  if (operation == "DescribeAutoScalingGroups") tally.calls = groups_.calls();
  if (operation == "DescribeTargetHealth") tally.calls = targets_.calls();
  if (operation == "DescribeInstanceHealth") tally.calls = classic_.calls();
  if (operation == "DescribeInstances") tally.calls = instances_.calls();
  if (operation == "DescribeLaunchTemplates") tally.calls = templates_.calls();
  if (operation == "DescribeInstanceRefreshes") tally.calls = refreshes_.calls();
  return tally;
}

}  // namespace consumers::recycle
