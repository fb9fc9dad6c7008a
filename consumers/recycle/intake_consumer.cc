#include "base/log.h"
#include "consumers/recycle/consumer.h"
#include "consumers/recycle/notify/address.h"
#include "consumers/recycle/observer.h"
#include "consumers/recycle/outcome.h"
#include "consumers/recycle/resolver.h"
#include "messages/decode.h"

#include <fmt/format.h>

#include <algorithm>

namespace consumers::recycle {

namespace {

using messages::RecycleRequest;

constexpr std::size_t kNamesPerCall = 100;  // AWS's maximum for DescribeAutoScalingGroups

// What the request on the queue "recycles" says whatever caused it.
struct Cause {
  RecycleRequest request;  // without the group
  std::string event_id;    // of the event, or of the message in hand: never empty
  std::string message_id;
};

Cause cause_of(const Delivery& delivery) {
  Cause cause;
  cause.message_id = std::string(delivery.message_id);
  cause.event_id = delivery.message.id.empty() ? cause.message_id : delivery.message.id;
  if (const auto* request = std::get_if<RecycleRequest>(&delivery.message.payload)) {
    cause.request = *request;
    if (cause.request.reason.empty()) cause.request.reason = "enqueued by hand";
  } else {
    cause.request.reason = delivery.message.actor.empty() ? std::string(delivery.message.kind)
                                                          : std::string(delivery.message.kind) +
                                                                " by " + delivery.message.actor;
    cause.request.source_event_id = cause.event_id;
    cause.request.requested_at = delivery.message.time;
  }
  if (cause.request.requested_at == base::TimePoint{}) {
    cause.request.requested_at = delivery.sent_at;
  }
  return cause;
}

Verdict reject(const aws::AutoScalingGroup& group, const base::Error& error) {
  return Poison{fmt::format("group {}: {}", group.name.value, error.message), "invalid"};
}

// The request to send on for one group, or why there is none.
Verdict decide(const aws::AutoScalingGroup& group, const Cause& cause, const Config& config,
               Services services, const ProgressObserver& observer) {
  if (!group.status.empty()) {
    return Done{fmt::format("group {} is being deleted ({})", group.name.value, group.status), {}};
  }
  PolicyOverrides overrides;
  overrides.strategy = cause.request.strategy;
  overrides.force = cause.request.force;
  overrides.dry_run = cause.request.dry_run;
  const auto policy =
      read_policy(group.name.value, group.tags, overrides, config.default_window, config.gates);
  if (!policy) {
    if (observer) observer(refusal(group, policy.error().message));
    return reject(group, policy.error());
  }
  if (const auto* not_recyclable = std::get_if<NotRecyclable>(&*policy)) {
    return Done{fmt::format("group {}: {}", group.name.value, not_recyclable->reason), {}};
  }
  RecycleRequest request = cause.request;
  request.group = group.name;
  Outgoing outgoing;
  outgoing.queue = "recycles";
  outgoing.body = messages::encode_recycle_request(request, services.random.uuid(),
                                                   services.clock.now(), "worker");
  outgoing.group_id = queue_token(family_of(std::get<Policy>(*policy).component));
  outgoing.deduplication_id = queue_token(cause.event_id + "/" + group.name.value);
  return Done{fmt::format("requested a recycle of group {}", group.name.value), {outgoing}};
}

// One verdict for all groups of a message: a group with a wrong tag must not keep the others from
// being recycled, so it is only Poison if nothing could be sent on.
Verdict combine(const Cause& cause, std::vector<Verdict> verdicts) {
  Done all;
  std::string refused;
  for (Verdict& verdict : verdicts) {
    if (auto* done = std::get_if<Done>(&verdict)) {
      for (Outgoing& outgoing : done->outgoing) all.outgoing.push_back(std::move(outgoing));
      all.reason += (all.reason.empty() ? "" : "; ") + done->reason;
    } else if (const auto* poison = std::get_if<Poison>(&verdict)) {
      refused += (refused.empty() ? "" : "; ") + poison->reason;
    }
  }
  if (refused.empty()) return all;
  if (all.outgoing.empty()) return Poison{refused, "invalid"};
  base::log_error("consumers", "a group cannot be recycled",
                  {{"message_id", cause.message_id}, {"reason", refused}});
  all.reason += "; refused: " + refused;
  return all;
}

boost::asio::awaitable<Verdict> intake_groups(Services services, Config config,
                                              ProgressObserver observer, Cause cause,
                                              std::vector<base::GroupName> names,
                                              bool caused_by_event) {
  std::vector<Verdict> verdicts;
  for (std::size_t from = 0; from < names.size(); from += kNamesPerCall) {
    aws::DescribeAutoScalingGroupsOptions options;
    const std::size_t to = std::min(names.size(), from + kNamesPerCall);
    for (std::size_t i = from; i < to; ++i) options.names.push_back(names[i]);
    options.include_instances = false;
    const auto found = co_await services.auto_scaling.describe_auto_scaling_groups(options);
    if (!found) co_return verdict_of(found.error().while_doing("reading the groups"));
    for (const base::GroupName& name : options.names) {
      const auto group = std::ranges::find(*found, name, &aws::AutoScalingGroup::name);
      verdicts.push_back(group == found->end() ? missing_group(name, caused_by_event)
                                               : decide(*group, cause, config, services, observer));
    }
  }
  co_return combine(cause, std::move(verdicts));
}

boost::asio::awaitable<Verdict> intake_launch_template(Services services, Config config,
                                                       ProgressObserver observer, Cause cause,
                                                       messages::LaunchTemplateChanged change) {
  aws::DescribeAutoScalingGroupsOptions options;
  options.tag_keys = {std::string(kTagRecycleOnUpdate)};
  options.include_instances = false;
  const auto groups =
      co_await services.auto_scaling.describe_auto_scaling_groups(std::move(options));
  if (!groups)
    co_return verdict_of(groups.error().while_doing("looking for the template's groups"));
  std::vector<Verdict> verdicts;
  for (const aws::AutoScalingGroup& group : *groups) {
    if (!uses_launch_template(group, change)) continue;
    verdicts.push_back(decide(group, cause, config, services, observer));
  }
  if (verdicts.empty()) {
    const std::string& known_as =
        change.template_id.empty() ? change.template_name : change.template_id;
    co_return Done{
        fmt::format("no group with tag {} uses launch template {}", kTagRecycleOnUpdate, known_as),
        {}};
  }
  co_return combine(cause, std::move(verdicts));
}

}  // namespace

bool IntakeConsumer::accepts(const Delivery& delivery) const {
  return delivery.queue == "events" &&
         !std::holds_alternative<messages::OncallJobRequest>(delivery.message.payload);
}

void IntakeConsumer::tell_eyes(const messages::Payload& payload) const {
  if (eyes_ == nullptr) return;
  if (const auto* event = std::get_if<messages::InstanceEvent>(&payload)) {
    eyes_->happened_to(event->group);
  } else if (const auto* waits = std::get_if<messages::LifecycleAction>(&payload)) {
    eyes_->happened_to(waits->group);
  } else if (const auto* change = std::get_if<messages::GroupChanged>(&payload)) {
    for (const base::GroupName& group : change->groups) eyes_->happened_to(group);
  } else if (const auto* version = std::get_if<messages::LaunchTemplateChanged>(&payload)) {
    eyes_->template_changed(*version);
  } else if (const auto* request = std::get_if<RecycleRequest>(&payload)) {
    eyes_->happened_to(request->group);
  }
}

boost::asio::awaitable<Verdict> IntakeConsumer::consume(Delivery delivery) {
  const messages::Payload& payload = delivery.message.payload;
  tell_eyes(payload);
  if (const auto* ignored = std::get_if<messages::Ignored>(&payload)) {
    co_return Done{ignored->reason, {}};
  }
  Cause cause = cause_of(delivery);
  if (const auto* change = std::get_if<messages::GroupChanged>(&payload)) {
    co_return co_await intake_groups(services_, config_, observer_, std::move(cause),
                                     change->groups, true);
  }
  if (const auto* request = std::get_if<RecycleRequest>(&payload)) {
    const bool caused_by_event = !request->source_event_id.empty();
    std::vector<base::GroupName> names{request->group};
    co_return co_await intake_groups(services_, config_, observer_, std::move(cause),
                                     std::move(names), caused_by_event);
  }
  if (const auto* change = std::get_if<messages::LaunchTemplateChanged>(&payload)) {
    co_return co_await intake_launch_template(services_, config_, observer_, std::move(cause),
                                              *change);
  }
  co_return Done{"informational: " + std::string(delivery.message.kind), {}};
}

}  // namespace consumers::recycle
