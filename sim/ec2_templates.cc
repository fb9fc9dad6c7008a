// Launch templates: versions, $Latest and $Default.
#include "sim/ec2_service.h"
#include "sim/ec2_support.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sim {
namespace {

constexpr const char* kXmlns = "http://ec2.amazonaws.com/doc/2016-11-15/";

ApiError no_such_id(const std::string& id) {
  return api_error(
      "InvalidLaunchTemplateId.NotFound",
      fmt::format("The specified launch template, with template ID {}, does not exist.", id));
}

ApiError no_such_name(const std::string& name) {
  return api_error(
      "InvalidLaunchTemplateName.NotFoundException",
      fmt::format("The specified launch template, with template name {}, does not exist.", name));
}

ApiError no_such_version(const LaunchTemplate& launch_template, const std::string& version) {
  return api_error(
      "InvalidLaunchTemplateId.VersionNotFound",
      fmt::format("Could not find the specified version {} for the launch template with "
                  "ID {}.",
                  version, launch_template.id));
}

// What the API calls BlockDeviceMapping.1 it answers as blockDeviceMappingSet.
Json as_answered(const Json& data) {
  if (data.is_array()) {
    Json list = Json::array();
    for (const auto& item : data) list.push_back(as_answered(item));
    return list;
  }
  if (!data.is_object()) return data;
  Json answered = Json::object();
  for (const auto& [name, value] : data.items()) {
    answered[lower_first(name) + (value.is_array() ? "Set" : "")] = as_answered(value);
  }
  return answered;
}

// "3", "$Latest" or "$Default" as a number; 0 when it is none of them.
int number_of(const LaunchTemplate& launch_template, const std::string& version) {
  if (version.empty() || version == "$Default") return launch_template.default_version;
  if (version == "$Latest") return launch_template.latest_version;
  return static_cast<int>(parse_integer(version).value_or(0));
}

const LaunchTemplateVersion* find_version(const LaunchTemplate& launch_template,
                                          const std::string& version) {
  const auto found = launch_template.versions.find(number_of(launch_template, version));
  return found == launch_template.versions.end() ? nullptr : &found->second;
}

LaunchTemplateReference reference_of(Arguments& args) {
  return {.id = args.text_or("LaunchTemplateId", ""),
          .name = args.text_or("LaunchTemplateName", ""),
          .version = ""};
}

// CloudTrail shows EC2's calls under an element of the call's name.
Json wrapped(const std::string& element, Json content) { return {{element, std::move(content)}}; }

Json response(const std::string& element, const ApiCall& call, const char* member, Json content) {
  return wrapped(element, {{"xmlns", kXmlns}, {"requestId", call.request_id}, {member, content}});
}

}  // namespace

const LaunchTemplate* Ec2Service::find_template(const LaunchTemplateReference& reference) const {
  for (const auto& [id, launch_template] : templates_) {
    if (reference.id.empty() ? launch_template.name == reference.name : id == reference.id) {
      return &launch_template;
    }
  }
  return nullptr;
}

std::variant<ResolvedTemplate, ApiError> Ec2Service::resolve(
    const LaunchTemplateReference& reference) const {
  const LaunchTemplate* found = find_template(reference);
  if (found == nullptr) {
    return validation_error(fmt::format(
        "You must use a valid fully-formed launch template. The specified launch template, with "
        "template {} {}, does not exist.",
        reference.id.empty() ? "name" : "ID",
        reference.id.empty() ? reference.name : reference.id));
  }
  const LaunchTemplateVersion* version = find_version(*found, reference.version);
  if (version == nullptr) {
    return validation_error("You must use a valid fully-formed launch template. " +
                            no_such_version(*found, reference.version).message);
  }
  return ResolvedTemplate{.id = found->id,
                          .name = found->name,
                          .version = version->number,
                          .created = version->created,
                          .data = version->data};
}

