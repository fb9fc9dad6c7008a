// CreateOrUpdateTags and DeleteTags, as CloudTrail reports them. One call can touch several groups.
//
//   "requestParameters":{"tags":[{"resourceId":"web","resourceType":"auto-scaling-group",
//     "key":"autorecycle_strategy","value":"in-out","propagateAtLaunch":false}]}
//
// Operators' tags ("autorecycle", "autorecycle_...") make the group worth a look. Tags under
// "autorecycle:" are the worker's own journal: reacting to them would make it answer itself.
#include "messages/decoders.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace messages {
namespace {

constexpr std::string_view kOperatorPrefix = "autorecycle";
constexpr std::string_view kJournalPrefix = "autorecycle:";
constexpr std::string_view kGroupResource = "auto-scaling-group";
constexpr std::size_t kReasonsMax = 3;

// Why this tag is of no interest; empty if it is.
std::string ignore_reason(std::string_view key, std::string_view resource_type) {
  if (resource_type != kGroupResource) {
    return fmt::format("resource type {} is not {}", shorten(resource_type), kGroupResource);
  }
  if (key.starts_with(kJournalPrefix)) {
    return fmt::format("tag {} is our own journal", shorten(key));
  }
  if (!key.starts_with(kOperatorPrefix)) {
    return fmt::format("tag {} does not begin with {}", shorten(key), kOperatorPrefix);
  }
  return "";
}

template <class T>
void add_once(std::vector<T>& list, T value) {
  if (std::find(list.begin(), list.end(), value) == list.end()) {
    list.push_back(std::move(value));
  }
}

}  // namespace

base::Result<Payload> decode_tags(const Field& event) {
  const Field tags = event["detail"]["requestParameters"]["tags"];
  if (!tags.is_array() || base::is_empty(tags.json())) {
    return tags.refuse("a list of at least one tag");
  }
  GroupChanged changed;
  std::vector<std::string> reasons;
  for (const Field& tag : tags.elements()) {
    const auto key = tag["key"].text();
    if (!key) {
      return key.error();
    }
    const auto type = tag["resourceType"].text();
    if (!type) {
      return type.error();
    }
    const auto group = tag["resourceId"].group_name();
    if (!group) {
      return group.error();
    }
    if (std::string reason = ignore_reason(*key, *type); !reason.empty()) {
      add_once(reasons, std::move(reason));
    } else {
      add_once(changed.groups, *group);
    }
  }
  if (!changed.groups.empty()) {
    return Payload(std::move(changed));
  }
  const std::size_t more = reasons.size() - std::min(reasons.size(), kReasonsMax);
  reasons.resize(reasons.size() - more);
  return Payload(Ignored{fmt::format("{}{}", fmt::join(reasons, "; "),
                                     more == 0 ? "" : fmt::format("; and {} more", more))});
}

}  // namespace messages
