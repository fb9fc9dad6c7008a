// Reading and deleting versions of launch templates.
#include "sim/ec2_service.h"
#include "sim/ec2_support.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim {
namespace {

// The member is named after its location on the wire, or after the shape; clients differ.
std::vector<std::string> versions_asked(Arguments& args) {
  std::vector<std::string> versions = args.texts("LaunchTemplateVersion");
  return versions.empty() ? args.texts("Versions") : versions;
}

bool is_wanted(const LaunchTemplate& launch_template, int number,
               const std::vector<std::string>& wanted, std::int64_t lowest, std::int64_t highest) {
  if (number < lowest || number > highest) return false;
  if (wanted.empty()) return true;
  return std::any_of(wanted.begin(), wanted.end(), [&](const std::string& text) {
    if (text == "$Latest") return number == launch_template.latest_version;
    if (text == "$Default") return number == launch_template.default_version;
    return parse_integer(text) == number;
  });
}

}  // namespace

ApiOutcome Ec2Service::describe_launch_template_versions(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kEc2);
  const std::vector<std::string> wanted = versions_asked(args);
  const std::int64_t lowest = args.integer_or("MinVersion", 1);
  const std::int64_t highest = args.integer_or("MaxVersion", INT32_MAX);
  if (args.error()) return *args.error();

  std::vector<const LaunchTemplate*> chosen;
  if (args.has("LaunchTemplateId") || args.has("LaunchTemplateName")) {
    auto found = template_of(call.arguments);
    if (const auto* error = std::get_if<ApiError>(&found)) return *error;
    chosen.push_back(std::get<LaunchTemplate*>(found));
    for (const auto& text : wanted) {
      if (text.starts_with("$")) continue;
      if (!chosen[0]->versions.contains(static_cast<int>(parse_integer(text).value_or(0)))) {
        return api_error("InvalidLaunchTemplateId.VersionNotFound",
                         fmt::format("Could not find the specified version {} for the launch "
                                     "template with ID {}.",
                                     text, chosen[0]->id));
      }
    }
  } else {
    if (wanted.empty()) {
      return api_error("MissingParameter",
                       "The request must contain the parameter LaunchTemplateId or "
                       "LaunchTemplateName");
    }
    for (const auto& [id, launch_template] : templates_) chosen.push_back(&launch_template);
  }

  std::vector<std::pair<const LaunchTemplate*, const LaunchTemplateVersion*>> versions;
  std::vector<std::string> keys;
  for (const auto* launch_template : chosen) {
    // AWS lists the newest first.
    for (auto it = launch_template->versions.rbegin(); it != launch_template->versions.rend();
         ++it) {
      if (!is_wanted(*launch_template, it->first, wanted, lowest, highest)) continue;
      versions.emplace_back(launch_template, &it->second);
      keys.push_back(fmt::format("{}:{}", launch_template->id, it->first));
    }
  }
  auto page = take_page(args, keys, {"MaxResults", 200, 200});
  if (const auto* error = std::get_if<ApiError>(&page)) return *error;
  const Page& range = std::get<Page>(page);
  Json list = Json::array();
  for (std::size_t i = range.begin; i < range.end; ++i) {
    list.push_back(render(*versions[i].first, *versions[i].second));
  }
  ApiAnswer answer;
  answer.result["launchTemplateVersionSet"] = std::move(list);
  if (!range.next_token.empty()) answer.result["nextToken"] = range.next_token;
  return answer;
}

ApiOutcome Ec2Service::delete_launch_template_versions(const ApiCall& call) {
  auto found = template_of(call.arguments);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  LaunchTemplate& launch_template = *std::get<LaunchTemplate*>(found);
  Arguments args(call.arguments, ErrorStyle::kEc2);
  const std::vector<std::string> wanted = versions_asked(args);
  if (args.error()) return *args.error();
  Json deleted = Json::array();
  Json failed = Json::array();
  for (const auto& text : wanted) {
    const int number = static_cast<int>(parse_integer(text).value_or(0));
    const auto version = launch_template.versions.find(number);
    Json item = {{"launchTemplateId", launch_template.id},
                 {"launchTemplateName", launch_template.name},
                 {"versionNumber", number}};
    if (version == launch_template.versions.end()) {
      item["responseError"] = {
          {"code", "launchTemplateVersionDoesNotExist"},
          {"message", "The specified launch template version does not exist."}};
      failed.push_back(std::move(item));
    } else if (number == launch_template.default_version) {
      item["responseError"] = {{"code", "unexpectedError"},
                               {"message", "Cannot delete the default version."}};
      failed.push_back(std::move(item));
    } else {
      launch_template.versions.erase(version);
      deleted.push_back(std::move(item));
    }
  }
  launch_template.latest_version = launch_template.versions.rbegin()->first;
  ApiAnswer answer;
  answer.result["successfullyDeletedLaunchTemplateVersionSet"] = std::move(deleted);
  answer.result["unsuccessfullyDeletedLaunchTemplateVersionSet"] = std::move(failed);
  return answer;
}

}  // namespace sim
