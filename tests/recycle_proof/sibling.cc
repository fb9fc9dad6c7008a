#include "tests/recycle_proof/sibling.h"

#include "consumers/recycle/journal.h"

#include <fmt/format.h>

#include <algorithm>

namespace proof {

namespace {

std::map<std::string, std::string> tags_of(const sim::Group& group) {
  std::map<std::string, std::string> tags;
  for (const auto& [key, tag] : group.tags) tags[key] = tag.value;
  return tags;
}

bool is_under_way(const sim::Group* group) {
  return group != nullptr && group->status.empty() &&
         group->tags.contains(std::string(consumers::recycle::kJournalPrefix));
}

}  // namespace

void Sibling::start() {
  const sim::Group* found = group();
  if (found == nullptr) return;
  min_ = found->min;
  max_ = found->max;
  desired_ = found->desired;
  tags_ = tags_of(*found);
}

bool Sibling::is_meant_by(const sim::ApiCall& call) const {
  if (group() == nullptr) return false;
  const auto names_it = [](const sim::Json& arguments, const char* member) {
    const auto found = arguments.find(member);
    return found != arguments.end() && *found == kSibling;
  };
  if (names_it(call.arguments, "AutoScalingGroupName")) return true;
  if (const auto tags = call.arguments.find("Tags"); tags != call.arguments.end()) {
    return names_it(tags->at(0), "ResourceId");
  }
  const auto id = call.arguments.find("InstanceId");
  if (id == call.arguments.end()) return false;
  const auto [owner, member] = stage_.engine().find_member(id->get<std::string>());
  return owner != nullptr && owner->name == kSibling;
}

std::string Sibling::about_to_change(const sim::ApiCall& call) const {
  const bool other_under_way = is_under_way(is_meant_by(call) ? stage_.group() : group());
  return other_under_way ? "two groups of one component are recycled at once" : "";
}

std::string Sibling::restored(bool succeeded) const {
  const sim::Group* found = group();
  if (found == nullptr) return "";
  if (found->min != min_ || found->max != max_ || found->desired != desired_) {
    return fmt::format("the sibling has min {} desired {} max {}, it had {}, {}, {}", found->min,
                       found->desired, found->max, min_, desired_, max_);
  }
  if (tags_of(*found) != tags_) return "the sibling's tags are not what they were";
  if (!found->suspended.empty()) return "the sibling is left with suspended processes";
  for (const auto& member : found->members) {
    if (member.is_protected) return "the sibling's " + member.id + " is left protected";
    if (succeeded && !member.is_in("Terminat") && !stage_.is_new_in(*found, member)) {
      return "the sibling's " + member.id + " is old after a success";
    }
  }
  return "";
}

}  // namespace proof
