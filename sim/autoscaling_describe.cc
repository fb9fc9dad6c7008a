// Reading groups, members and activities.
#include "sim/autoscaling_operations.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim::autoscaling {
namespace {

constexpr ErrorStyle kStyle = ErrorStyle::kAutoScaling;
constexpr PageLimits kGroupLimits{"MaxRecords", 50, 100};
constexpr PageLimits kInstanceLimits{"MaxRecords", 50, 50};
constexpr PageLimits kActivityLimits{"MaxRecords", 100, 100};

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// tag-key, tag-value and tag:KEY. Any of a filter's values, every filter.
bool passes(const Group& group, const std::string& name, const std::vector<std::string>& values) {
  return std::any_of(group.tags.begin(), group.tags.end(), [&](const auto& entry) {
    if (name == "tag-key") return contains(values, entry.first);
    if (name == "tag-value") return contains(values, entry.second.value);
    return name == "tag:" + entry.first && contains(values, entry.second.value);
  });
}

std::optional<ApiError> apply_filters(Arguments& args, std::vector<const Group*>& chosen) {
  for (const auto& filter : args.objects("Filters")) {
    Arguments filter_args(filter, kStyle);
    const std::string name = filter_args.required_text("Name");
    const std::vector<std::string> values = filter_args.texts("Values");
    if (filter_args.error()) return filter_args.error();
    if (name != "tag-key" && name != "tag-value" && !name.starts_with("tag:")) {
      return validation_error(fmt::format(
          "Filter type {} is not correct. Allowed Filter types are: tag-key, tag-value, tag:<key>",
          name));
    }
    std::erase_if(chosen, [&](const Group* group) { return !passes(*group, name, values); });
  }
  return args.error();
}

}  // namespace

ApiOutcome describe_auto_scaling_groups(AutoScalingEngine& engine, const ApiCall& call) {
  Arguments args(call.arguments, kStyle);
  const std::vector<std::string> names = args.texts("AutoScalingGroupNames");
  const bool with_instances = args.boolean_or("IncludeInstances", true);
  if (args.error()) return *args.error();
  const auto groups = engine.groups_as_read();
  std::vector<const Group*> chosen;
  for (const auto& [name, group] : *groups) {
    if (names.empty() || contains(names, name)) chosen.push_back(&group);
  }
  if (auto error = apply_filters(args, chosen)) return *error;
  std::vector<std::string> keys;
  for (const Group* group : chosen) keys.push_back(group->name);
  auto page = take_page(args, keys, kGroupLimits);
  if (const auto* error = std::get_if<ApiError>(&page)) return *error;
  const Page& range = std::get<Page>(page);
  Json list = Json::array();
  for (std::size_t i = range.begin; i < range.end; ++i) {
    list.push_back(render(engine, *chosen[i], with_instances));
  }
  ApiAnswer answer;
  answer.result["AutoScalingGroups"] = std::move(list);
  if (!range.next_token.empty()) answer.result["NextToken"] = range.next_token;
  return answer;
}

ApiOutcome describe_auto_scaling_instances(AutoScalingEngine& engine, const ApiCall& call) {
  Arguments args(call.arguments, kStyle);
  const std::vector<std::string> ids = args.texts("InstanceIds");
  if (args.error()) return *args.error();
  const auto groups = engine.groups_as_read();
  std::map<std::string, std::pair<const Group*, const Member*>> chosen;
  for (const auto& [name, group] : *groups) {
    for (const auto& member : group.members) {
      if (ids.empty() || contains(ids, member.id)) chosen[member.id] = {&group, &member};
    }
  }
  std::vector<std::string> keys;
  for (const auto& [id, where] : chosen) keys.push_back(id);
  auto page = take_page(args, keys, kInstanceLimits);
  if (const auto* error = std::get_if<ApiError>(&page)) return *error;
  const Page& range = std::get<Page>(page);
  Json list = Json::array();
  for (std::size_t i = range.begin; i < range.end; ++i) {
    const auto& [group, member] = chosen.at(keys[i]);
    list.push_back(render_for_instances(engine, *group, *member));
  }
  ApiAnswer answer;
  answer.result["AutoScalingInstances"] = std::move(list);
  if (!range.next_token.empty()) answer.result["NextToken"] = range.next_token;
  return answer;
}

ApiOutcome describe_scaling_activities(AutoScalingEngine& engine, const ApiCall& call) {
  Arguments args(call.arguments, kStyle);
  const std::string name = args.text_or("AutoScalingGroupName", "");
  const std::vector<std::string> ids = args.texts("ActivityIds");
  if (args.error()) return *args.error();
  if (!name.empty() && engine.find(name) == nullptr) return validation_error(not_found_text(name));
  std::vector<std::pair<const Group*, const Activity*>> chosen;
  for (const auto& [group_name, group] : engine.groups()) {
    if (!name.empty() && group_name != name) continue;
    for (const auto& activity : *group.activities) {
      if (ids.empty() || contains(ids, activity.id)) chosen.emplace_back(&group, &activity);
    }
  }
  std::stable_sort(chosen.begin(), chosen.end(),
                   [](const auto& a, const auto& b) { return a.second->start > b.second->start; });
  std::vector<std::string> keys;
  for (const auto& [group, activity] : chosen) keys.push_back(activity->id);
  auto page = take_page(args, keys, kActivityLimits);
  if (const auto* error = std::get_if<ApiError>(&page)) return *error;
  const Page& range = std::get<Page>(page);
  Json list = Json::array();
  for (std::size_t i = range.begin; i < range.end; ++i) {
    list.push_back(render(*chosen[i].first, *chosen[i].second));
  }
  ApiAnswer answer;
  answer.result["Activities"] = std::move(list);
  if (!range.next_token.empty()) answer.result["NextToken"] = range.next_token;
  return answer;
}

}  // namespace sim::autoscaling