std::variant<LaunchTemplate*, ApiError> Ec2Service::template_of(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kEc2);
  const LaunchTemplateReference reference = reference_of(args);
  if (args.error()) return *args.error();
  if (reference.empty()) {
    return api_error("MissingParameter",
                     "The request must contain the parameter LaunchTemplateId or "
                     "LaunchTemplateName");
  }
  const LaunchTemplate* found = find_template(reference);
  if (found == nullptr) {
    return reference.id.empty() ? no_such_name(reference.name) : no_such_id(reference.id);
  }
  return &templates_.at(found->id);
}

Json Ec2Service::render(const LaunchTemplate& launch_template) const {
  Json tags = Json::array();
  for (const auto& [key, value] : launch_template.tags) {
    tags.push_back({{"key", key}, {"value", value}});
  }
  return {{"launchTemplateId", launch_template.id},
          {"launchTemplateName", launch_template.name},
          {"createTime", wire_time(launch_template.created)},
          {"createdBy", user_arn()},
          {"defaultVersionNumber", launch_template.default_version},
          {"latestVersionNumber", launch_template.latest_version},
          {"tagSet", std::move(tags)}};
}

Json Ec2Service::render(const LaunchTemplate& launch_template,
                        const LaunchTemplateVersion& version) const {
  Json rendered = {{"launchTemplateId", launch_template.id},
                   {"launchTemplateName", launch_template.name},
                   {"versionNumber", version.number},
                   {"defaultVersion", version.number == launch_template.default_version},
                   {"createTime", wire_time(version.created)},
                   {"createdBy", user_arn()},
                   {"launchTemplateData", version.data}};
  if (!version.description.empty()) rendered["versionDescription"] = version.description;
  return rendered;
}

ApiOutcome Ec2Service::create_launch_template(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kEc2);
  LaunchTemplate created;
  created.name = args.required_text("LaunchTemplateName");
  const Json* data = args.object("LaunchTemplateData");
  LaunchTemplateVersion first{.number = 1,
                              .description = args.text_or("VersionDescription", ""),
                              .created = world_.clock().now(),
                              .data = data != nullptr ? as_answered(*data) : Json::object()};
  for (const auto& specification : args.objects("TagSpecification")) {
    Arguments tag_args(specification, ErrorStyle::kEc2);
    for (const auto& tag : tag_args.objects("Tag")) {
      Arguments pair(tag, ErrorStyle::kEc2);
      created.tags[pair.text_or("Key", "")] = pair.text_or("Value", "");
    }
  }
  if (args.error()) return *args.error();
  if (find_template({.id = "", .name = created.name, .version = ""}) != nullptr) {
    return api_error("InvalidLaunchTemplateName.AlreadyExistsException",
                     "Launch template name already in use.");
  }
  created.id = "lt-" + world_.random().hex(17);
  created.created = world_.clock().now();
  created.versions[1] = std::move(first);
  const LaunchTemplate& kept = templates_[created.id] = created;
  Json rendered = render(kept);
  return ApiAnswer{
      .result = {{"launchTemplate", rendered}},
      .trail_request = wrapped("CreateLaunchTemplateRequest", {{"LaunchTemplateName", kept.name}}),
      .trail_response =
          response("CreateLaunchTemplateResponse", call, "launchTemplate", std::move(rendered))};
}

ApiOutcome Ec2Service::create_launch_template_version(const ApiCall& call) {
  auto found = template_of(call.arguments);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  LaunchTemplate& launch_template = *std::get<LaunchTemplate*>(found);

  Arguments args(call.arguments, ErrorStyle::kEc2);
  const std::string source = args.text_or("SourceVersion", "");
  const std::string description = args.text_or("VersionDescription", "");
  const Json* data = args.object("LaunchTemplateData");
  if (args.error()) return *args.error();

  LaunchTemplateVersion version;
  if (!source.empty()) {
    const LaunchTemplateVersion* base_version = find_version(launch_template, source);
    if (base_version == nullptr) return no_such_version(launch_template, source);
    version.data = base_version->data;
  }
  if (data != nullptr) version.data.update(as_answered(*data));
  version.number = launch_template.latest_version = ++launch_template.last_number;
  version.description = description;
  version.created = world_.clock().now();
  const LaunchTemplateVersion& kept = launch_template.versions[version.number] = version;

  Json shown = {};
  if (call.arguments.contains("LaunchTemplateId")) {
    shown["LaunchTemplateId"] = launch_template.id;
  } else {
    shown["LaunchTemplateName"] = launch_template.name;
  }
  if (!source.empty()) shown["SourceVersion"] = number_of(launch_template, source);
  shown["LaunchTemplateData"] = {{"UserData", "<sensitiveDataRemoved>"}};
  shown["ClientToken"] = args.text_or("ClientToken", world_.random().uuid());
  Json rendered = render(launch_template, kept);
  return ApiAnswer{.result = {{"launchTemplateVersion", rendered}},
                   .trail_request = wrapped("CreateLaunchTemplateVersionRequest", std::move(shown)),
                   .trail_response = response("CreateLaunchTemplateVersionResponse", call,
                                              "launchTemplateVersion", std::move(rendered))};
}

