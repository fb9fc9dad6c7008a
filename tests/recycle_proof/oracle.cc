#include "tests/recycle_proof/oracle.h"

#include "consumers/recycle/journal.h"
#include "consumers/recycle/window.h"
#include "sim/autoscaling_service.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>

namespace proof {

namespace recycle = consumers::recycle;

namespace {

constexpr std::string_view kPrefix = "autorecycle:";

bool is_leaving(const sim::Member& member) {
  return member.is_in("Terminat") || member.is_in("Detach");
}

std::string text_of(const sim::Json& arguments, const char* name) {
  const auto found = arguments.find(name);
  if (found == arguments.end()) return {};
  return found->is_string() ? found->get<std::string>() : found->dump();
}

bool touches_journal_only(const sim::ApiCall& call) {
  if (call.operation != "CreateOrUpdateTags" && call.operation != "DeleteTags") return false;
  for (const auto& tag : call.arguments.at("Tags")) {
    if (!tag.at("Key").get<std::string>().starts_with(kPrefix)) return false;
  }
  return true;
}

bool has_journal(const sim::Group& group) {
  return std::ranges::any_of(
      group.tags, [](const auto& tag) { return tag.first.starts_with(recycle::kJournalPrefix); });
}

std::string arguments_of(const sim::ApiCall& call) {
  std::string text = call.operation;
  for (const auto& [name, value] : call.arguments.items()) {
    if (name == "AutoScalingGroupName") continue;
    if (name == "Tags") {
      for (const auto& tag : value) {
        text += " " + tag.at("Key").get<std::string>();
        if (tag.contains("Value")) text += "=" + tag.at("Value").get<std::string>();
      }
      continue;
    }
    text +=
        fmt::format(" {}={}", name, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return text;
}

// "[OO++..] min 2 desired 4 max 8": O old and serving, + new and serving, lower case and "." when
// they do not serve (yet), x on its way out, S in standby.
std::string bar_of(Stage& stage, const sim::Group& group) {
  std::string bar;
  for (const auto& member : group.members) {
    const bool fresh = stage.is_new(member);
    if (is_leaving(member)) {
      bar += 'x';
    } else if (member.is_in("Standby") || member.is_in("EnteringStandby")) {
      bar += 'S';
    } else if (stage.serves(group, member)) {
      bar += fresh ? '+' : 'O';
    } else {
      bar += fresh ? '.' : 'o';
    }
  }
  return fmt::format("[{}] min {} desired {} max {}", bar, group.min, group.desired, group.max);
}

}  // namespace

Oracle::Oracle(Stage& stage, const Scenario& scenario, Timeline& timeline)
    : stage_(stage), scenario_(scenario), timeline_(timeline) {}

void Oracle::complain(const std::string& what) {
  timeline_.add(stage_.now(), "ORACLE", what);
  if (violation_.empty()) violation_ = what;
}

void Oracle::start(bool) {
  const sim::Group* group = stage_.group();
  original_ = bounds_of(*group);
  last_ = original_;
  ups_ = downs_ = 0;
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
  members_.clear();
  first_victim_ = true;
  step();
}

int Oracle::floor() const {
  const int wanted = std::max(0, original_.desired - downs_);
  const bool one_out = scenario_.strategy == recycle::Strategy::kInOut;
  return one_out ? std::max(0, wanted - scenario_.weight) : wanted;
}

void Oracle::looks(int worker) { looked_at_[worker] = stage_.now(); }

// What was lost so lately that the worker's last look may not show it.
int Oracle::recent_losses(int worker) const {
  const auto found = looked_at_.find(worker);
  const base::TimePoint since = found == looked_at_.end() ? base::TimePoint{} : found->second;
  // Auto Scaling notices a dead instance ten seconds later, or half as much again with jitter.
  auto blind = std::chrono::seconds(16);
  if (scenario_.stale > 0) blind += std::chrono::seconds(10);
  const auto lately = [&](base::TimePoint at) { return at >= since - blind; };
  return scenario_.weight * static_cast<int>(std::ranges::count_if(losses_, lately));
}

void Oracle::before_mutation(int worker, const sim::ApiCall& call) {
  step();
  timeline_.add(stage_.now(), fmt::format("worker {}", worker), arguments_of(call));
  const sim::Group* group = stage_.group();
  if (group == nullptr || !group->status.empty()) return;
  // Judged by its effect: a stale look may still show a journal, and what it asks for is done then.
  unjournalled_ = !touches_journal_only(call) && !has_journal(*group);
  bounds_before_ = bounds_of(*group);
  suspended_before_ = group->suspended.size();
  if (call.operation == "TerminateInstanceInAutoScalingGroup") check_terminate(worker, call);
}

void Oracle::check_terminate(int worker, const sim::ApiCall& call) {
  sim::Group* group = stage_.group();
  const std::string id = text_of(call.arguments, "InstanceId");
  const sim::Member* member = group->find(id);
  if (member == nullptr || is_leaving(*member)) return;
  ours_.insert(id);
  const bool serves = stage_.serves(*group, *member);
  const bool fresh = stage_.is_new(*member);
  if (fresh) {
    new_victims_.insert(id);
  } else {
    expect_window(*member);
  }
  if (!serves) return;
  const int left = stage_.serving() - member->weight;
  // A run that is given up shrinks to the original size by name: there the floor is that size.
  if (left < floor() - recent_losses(worker)) {
    complain(fmt::format("below the floor: {} serving after {} goes, floor {}", left, id, floor()));
  }
}

// The destructive half begins inside the window.
void Oracle::expect_window(const sim::Member&) {
  if (scenario_.strategy != recycle::Strategy::kOutInTimed || scenario_.window.empty()) return;
  if (!first_victim_ || !scenario_.misfortunes.empty()) return;
  first_victim_ = false;
  const auto second_of = [&](std::size_t at) {
    const std::string& text = scenario_.window;
    return std::stoi(text.substr(at, 2)) * 3'600 + std::stoi(text.substr(at + 3, 2)) * 60 +
           std::stoi(text.substr(at + 6, 2));
  };
  const auto local = date::make_zoned(scenario_.time_zone, stage_.now()).get_local_time();
  const auto day = date::floor<date::days>(local);
  const auto second =
      static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(local - day).count());
  const int begin = second_of(0);
  // From the look at the clock to the first termination some turns may pass.
  constexpr int kSlack = 600;
  const int length = (second_of(9) - begin + 86'400) % 86'400 + kSlack;
  if ((second - begin + 86'400) % 86'400 > length && !scenario_.disturbed()) {
    complain(fmt::format("the first old instance goes outside the window, at {}",
                         base::format_rfc3339(stage_.now())));
  }
}

void Oracle::after_call(int worker, const std::string& operation, const sim::ApiCall* call,
                        const base::Error* error) {
  const sim::Group* group = stage_.group();
  if (call != nullptr || error != nullptr) {
    if (error != nullptr) {
      timeline_.add(stage_.now(), fmt::format("worker {}", worker),
                    operation + " -> " + error->to_string());
    }
  }
  if (group == nullptr || call == nullptr) return;
  const Bounds now = bounds_of(*group);
  const bool changed = now != bounds_before_ || group->suspended.size() != suspended_before_;
  if (unjournalled_ && changed) {
    complain("a change while no journal is on the group: " + arguments_of(*call));
  }
  unjournalled_ = false;
  if (call->operation != "TerminateInstanceInAutoScalingGroup") {
    we_lowered_ = now.desired < last_.desired && group->capacity() > now.desired;
    if (we_lowered_) {
      int serving = 0;
      for (const auto& one : group->members) serving += one.state == "InService" ? one.weight : 0;
      if (serving > now.desired) {
        complain(fmt::format("we lower desired to {} with {} in service: AWS chooses the victims",
                             now.desired, serving));
      }
    }
  }
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
  if (now.min != last_.min) original_.min = now.min;
  if (now.max != last_.max) original_.max = now.max;
  if (now.desired > last_.desired) ups_ += now.desired - last_.desired;
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
    changed = changed || added || serves != seen.served || leaving != seen.leaving;
    if (seen.served && !serves && !ours_.contains(member.id)) {
      losses_.push_back(stage_.now());
      if (!stage_.is_new(member)) ++old_lost_;
    }
    if (leaving && !seen.leaving && timeline_.is_recording() && !ours_.contains(member.id)) {
      const auto& latest = group.activities->front();
      timeline_.add(stage_.now(), "AWS", member.id + " goes: " + latest.cause);
    }
    seen = {serves, leaving, stage_.is_new(member)};
  }
  if (changed && timeline_.is_recording()) {
    timeline_.add(stage_.now(), "", bar_of(stage_, group));
  }
}

void Oracle::expect_no_mutation(const std::string& when, int mutations_before) {
  if (stage_.exchange.mutations != mutations_before) {
    complain(fmt::format("{}: {} mutations", when, stage_.exchange.mutations - mutations_before));
  }
}

void Oracle::expect_restored(bool succeeded) {
  const sim::Group* group = stage_.group();
  if (group == nullptr || deleted_) return;
  timeline_.add(stage_.now(), "", bar_of(stage_, *group));
  const auto expect = [&](const char* what, int is, int low, int high) {
    if (is < low || is > high) {
      complain(low == high ? fmt::format("{} is {}, it was {}", what, is, low)
                           : fmt::format("{} is {}, not {} to {}", what, is, low, high));
    }
  };
  expect("min", group->min, original_.min, original_.min);
  expect("max", group->max, original_.max, original_.max);
  const auto bounded = [&](int size) { return std::clamp(size, original_.min, original_.max); };
  expect("desired", group->desired, bounded(original_.desired - downs_),
         bounded(original_.desired + ups_));
  std::set<std::string> suspended;
  for (const auto& [process, reason] : group->suspended) suspended.insert(process);
  if (suspended != suspended_) complain("other processes are suspended than before");
  for (const auto& member : group->members) {
    if (member.is_protected && !protected_.contains(member.id)) {
      complain(member.id + " is left protected");
    }
  }
  std::map<std::string, std::string> tags;
  for (const auto& [key, tag] : group->tags) tags[key] = tag.value;
  for (const auto& [key, value] : tags) {
    if (!tags_.contains(key)) complain("left on the group: the tag " + key);
  }
  if (tags != tags_) complain("the group's tags are not what they were");
  if (!succeeded) return;
  for (const auto& member : group->members) {
    if (is_leaving(member)) continue;
    // What an operator set aside is the operator's.
    if (taken_by_others_.contains(member.id) || member.is_in("Standby")) continue;
    if (!stage_.is_new(member)) complain(member.id + " is old after a success");
  }
  // Old instances that AWS replaced by itself came back as new ones beyond the size.
  if (static_cast<int>(new_victims_.size()) > old_lost_) {
    complain(*new_victims_.begin() + " was new, and we named it, in a run that succeeded");
  }
}

}  // namespace proof
