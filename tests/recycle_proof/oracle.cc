#include "tests/recycle_proof/oracle.h"

#include "consumers/recycle/journal.h"
#include "consumers/recycle/window.h"
#include "sim/autoscaling_service.h"
#include "tests/recycle_proof/telling.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace proof {

namespace recycle = consumers::recycle;

namespace {

constexpr std::string_view kPrefix = "autorecycle:";

bool touches_our_tags_only(const sim::ApiCall& call) {
  if (call.operation != "CreateOrUpdateTags" && call.operation != "DeleteTags") return false;
  for (const auto& tag : call.arguments.at("Tags")) {
    if (!tag.at("Key").get<std::string>().starts_with(kPrefix)) return false;
  }
  return true;
}

// Named to go, and not told yet: whoever takes it out meanwhile cannot be told from us, so that its
// replacement looks like a scale-out.
bool is_named(const sim::Group& group, const std::string& id) {
  const auto journal = journal_of(group);
  return journal && (journal->victim.value == id ||
                     std::ranges::any_of(journal->victims, [&](const auto& victim) {
                       return victim.id.value == id;
                     }));
}

// A claim to it is none.
bool has_journal(const sim::Group& group) {
  return group.tags.contains(std::string(recycle::kJournalPrefix));
}

bool touches_journal(const sim::ApiCall& call) {
  const auto tags = call.arguments.find("Tags");
  return tags != call.arguments.end() && std::ranges::any_of(*tags, [](const auto& tag) {
           return tag.at("Key").template get<std::string>() == recycle::kJournalPrefix;
         });
}

}  // namespace

Oracle::Oracle(Stage& stage, const Scenario& scenario, Timeline& timeline)
    : stage_(stage), scenario_(scenario), timeline_(timeline), sibling_(stage) {}

void Oracle::complain(const std::string& what) {
  timeline_.add(stage_.now(), "ORACLE", what);
  if (violation_.empty()) violation_ = what;
}

void Oracle::start(bool) {
  const sim::Group* group = stage_.group();
  original_ = bounds_of(*group);
  lowest_max_ = original_.max;
  highest_min_ = original_.min;
  last_ = original_;
  ups_ = downs_ = mistaken_ = 0;
  suspended_.clear();
  for (const auto& [process, reason] : group->suspended) suspended_.insert(process);
  protected_.clear();
  for (const auto& member : group->members) {
    if (member.is_protected) protected_.insert(member.id);
  }
  tags_.clear();
  for (const auto& [key, tag] : group->tags) tags_[key] = tag.value;
  new_victims_.clear();
  old_lost_ = 0;
  losses_.clear();
  min_edit_ = max_edit_ = {};
  desired_moment_ = wrote_down_ = 0;
  lowered_to_.clear();
  mistaken_ids_.clear();
  members_.clear();
  first_victim_ = true;
  under_way_ = false;
  step();
  under_way_ = true;
  stage_.surroundings.told.clear();
  template_ = group->launch_template.version;
  sibling_.start();
}

void Oracle::looks(int worker) {
  looked_at_[worker] = stage_.now();
  looks_[worker] = ++moment_;
}

// AWS compares nothing before it sets: what somebody sets between our look and our call is set over
// unseen, or taken for ours.
bool Oracle::may_have_missed(int worker, const Edit& edit) {
  if (edit.moment == 0) return false;
  if (edit.moment > looks_[worker]) return true;
  return scenario_.stale > 0 && edit.at >= looked_at_[worker] - std::chrono::seconds(10);
}

void Oracle::judge_edits(int worker, const sim::ApiCall& call, const sim::Group& group) {
  const bool writes = call.operation == "CreateOrUpdateTags" && touches_journal(call);
  const auto journal = writes ? journal_of(group) : std::nullopt;
  const auto judge = [&](Edit& edit, const char* name, int original, const std::vector<int>* ours) {
    if (!may_have_missed(worker, edit)) return;
    const bool taken_for_ours =
        ours != nullptr && std::ranges::find(*ours, edit.value) != ours->end();
    if (!call.arguments.contains(name) && !taken_for_ours) return;
    edit.may_be_missed(original);
  };
  judge(min_edit_, "MinSize", original_.min, journal ? &journal->our_min : nullptr);
  judge(max_edit_, "MaxSize", original_.max, journal ? &journal->our_max : nullptr);
  if (!journal) return;
  wrote_down_ = std::max(wrote_down_, looks_[worker]);
  if (std::exchange(run_, journal->run_id) != journal->run_id) new_victims_.clear();
  // Named by a look at what has gone since.
  for (const auto& victim : journal->victims) note_mistaken(group, victim.id.value);
  if (!journal->victim.empty()) note_mistaken(group, journal->victim.value);
}

