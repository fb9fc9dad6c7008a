// Tags of groups.
#include "sim/autoscaling_operations.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace sim::autoscaling {
namespace {

constexpr ErrorStyle kStyle = ErrorStyle::kAutoScaling;
constexpr std::size_t kTagsMax = 50;
constexpr std::size_t kKeyMax = 128;
constexpr std::size_t kValueMax = 256;

struct TagRequest {
  Group* group = nullptr;
  std::string key;
  GroupTag tag;
  bool has_value = false;
};

std::variant<std::vector<TagRequest>, ApiError> requests_of(AutoScalingEngine& engine,
                                                            const ApiCall& call) {
  Arguments args(call.arguments, kStyle);
  std::vector<TagRequest> requests;
  for (const auto& item : args.objects("Tags")) {
    Arguments tag_args(item, kStyle);
    TagRequest request;
    const std::string name = tag_args.required_text("ResourceId");
    request.key = tag_args.required_text("Key");
    request.has_value = tag_args.has("Value");
    request.tag = {.value = tag_args.text_or("Value", ""),
                   .propagate = tag_args.boolean_or("PropagateAtLaunch", false)};
    if (tag_args.error()) return *tag_args.error();
    if (request.key.size() > kKeyMax || request.tag.value.size() > kValueMax) {
      return validation_error(
          fmt::format("1 validation error detected: Value at 'tags' failed to satisfy constraint: "
                      "Key must have "
                      "length at most {}, Value at most {}",
                      kKeyMax, kValueMax));
    }
    if (request.key.starts_with("aws:")) {
      return validation_error("Only AWS can create or update tags with the prefix aws:");
    }
    request.group = engine.find(name);
    if (request.group == nullptr) return validation_error(not_found_text(name));
    requests.push_back(std::move(request));
  }
  if (args.error()) return *args.error();
  return requests;
}

// CloudTrail shows booleans as booleans; the order of members is the API's.
Json trail_of(const std::vector<TagRequest>& requests) {
  Json tags = Json::array();
  for (const auto& request : requests) {
    Json tag = {{"resourceId", request.group->name},
                {"resourceType", "auto-scaling-group"},
                {"key", request.key}};
    if (request.has_value) tag["value"] = request.tag.value;
    tag["propagateAtLaunch"] = request.tag.propagate;
    tags.push_back(std::move(tag));
  }
  return {{"tags", std::move(tags)}};
}

bool passes(const std::string& group, const std::string& key, const GroupTag& tag,
            const std::string& filter, const std::vector<std::string>& values) {
  std::string value;
  if (filter == "auto-scaling-group") value = group;
  if (filter == "key") value = key;
  if (filter == "value") value = tag.value;
  if (filter == "propagate-at-launch") value = tag.propagate ? "true" : "false";
  return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace

ApiOutcome create_or_update_tags(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = requests_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  const auto& requests = std::get<std::vector<TagRequest>>(found);
  std::map<Group*, std::set<std::string>> keys;
  for (const auto& request : requests) {
    std::set<std::string>& all = keys[request.group];
    for (const auto& [key, tag] : request.group->tags) all.insert(key);
    all.insert(request.key);
    if (all.size() > kTagsMax) {
      return validation_error(fmt::format("Too many tags: a group may have at most {}", kTagsMax));
    }
  }
  for (const auto& request : requests) request.group->tags[request.key] = request.tag;
  ApiAnswer answer;
  answer.trail_request = trail_of(requests);
  return answer;
}

ApiOutcome delete_tags(AutoScalingEngine& engine, const ApiCall& call) {
  auto found = requests_of(engine, call);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  const auto& requests = std::get<std::vector<TagRequest>>(found);
  for (const auto& request : requests) {
    const auto tag = request.group->tags.find(request.key);
    if (tag == request.group->tags.end()) continue;
    // A value, if given, must be the tag's.
    if (request.has_value && !request.tag.value.empty() && tag->second.value != request.tag.value) {
      continue;
    }
    request.group->tags.erase(tag);
  }
  ApiAnswer answer;
  answer.trail_request = trail_of(requests);
  return answer;
}

ApiOutcome describe_tags(AutoScalingEngine& engine, const ApiCall& call) {
  Arguments args(call.arguments, kStyle);
  Json all = Json::array();
  std::vector<std::string> keys;
  for (const auto& [name, group] : engine.groups()) {
    for (const auto& [key, tag] : group.tags) {
      bool shown = true;
      for (const auto& filter : args.objects("Filters")) {
        Arguments filter_args(filter, kStyle);
        shown = shown && passes(name, key, tag, filter_args.text_or("Name", ""),
                                filter_args.texts("Values"));
      }
      if (!shown) continue;
      all.push_back(render(group, key, tag));
      keys.push_back(name + "/" + key);
    }
  }
  auto page = take_page(args, keys, {"MaxRecords", 50, 100});
  if (const auto* error = std::get_if<ApiError>(&page)) return *error;
  const Page& range = std::get<Page>(page);
  Json list = Json::array();
  for (std::size_t i = range.begin; i < range.end; ++i) list.push_back(all[i]);
  ApiAnswer answer;
  answer.result["Tags"] = std::move(list);
  if (!range.next_token.empty()) answer.result["NextToken"] = range.next_token;
  return answer;
}

}  // namespace sim::autoscaling
