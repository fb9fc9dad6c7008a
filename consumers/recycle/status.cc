#include "consumers/recycle/status.h"

#include "consumers/recycle/claim.h"
#include "consumers/recycle/control.h"
#include "consumers/recycle/journal.h"
#include "consumers/recycle/planner.h"
#include "consumers/recycle/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace consumers::recycle {

namespace {

using State = GroupStatus::State;
using boost::asio::awaitable;

constexpr std::size_t kNamesPerCall = 100;  // AWS's maximum for DescribeAutoScalingGroups

constexpr std::array<std::pair<State, std::string_view>, 8> kStates{{
    {State::kRunning, "running"},
    {State::kPaused, "paused"},
    {State::kCancelling, "cancelling"},
    {State::kBroken, "broken"},
    {State::kRefused, "refused"},
    {State::kWaiting, "waiting"},
    {State::kDue, "due"},
    {State::kIdle, "idle"},
}};

base::Error no_such_group(const base::GroupName& group) {
  return {
      base::ErrorKind::kNotFound,
      "GroupNotFound",
      fmt::format("Auto Scaling group {} does not exist in this account and region", group.value),
      {}};
}

void count_instances(const Snapshot& snapshot, const std::optional<Journal>& journal,
                     GroupStatus& status) {
  const auto force_before = journal ? journal->force_before : std::nullopt;
  for (const aws::GroupInstance& instance : snapshot.group.instances) {
    if (is_leaving(instance)) continue;
    const bool old = is_old(snapshot, instance, force_before);
    status.old_instances += old ? 1 : 0;
    status.new_instances += old ? 0 : 1;
    status.new_ready += !old && is_ready(snapshot, instance) ? 1 : 0;
  }
}

std::optional<base::TimePoint> deadline_of(const aws::AutoScalingGroup& group,
                                           const Journal& journal, const Config& config) {
  if (journal.paused_at) return std::nullopt;
  // Whoever has taken the run over gives the new ones time of its own (RunContext::patient_until).
  base::TimePoint ready = journal.phase_at + config.ready_timeout;
  const std::vector<Claim> claims = claims_from_tags(group.tags);
  if (const Claim* claim = highest(claims)) {
    ready = std::max(ready, claim->at + config.patience());
  }
  switch (journal.phase) {
    case Phase::kGrow:
      return journal.hold ? std::nullopt : std::optional(ready);
    case Phase::kCull:
      return journal.phase_at + config.terminate_timeout;
    case Phase::kSwap:
      return journal.victim.empty() ? ready : journal.phase_at + config.terminate_timeout;
    default:
      return std::nullopt;
  }
}

// What the planner would do now, in words.
void ask_planner(const Snapshot& snapshot, const std::optional<Journal>& journal,
                 const Policy& policy, const Config& config, base::TimePoint now,
                 GroupStatus& status) {
  RunContext context;
  context.run_id = journal ? journal->run_id : "status";
  if (journal) context.force_before = journal->force_before;
  context.ready_timeout = config.ready_timeout;
  context.terminate_timeout = config.terminate_timeout;
  const Step step = next(snapshot, journal, policy, context, now);
  if (const auto* mutate = std::get_if<Mutate>(&step)) {
    status.step = fmt::format("next: {}: {}", describe(mutate->action), mutate->why);
    if (!journal) status.state = State::kDue;
  } else if (const auto* wait = std::get_if<Wait>(&step)) {
    status.step = wait->why;
    if (wait->what == WaitsFor::kWindow) status.until = wait->not_before;
    if (!journal) status.state = State::kWaiting;
  } else if (const auto* abort = std::get_if<Abort>(&step)) {
    status.step = abort->why;
    if (!journal) status.state = State::kRefused;
  } else {
    status.step = std::get<Finished>(step).result;
  }
}

// From the tags alone, before anything else is read. False: there is nothing more to say.
bool begin_status(const aws::AutoScalingGroup& group, const Config& config,
                  std::optional<Journal>& journal, Policy& policy, GroupStatus& status) {
  status.group = group.name.value;
  status.desired = group.desired_capacity;
  auto found = journal_from_tags(group.tags);
  if (!found) {
    status.state = State::kBroken;
    status.step = found.error().message;
    return false;
  }
  journal = *std::move(found);
  const auto control = control_from_tags(group.tags);
  PolicyOverrides overrides;
  if (journal) {
    status.state = State::kRunning;
    status.strategy = to_string(journal->strategy);
    status.phase = to_string(journal->phase);
    status.run_id = journal->run_id;
    status.target = journal->target;
    status.failure = journal->failure;
    status.started_at = journal->started_at;
    status.phase_at = journal->phase_at;
    status.deadline = deadline_of(group, *journal, config);
    if (control && *control == Control::kPause) status.state = State::kPaused;
    if (journal->cancelled ||
        (control && (*control == Control::kCancel || *control == Control::kCancelRestore))) {
      status.state = State::kCancelling;
    }
    overrides.strategy = to_string(journal->strategy);
    overrides.force = journal->force_before.has_value();
  }
  const auto read =
      read_policy(group.name.value, group.tags, overrides, config.default_window, config.gates);
  if (!read || !control) {
    if (!journal) status.state = State::kRefused;
    status.step = read ? control.error().message : read.error().message;
    return journal.has_value();
  }
  if (const auto* no = std::get_if<NotRecyclable>(&*read)) {
    status.step = no->reason;
    return journal.has_value();
  }
  policy = std::get<Policy>(*read);
  if (!journal) status.strategy = policy.strategy_name;
  return true;
}

awaitable<base::Result<GroupStatus>> status_of(base::Clock& clock, Config config,
                                               Observer& observer, aws::AutoScalingGroup group) {
  GroupStatus status;
  std::optional<Journal> journal;
  Policy policy;
  if (!begin_status(group, config, journal, policy, status)) co_return status;
  const bool has_policy = status.step.empty();
  const std::vector<Claim> claims = claims_from_tags(group.tags);
  Reader reader(observer, group.name);
  Reader::Depth depth;
  depth.load_balancers = journal.has_value();
  depth.instances = journal && (journal->force_before || journal->strategy == Strategy::kInOut);
  const auto snapshot = co_await reader.look_into(std::move(group), depth);
  if (!snapshot) {
    if (!snapshot.error().is_transient() && snapshot.error().kind != base::ErrorKind::kDenied) {
      status.step = snapshot.error().message;  // of this group alone: its template is gone
      if (!journal) status.state = State::kRefused;
      co_return status;
    }
    co_return snapshot.error().while_doing("looking at group " + status.group);
  }
  if (status.target.empty()) status.target = snapshot->target.describe();
  count_instances(*snapshot, journal, status);
  if (has_policy) ask_planner(*snapshot, journal, policy, config, clock.now(), status);
  if (const Claim* claim = taking_over(claims)) {
    status.step = fmt::format("message {} {}", claim->message, kTakingOver);
  }
  co_return status;
}

awaitable<base::Result<std::vector<aws::AutoScalingGroup>>> groups_by_name(
    Services services, std::vector<base::GroupName> names) {
  std::vector<aws::AutoScalingGroup> groups;
  for (std::size_t from = 0; from < names.size(); from += kNamesPerCall) {
    aws::DescribeAutoScalingGroupsOptions options;
    const std::size_t to = std::min(names.size(), from + kNamesPerCall);
    options.names.assign(names.begin() + static_cast<std::ptrdiff_t>(from),
                         names.begin() + static_cast<std::ptrdiff_t>(to));
    auto found = co_await services.auto_scaling.describe_auto_scaling_groups(options);
    if (!found) co_return found.error().while_doing("reading the groups");
    for (const base::GroupName& name : options.names) {
      const auto group = std::ranges::find(*found, name, &aws::AutoScalingGroup::name);
      if (group == found->end()) co_return no_such_group(name);
      groups.push_back(*group);
    }
  }
  co_return groups;
}

awaitable<base::Result<std::vector<aws::AutoScalingGroup>>> groups_of_ours(Services services) {
  aws::DescribeAutoScalingGroupsOptions options;
  options.tag_keys = {std::string(kJournalPrefix), std::string(kTagRecycleOnUpdate)};
  auto groups = co_await services.auto_scaling.describe_auto_scaling_groups(std::move(options));
  if (!groups) co_return groups.error().while_doing("looking for groups");
  std::ranges::sort(*groups, {}, &aws::AutoScalingGroup::name);
  co_return groups;
}

}  // namespace

std::string_view to_string(State state) {
  for (const auto& [value, name] : kStates) {
    if (value == state) return name;
  }
  return "unknown";
}

bool is_run(const GroupStatus& status) {
  return !status.run_id.empty() || status.state == State::kBroken;
}

awaitable<base::Result<std::vector<GroupStatus>>> read_status(Services services, Config config,
                                                              Observer& observer,
                                                              std::vector<base::GroupName> names) {
  const bool all = names.empty();
  base::Result<std::vector<aws::AutoScalingGroup>> groups = std::vector<aws::AutoScalingGroup>();
  if (all)
    groups = co_await groups_of_ours(services);
  else
    groups = co_await groups_by_name(services, std::move(names));
  if (!groups) co_return groups.error();
  std::vector<GroupStatus> found;
  for (aws::AutoScalingGroup& group : *groups) {
    auto status = co_await status_of(services.clock, config, observer, std::move(group));
    if (!status) co_return status.error();
    if (all && status->state == State::kIdle) continue;
    found.push_back(*std::move(status));
  }
  co_return found;
}

}  // namespace consumers::recycle