void Oracle::note_mistaken(const sim::Group& group, const std::string& id) {
  const auto found = std::ranges::find(group.members, id, &sim::Member::id);
  const bool gone = found == group.members.end() || is_leaving(*found);
  if (!gone || ours_.contains(id) || !mistaken_ids_.insert(id).second) return;
  mistaken_ += scenario_.weight;
}

void Oracle::before_mutation(int worker, const sim::ApiCall& call) {
  step();
  if (timeline_.is_recording()) {
    timeline_.add(stage_.now(), fmt::format("worker {}", worker), arguments_of(call));
  }
  if (scenario_.sibling) {
    // Whoever had a message that was purged goes on for a moment.
    const std::string wrong = sibling_.about_to_change(call);
    if (!wrong.empty() && !scenario_.has(Deed::kPurge)) complain(wrong);
    if (sibling_.is_meant_by(call)) return;
  }
  const sim::Group* group = stage_.group();
  if (group == nullptr || !group->status.empty()) return;
  // Judged by its effect: a stale look may still show a journal, and what it asks for is done then.
  unjournalled_ = !touches_our_tags_only(call) && !has_journal(*group);
  bounds_before_ = bounds_of(*group);
  suspended_before_ = group->suspended.size();
  if (call.operation == "TerminateInstanceInAutoScalingGroup") check_terminate(worker, call);
  if (scenario_.hooks.any) check_hooks(*group, call);
}

// Told before anything but the journal changes, and before each that goes.
void Oracle::check_hooks(const sim::Group& group, const sim::ApiCall& call) {
  const auto& told = stage_.surroundings.told;
  if (call.operation == "CreateOrUpdateTags") return;
  if (call.operation == "DeleteTags") {
    if (touches_journal(call) && has_journal(group) && !told.contains("after_end")) {
      complain("the journal goes before the hook after the end was told");
    }
    return;
  }
  if (!told.contains("before_start"))
    complain(call.operation + " before the hook before the start");
  if (call.operation != "TerminateInstanceInAutoScalingGroup") return;
  const std::string id = text_of(call.arguments, "InstanceId");
  if (!told.contains("before_terminate/" + id)) complain(id + " goes before its hook was told");
}

void Oracle::after_call(int worker, const std::string& operation, const sim::ApiCall* call,
                        const base::Error* error) {
  const sim::Group* group = stage_.group();
  if (error == nullptr && !below_floor_.empty()) complain(below_floor_);
  below_floor_.clear();
  // Refused, it did not go by our hand. It may still go by somebody else's.
  if (error != nullptr && call != nullptr) ours_.erase(named_now_);
  if (call != nullptr) named_now_.clear();
  if (error != nullptr && timeline_.is_recording()) {
    timeline_.add(stage_.now(), fmt::format("worker {}", worker),
                  operation + " -> " + error->to_string());
  }
  if (group == nullptr || call == nullptr) return;
  if (scenario_.sibling && sibling_.is_meant_by(*call)) return step();
  const Bounds now = bounds_of(*group);
  const bool changed = now != bounds_before_ || group->suspended.size() != suspended_before_;
  if (unjournalled_ && changed) {
    complain("a change while no journal is on the group: " + arguments_of(*call));
  }
  unjournalled_ = false;
  if (now.desired > last_.desired) {
    const auto journal = journal_of(*group);
    gave_back_ |= journal && journal->phase == recycle::Phase::kRestore;
  }
  if (call->operation != "TerminateInstanceInAutoScalingGroup") {
    we_lowered_ = now.desired < last_.desired && group->capacity() > now.desired;
    if (we_lowered_) {
      int serving = 0;
      for (const auto& one : group->members) serving += one.state == "InService" ? one.weight : 0;
      const bool unseen = desired_moment_ > looks_[worker] || scenario_.stale > 0;
      // Less than an instance cannot go by name.
      const bool too_little = last_.desired - now.desired < scenario_.weight;
      if (serving > now.desired && !unseen && !too_little) {
        complain(fmt::format("we lower desired to {} with {} in service: AWS chooses the victims",
                             now.desired, serving));
      }
    }
  }
  if (error == nullptr) judge_edits(worker, *call, *group);
  last_ = now;
  step();
}

