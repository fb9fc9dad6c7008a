#include "tests/consumers/groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace consumers::recycle {
namespace {

bool counts(const aws::GroupInstance& instance) {
  return !is_leaving(instance) && !is_standby(instance);
}

bool is_suspended(const aws::AutoScalingGroup& group, const std::string& process) {
  return std::any_of(group.suspended_processes.begin(), group.suspended_processes.end(),
                     [&](const auto& one) { return one.name == process; });
}

std::map<std::string, int> zone_sizes(const aws::AutoScalingGroup& group) {
  std::map<std::string, int> sizes;
  for (const auto& zone : group.availability_zones) sizes[zone] = 0;
  for (const auto& instance : group.instances) {
    if (counts(instance)) ++sizes[instance.availability_zone];
  }
  return sizes;
}

bool by_size(const std::pair<const std::string, int>& a,
             const std::pair<const std::string, int>& b) {
  return a.second < b.second;
}

}  // namespace

aws::LaunchTemplateSpecification version(int number) {
  return {.id = "lt-0abc", .name = "web", .version = std::to_string(number)};
}

aws::GroupInstance instance(const std::string& id, int template_version, const std::string& zone) {
  aws::GroupInstance result;
  result.id = base::InstanceId(id);
  result.availability_zone = zone;
  result.lifecycle_state = "InService";
  result.health_status = "Healthy";
  result.launch_template = version(template_version);
  return result;
}

Snapshot make_snapshot(GroupOptions options) {
  Snapshot snapshot;
  aws::AutoScalingGroup& group = snapshot.group;
  group.name = base::GroupName("web-asg-1");
  group.min_size = options.min_size;
  group.max_size = options.max_size;
  group.desired_capacity = options.old_count + options.new_count;
  group.launch_template = version(7);
  for (int zone = 0; zone < options.zones; ++zone) {
    group.availability_zones.push_back(fmt::format("eu-west-2{:c}", 'a' + zone));
  }
  for (int i = 0; i < group.desired_capacity; ++i) {
    const bool old = i < options.old_count;
    const std::string id = old ? fmt::format("i-old-{:02}", i + 1)
                               : fmt::format("i-kept-{:02}", i + 1 - options.old_count);
    group.instances.push_back(instance(
        id, old ? 6 : 7, group.availability_zones[static_cast<std::size_t>(i % options.zones)]));
    snapshot.facts[base::InstanceId(id)].launch_time = kNow - std::chrono::hours(48);
  }
  snapshot.target.launch_templates = {version(7)};
  return snapshot;
}

Policy make_policy(Strategy strategy) {
  Policy policy;
  policy.strategy = strategy;
  policy.component = "web";
  return policy;
}

RunContext make_context() {
  RunContext context;
  context.run_id = "run-1";
  return context;
}

Step ask(const Snapshot& snapshot, const std::optional<Journal>& journal, Strategy strategy,
         base::TimePoint now) {
  return next(snapshot, journal, make_policy(strategy), make_context(), now);
}

std::string line(const Step& step) {
  if (const auto* mutate = std::get_if<Mutate>(&step)) return describe(mutate->action);
  if (const auto* wait = std::get_if<Wait>(&step)) return "wait: " + wait->why;
  if (const auto* finished = std::get_if<Finished>(&step)) return "finished: " + finished->result;
  return "abort: " + std::get<Abort>(step).why;
}

Journal journal_in(Phase phase, Strategy strategy) {
  Journal journal;
  journal.run_id = "run-1";
  journal.strategy = strategy;
  journal.phase = phase;
  journal.started_at = kNow;
  journal.phase_at = kNow;
  journal.original_min = 2;
  journal.original_max = 8;
  journal.original_desired = 4;
  journal.target = "lt-0abc:7";
  journal.previous = "6";
  journal.our_min = {8, 4};
  journal.our_max = {8};
  if (phase == Phase::kGrow) {
    journal.desired_before = 4;
    journal.desired_goal = 8;
  } else if (phase == Phase::kCull) {
    journal.desired_before = 8;
    journal.committed = true;
  } else if (phase == Phase::kSwap) {
    journal.desired_before = 4;
    journal.desired_goal = 4;
    journal.our_min = {3};
    journal.our_max = {};
  }
  return journal;
}

const Journal& journal_of(const Step& step) {
  const auto* mutate = std::get_if<Mutate>(&step);
  const auto* write = mutate ? std::get_if<WriteJournal>(&mutate->action) : nullptr;
  if (write == nullptr) throw std::logic_error("no journal is written but " + line(step));
  return write->journal;
}

Snapshot doubled() {
  Snapshot snapshot = make_snapshot({.old_count = 4, .new_count = 4, .min_size = 8});
  return snapshot;
}

aws::GroupInstance& instance_of(Snapshot& snapshot, const std::string& id) {
  for (auto& one : snapshot.group.instances) {
    if (one.id.value == id) return one;
  }
  throw std::logic_error("no instance " + id);
}

void stop_serving(Snapshot& snapshot, const std::string& id) {
  InstanceFacts& facts = snapshot.facts[base::InstanceId(id)];
  facts.serving = false;
  facts.not_serving_because = "target group web: initial";
}

int LaggyGroup::serving() const {
  return static_cast<int>(
      std::count_if(now_.group.instances.begin(), now_.group.instances.end(),
                    [&](const auto& instance) { return is_ready(now_, instance); }));
}

int LaggyGroup::present() const {
  return static_cast<int>(
      std::count_if(now_.group.instances.begin(), now_.group.instances.end(), counts));
}

