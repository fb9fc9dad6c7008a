// CreateLaunchTemplateVersion and ModifyLaunchTemplate, as CloudTrail reports them. Groups that
// follow $Latest or $Default emit no event of their own when their template moves.
//
//   "requestParameters":{"ModifyLaunchTemplateRequest":{"LaunchTemplateId":"lt-0abc",
//     "SetDefaultVersion":7}},
//   "responseElements":{"ModifyLaunchTemplateResponse":{"launchTemplate":{
//     "launchTemplateId":"lt-0abc","launchTemplateName":"web","defaultVersionNumber":7}}}
//
// EC2's records are XML made JSON: the wrappers, the case of the first letter, number or string,
// and object or list of one vary. So the names are searched for, nearest first, instead of spelled
// out.
#include "messages/decoders.h"

#include <algorithm>
#include <cctype>
#include <deque>

namespace messages {
namespace {

// The instance settings inside a request: free text of the caller, never searched.
constexpr std::string_view kTemplateData = "launchtemplatedata";

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

std::string scalar_text(base::JsonValue value) {
  if (const auto text = base::text_in(value)) {
    return std::string(*text);
  }
  const bool whole =
      value.type() == base::JsonType::INT64 || value.type() == base::JsonType::UINT64;
  return whole ? base::dump(value) : std::string();
}

// The first non-empty string or whole number under this key (lower case), breadth first.
std::string find_text(const Field& field, std::string_view key) {
  std::deque<base::JsonValue> pending;
  if (field.present()) {
    pending.push_back(field.json());
  }
  std::string found;
  const auto visit = [&](std::string_view name, base::JsonValue value) {
    if (found.empty() && name == key) {
      found = scalar_text(value);
    }
    if (name != kTemplateData && (base::is_object(value) || base::is_array(value))) {
      pending.push_back(value);
    }
  };
  for (; found.empty() && !pending.empty(); pending.pop_front()) {
    const base::JsonValue node = pending.front();
    base::each_member(
        node, [&](std::string_view name, base::JsonValue value) { visit(lower(name), value); });
    base::each_element(node, [&](base::JsonValue value) { visit("", value); });
  }
  return found;
}

std::string first_of(std::string first, std::string second) {
  return first.empty() ? std::move(second) : std::move(first);
}

base::Result<Payload> template_change(const Field& event, std::string version) {
  const Field request = event["detail"]["requestParameters"];
  const Field response = event["detail"]["responseElements"];
  LaunchTemplateChanged change;
  change.template_id =
      first_of(find_text(request, "launchtemplateid"), find_text(response, "launchtemplateid"));
  change.template_name =
      first_of(find_text(request, "launchtemplatename"), find_text(response, "launchtemplatename"));
  change.version = std::move(version);
  if (change.template_id.empty() && change.template_name.empty()) {
    return request.refuse("LaunchTemplateId or LaunchTemplateName inside");
  }
  return Payload(std::move(change));
}

}  // namespace

base::Result<Payload> decode_template_version_created(const Field& event) {
  return template_change(event, find_text(event["detail"]["responseElements"], "versionnumber"));
}

base::Result<Payload> decode_template_modified(const Field& event) {
  const Field request = event["detail"]["requestParameters"];
  const std::string asked =
      first_of(find_text(request, "setdefaultversion"), find_text(request, "defaultversion"));
  return template_change(event, first_of(asked, find_text(event["detail"]["responseElements"],
                                                          "defaultversionnumber")));
}

}  // namespace messages
