#include "consumers/recycle/sweep.h"

#include "base/log.h"
#include "consumers/recycle/claim.h"
#include "consumers/recycle/journal.h"
#include "consumers/recycle/outcome.h"
#include "messages/decode.h"

#include <fmt/format.h>

#include <algorithm>

namespace consumers::recycle {

namespace {

constexpr const char* kLogger = "consumers";
// SQS takes two sends with one deduplication id within five minutes for one.
constexpr base::Duration kDeduplicated = std::chrono::minutes(5);

std::string family_of_group(const aws::AutoScalingGroup& group) {
  const auto tag = group.tags.find(std::string(kTagComponent));
  const bool named = tag != group.tags.end() && !tag->second.empty();
  return family_of(named ? tag->second : component_of(group.name.value));
}

// A claim of a run that never began: whoever is asked to carry it on removes it.
std::optional<Journal> as_run(const std::vector<Claim>& claims) {
  const Claim* claim = highest(claims);
  if (claim == nullptr) return std::nullopt;
  Journal journal;
  journal.run_id = claim->holder;
  journal.started_at = journal.phase_at = claim->at;
  return journal;
}

base::Duration age_of(const Journal& journal, base::TimePoint now) {
  return std::chrono::duration_cast<base::Duration>(now -
                                                    std::max(journal.started_at, journal.phase_at));
}

}  // namespace

void Sweep::tell_of_broken(const aws::AutoScalingGroup& group, const base::Error& error) {
  base::log_error(kLogger, "a group's journal cannot be read, it is left alone",
                  {{"group", group.name.value}, {"error", error.message}});
  if (!observer_) return;
  Progress progress;
  progress.group = group.name.value;
  progress.phase = "broken";
  progress.step = error.message;
  progress.component = component_of(group.name.value);
  progress.moment = Moment::kFailed;
  progress.needs_person = true;
  const auto tag = [&](std::string_view key) {
    const auto found = group.tags.find(std::string(key));
    return found == group.tags.end() ? std::string() : found->second;
  };
  progress.team = tag(kTagTeam);
  progress.slack_channel = tag(kTagSlackChannel);
  progress.notify_pager_duty = tag(kTagPagerDuty) == "true";
  observer_(progress);
}

bool Sweep::is_due(const Found& found) {
  if (eyes_ != nullptr && eyes_->is_watched(found.group->name)) return false;
  const base::Duration age = age_of(found.journal, services_.clock.now());
  if (age < std::min(kYoung, interval_)) return false;
  const auto asked = asked_.find(found.journal.run_id);
  if (asked == asked_.end()) return true;
  const base::Duration pause = std::clamp(age / 2, kAgainMin, kAgainMax);
  return services_.clock.steady_now() - asked->second >= pause;
}

Outgoing Sweep::request_for(const Found& found) {
  const base::TimePoint now = services_.clock.now();
  messages::RecycleRequest request;
  request.group = found.group->name;
  request.requested_at = now;
  request.reason = "its journal was found, and nobody who works on it";
  request.source_event_id = "sweep";  // the group may be gone by then, which is no mistake
  request.resume_run = found.journal.run_id;
  Outgoing outgoing;
  outgoing.queue = "recycles";
  outgoing.body = messages::encode_recycle_request(request, services_.random.uuid(), now, "worker");
  outgoing.group_id = queue_token(family_of_group(*found.group));
  // The same for all workers that sweep at about the same time.
  const auto bucket = now.time_since_epoch() / kDeduplicated;
  outgoing.deduplication_id = queue_token(fmt::format("sweep/{}/{}", found.journal.run_id, bucket));
  return outgoing;
}

// Groups with a journal or a claim. Two questions: of several filters AWS wants all to be met.
boost::asio::awaitable<base::Result<Sweep::Groups>> Sweep::marked() {
  aws::DescribeAutoScalingGroupsOptions with_journal;
  with_journal.tag_keys = {std::string(kJournalPrefix)};
  aws::DescribeAutoScalingGroupsOptions with_claim;
  with_claim.tag_values = {std::string(kInOffice), std::string(kSetDown)};
  Groups groups;
  for (aws::DescribeAutoScalingGroupsOptions options : {with_journal, with_claim}) {
    options.include_instances = false;
    auto found = co_await services_.auto_scaling.describe_auto_scaling_groups(std::move(options));
    if (!found) co_return found.error().while_doing("looking for groups with a journal");
    for (aws::AutoScalingGroup& group : *found) {
      base::GroupName name = group.name;
      groups.insert_or_assign(std::move(name), std::move(group));
    }
  }
  co_return groups;
}

boost::asio::awaitable<base::Result<std::vector<Outgoing>>> Sweep::look() {
  const auto groups = co_await marked();
  if (!groups) co_return groups.error();

  std::vector<Found> due;
  std::map<std::string, base::SteadyPoint> still_asked;
  std::set<base::GroupName> still_broken;
  for (const auto& [name, group] : *groups) {
    if (!group.status.empty()) continue;  // is being deleted
    auto journal = journal_from_tags(group.tags);
    if (!journal) {
      if (!broken_.contains(group.name)) tell_of_broken(group, journal.error());
      still_broken.insert(group.name);
      continue;
    }
    if (!*journal) *journal = as_run(claims_from_tags(group.tags));
    if (!*journal) continue;
    const Found found{&group, **std::move(journal)};
    if (const auto asked = asked_.find(found.journal.run_id); asked != asked_.end()) {
      still_asked.insert(*asked);
    }
    if (is_due(found)) due.push_back(found);
  }
  asked_ = std::move(still_asked);
  broken_ = std::move(still_broken);

  std::ranges::sort(due, {}, [](const Found& found) { return found.journal.started_at; });
  if (due.size() > kRequestsMax) due.resize(kRequestsMax);
  std::vector<Outgoing> requests;
  for (const Found& found : due) {
    base::log_warn(kLogger, "a run without anybody who works on it is asked for again",
                   {{"group", found.group->name.value},
                    {"run", found.journal.run_id},
                    {"phase", to_string(found.journal.phase)},
                    {"since", base::format_rfc3339(found.journal.started_at)}});
    asked_[found.journal.run_id] = services_.clock.steady_now();
    requests.push_back(request_for(found));
  }
  co_return requests;
}

}  // namespace consumers::recycle