base::Result<void> LaggyGroup::carry_out(const Action& action) {
  if (const auto* one = std::get_if<TerminateInstance>(&action)) {
    const auto& instances = now_.group.instances;
    const auto found = std::find_if(instances.begin(), instances.end(), [&](const auto& instance) {
      return instance.id == one->instance;
    });
    // Terminated twice: ScalingActivityInProgress, which a client takes for done.
    if (found == instances.end() || is_leaving(*found)) return {};
    if (one->decrement_desired && now_.group.desired_capacity - 1 < now_.group.min_size) {
      return base::invalid("termination would violate the min size");
    }
    if (one->decrement_desired) --now_.group.desired_capacity;
    terminate(one->instance);
    return {};
  }
  if (const auto* one = std::get_if<SetBounds>(&action)) {
    aws::AutoScalingGroup& group = now_.group;
    const int low = one->min_size.value_or(group.min_size);
    const int high = one->max_size.value_or(group.max_size);
    if (low > high) return base::invalid("min above max");
    const int desired =
        one->desired_capacity.value_or(std::clamp(group.desired_capacity, low, high));
    if (desired < low || desired > high) return base::invalid("desired outside the bounds");
    group.min_size = low;
    group.max_size = high;
    group.desired_capacity = desired;
    scale_in();
    return {};
  }
  return apply(now_, action);  // tags, processes and protection take effect at once
}

void LaggyGroup::launch(base::TimePoint at) {
  const auto sizes = zone_sizes(now_.group);
  const std::string id = fmt::format("i-launched-{:03}", ++launched_);
  aws::GroupInstance born =
      instance(id, 7, std::min_element(sizes.begin(), sizes.end(), by_size)->first);
  if (!now_.target.launch_templates.empty()) {
    born.launch_template = now_.target.launch_templates.front();
  }
  born.lifecycle_state = "Pending";
  now_.facts[born.id] = {
      .launch_time = at, .serving = false, .not_serving_because = "target group web: initial"};
  if (!random_.chance(share_that_serves_)) broken_.insert(born.id);
  now_.group.instances.push_back(born);
}

void LaggyGroup::terminate(base::InstanceId id) {
  for (auto& instance : now_.group.instances) {
    if (instance.id == id) instance.lifecycle_state = "Terminating";
  }
}

void LaggyGroup::alarm(int change) {
  const aws::AutoScalingGroup& group = now_.group;
  const int desired = std::clamp(group.desired_capacity + change, group.min_size, group.max_size);
  (void)carry_out(SetBounds{.min_size = {}, .max_size = {}, .desired_capacity = desired});
}

bool LaggyGroup::kill(const std::string& prefix) {
  for (auto& instance : now_.group.instances) {
    if (!counts(instance) || !instance.id.value.starts_with(prefix)) continue;
    instance.lifecycle_state = "Terminating";
    return true;
  }
  return false;
}

void LaggyGroup::fail_somebody() {
  auto& instances = now_.group.instances;
  if (instances.empty()) return;
  const auto index = random_.below(static_cast<std::int64_t>(instances.size()));
  InstanceFacts& facts = now_.facts[instances[static_cast<std::size_t>(index)].id];
  facts.serving = false;
  facts.not_serving_because = "target group web: unhealthy";
}

bool LaggyGroup::is_serving(const base::InstanceId& id) const {
  const auto& instances = now_.group.instances;
  return std::any_of(instances.begin(), instances.end(), [&](const auto& instance) {
    return instance.id == id && is_ready(now_, instance);
  });
}

int LaggyGroup::interfaces() const {
  return static_cast<int>(now_.group.instances.size() + now_.still_terminating.size());
}

void LaggyGroup::scale_in() {
  // Victims of AWS's own choice: the newest, which is what a recycle can bear least.
  while (present() > now_.group.desired_capacity) {
    const auto victim = std::find_if(
        now_.group.instances.rbegin(), now_.group.instances.rend(),
        [](const auto& instance) { return counts(instance) && !instance.protected_from_scale_in; });
    if (victim == now_.group.instances.rend()) return;
    victim->lifecycle_state = "Terminating";
  }
}

void LaggyGroup::rebalance() {
  if (is_suspended(now_.group, "AZRebalance")) return;
  const auto sizes = zone_sizes(now_.group);
  const auto largest = std::max_element(sizes.begin(), sizes.end(), by_size);
  if (largest->second - std::min_element(sizes.begin(), sizes.end(), by_size)->second < 2) return;
  const auto victim = std::find_if(
      now_.group.instances.rbegin(), now_.group.instances.rend(), [&](const auto& instance) {
        return counts(instance) && instance.availability_zone == largest->first;
      });
  victim->lifecycle_state = "Terminating";
}

void LaggyGroup::tick(base::TimePoint at) {
  scale_in();
  rebalance();
  while (present() < now_.group.desired_capacity && random_.chance(0.7)) launch(at);
  std::erase_if(now_.still_terminating, [&](const auto&) { return random_.chance(0.3); });
  std::erase_if(now_.group.instances, [&](const auto& instance) {
    if (!is_leaving(instance) || !random_.chance(0.3)) return false;
    now_.still_terminating.push_back(instance.id);
    return true;
  });
  for (auto& instance : now_.group.instances) {
    if (instance.lifecycle_state == "Pending" && random_.chance(0.4)) {
      instance.lifecycle_state = "InService";
    } else if (instance.lifecycle_state == "InService" && !broken_.contains(instance.id) &&
               random_.chance(0.4)) {
      now_.facts[instance.id].serving = true;
    }
  }
}

}  // namespace consumers::recycle