ApiOutcome Ec2Service::modify_launch_template(const ApiCall& call) {
  auto found = template_of(call.arguments);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  LaunchTemplate& launch_template = *std::get<LaunchTemplate*>(found);
  Arguments args(call.arguments, ErrorStyle::kEc2);
  const std::string version = args.text_or("SetDefaultVersion", args.text_or("DefaultVersion", ""));
  if (args.error()) return *args.error();
  if (!version.empty()) {
    if (find_version(launch_template, version) == nullptr) {
      return no_such_version(launch_template, version);
    }
    launch_template.default_version = number_of(launch_template, version);
  }
  Json shown = {};
  if (call.arguments.contains("LaunchTemplateId")) {
    shown["LaunchTemplateId"] = launch_template.id;
  } else {
    shown["LaunchTemplateName"] = launch_template.name;
  }
  shown["SetDefaultVersion"] = launch_template.default_version;
  Json rendered = render(launch_template);
  return ApiAnswer{
      .result = {{"launchTemplate", rendered}},
      .trail_request = wrapped("ModifyLaunchTemplateRequest", std::move(shown)),
      .trail_response = response("ModifyLaunchTemplateResponse", call, "launchTemplate", rendered)};
}

ApiOutcome Ec2Service::describe_launch_templates(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kEc2);
  const std::vector<std::string> ids = args.texts("LaunchTemplateId");
  const std::vector<std::string> names = args.texts("LaunchTemplateName");
  if (args.error()) return *args.error();
  std::vector<const LaunchTemplate*> chosen;
  for (const auto& id : ids) {
    const auto found = templates_.find(id);
    if (found == templates_.end()) return no_such_id(id);
    chosen.push_back(&found->second);
  }
  for (const auto& name : names) {
    const LaunchTemplate* found = find_template({.id = "", .name = name, .version = ""});
    if (found == nullptr) {
      return api_error("InvalidLaunchTemplateName.NotFoundException",
                       "At least one of the launch templates specified in the request does not "
                       "exist.");
    }
    chosen.push_back(found);
  }
  if (ids.empty() && names.empty()) {
    for (const auto& [id, launch_template] : templates_) chosen.push_back(&launch_template);
  }
  std::vector<std::string> keys;
  for (const auto* launch_template : chosen) keys.push_back(launch_template->id);
  auto page = take_page(args, keys, {"MaxResults", 200, 200});
  if (const auto* error = std::get_if<ApiError>(&page)) return *error;
  const Page& range = std::get<Page>(page);
  Json list = Json::array();
  for (std::size_t i = range.begin; i < range.end; ++i) list.push_back(render(*chosen[i]));
  ApiAnswer answer;
  answer.result["launchTemplates"] = std::move(list);
  if (!range.next_token.empty()) answer.result["nextToken"] = range.next_token;
  return answer;
}

ApiOutcome Ec2Service::delete_launch_template(const ApiCall& call) {
  auto found = template_of(call.arguments);
  if (const auto* error = std::get_if<ApiError>(&found)) return *error;
  LaunchTemplate& launch_template = *std::get<LaunchTemplate*>(found);
  ApiAnswer answer;
  answer.result["launchTemplate"] = render(launch_template);
  templates_.erase(std::string(launch_template.id));
  return answer;
}

}  // namespace sim