void Oracle::others_did(const Event& event) {
  timeline_.add(stage_.now(), "others", describe(event));
  const sim::Group* group = stage_.group();
  if (group == nullptr || !group->status.empty()) {
    deleted_ = true;
    return;
  }
  const Bounds now = bounds_of(*group);
  // What we set ourselves, or are about to, is taken for ours whoever sets it.
  const auto journal = now == last_ ? std::nullopt : journal_of(*group);
  const auto edited = [&](Edit& edit, int was, int is, int& original, std::vector<int> ours) {
    if (is == was) return;
    // Of edits between which nobody wrote down what they were, any may be taken for the last one.
    if (wrote_down_ > edit.moment) edit.before.clear();
    edit.before.insert(original);
    edit.moment = ++moment_;
    edit.at = stage_.now();
    edit.value = original = is;
    if (std::ranges::find(ours, is) != ours.end()) edit.may_be_missed(is);
  };
  edited(min_edit_, last_.min, now.min, original_.min,
         journal ? journal->our_min : std::vector<int>());
  edited(max_edit_, last_.max, now.max, original_.max,
         journal ? journal->our_max : std::vector<int>());
  lowest_max_ = std::min(lowest_max_, original_.max);
  highest_min_ = std::max(highest_min_, original_.min);
  if (now.desired != last_.desired) desired_moment_ = ++moment_;
  if (now.desired > last_.desired) ups_ += now.desired - last_.desired;
  if (now.desired < last_.desired) lowered_to_.insert(now.desired);
  if (now.desired < last_.desired) downs_ += last_.desired - now.desired;
  last_ = now;
  step();
}

void Oracle::step() {
  const sim::Group* group = stage_.group();
  if (group == nullptr) return;
  notice_members(*group);
}

void Oracle::notice_members(const sim::Group& group) {
  bool changed = false;
  for (const auto& member : group.members) {
    const bool serves = stage_.serves(group, member);
    const bool leaving = is_leaving(member);
    const auto [at, added] = members_.try_emplace(member.id);
    Seen& seen = at->second;
    if (added && under_way_) check_one_at_a_time(group);
    if (leaving && !seen.leaving && under_way_ && !ours_.contains(member.id)) {
      if (is_named(group, member.id)) note_mistaken(group, member.id);
    }
    changed = changed || added || serves != seen.served || leaving != seen.leaving;
    if (seen.served && !serves && !ours_.contains(member.id)) {
      losses_.push_back(stage_.now());
      seen.lost_new = stage_.is_new_in(group, member);
      if (!seen.lost_new) ++old_lost_;
    }
    // What was new when it died and is old when AWS replaces it comes back as a new one as well.
    const bool replaced = leaving && !seen.leaving && !ours_.contains(member.id);
    if (replaced && seen.lost_new && !stage_.is_new_in(group, member)) ++old_lost_;
    if (leaving && !seen.leaving && timeline_.is_recording() && !ours_.contains(member.id)) {
      const auto& latest = group.activities->front();
      timeline_.add(stage_.now(), "AWS", member.id + " goes: " + latest.cause);
    }
    if (serves && !seen.served) seen.served_at = stage_.now();
    seen.served = serves;
    seen.leaving = leaving;
  }
  if (changed && timeline_.is_recording()) {
    timeline_.add(stage_.now(), "", bar_of(stage_, group));
  }
}

// in-out never holds one instance more than the group is large, not even one that still ends: its
// network interface is taken until EC2 says "terminated".
void Oracle::check_one_at_a_time(const sim::Group& group) {
  if (scenario_.strategy != recycle::Strategy::kInOut || scenario_.disturbed()) return;
  if (gave_back_) return;  // by a run that failed, and without waiting for whoever still leaves
  int held = 0;
  for (const auto& [id, seen] : members_) {
    // AWS waits for nobody when it replaces one whose launch hook ran out.
    if (seen.leaving && !ours_.contains(id)) continue;
    const sim::Ec2Instance* instance = stage_.region.ec2().find(id);
    if (instance != nullptr && instance->state != "terminated") ++held;
  }
  const auto journal = journal_of(group);
  const bool swaps = journal && journal->phase == recycle::Phase::kSwap;
  if (swaps && held * scenario_.weight > std::max(original_.desired, group.desired)) {
    complain(fmt::format("{} instances hold a network interface, the size is {}", held,
                         original_.desired));
  }
}

}  // namespace proof
