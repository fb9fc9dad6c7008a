#include "messages/decode.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace messages {
namespace {

using Json = nlohmann::ordered_json;

void add(Json& json, const char* key, const std::string& value) {
  if (!value.empty()) {
    json[key] = value;
  }
}

// Adds what the payload says and what will be done about it.
struct Describer {
  Json& json;

  void intent(std::string text) const { json["intent"] = std::move(text); }

  void operator()(const GroupChanged& change) const {
    std::vector<std::string> names;
    for (const auto& group : change.groups) {
      names.push_back(group.value);
    }
    if (names.size() == 1) {
      json["group"] = names.front();
      intent(fmt::format("recycle group {} if it has drifted", names.front()));
    } else {
      json["groups"] = names;
      intent(fmt::format("recycle groups {} if they have drifted", fmt::join(names, ", ")));
    }
  }

  void operator()(const LaunchTemplateChanged& change) const {
    Json launch_template = Json::object();
    add(launch_template, "id", change.template_id);
    add(launch_template, "name", change.template_name);
    add(launch_template, "version", change.version);
    json["launch_template"] = std::move(launch_template);
    intent(fmt::format("recycle the groups of launch template {} if they have drifted",
                       change.template_id.empty() ? change.template_name : change.template_id));
  }

  void operator()(const RecycleRequest& request) const {
    json["group"] = request.group.value;
    add(json, "strategy", request.strategy);
    json["force"] = request.force;
    json["dry_run"] = request.dry_run;
    if (request.requested_at != base::TimePoint{}) {
      json["requested_at"] = base::format_rfc3339(request.requested_at);
    }
    add(json, "reason", request.reason);
    add(json, "source_event_id", request.source_event_id);
    add(json, "resume_run", request.resume_run);
    add(json, "rollback_to", request.rollback_to);
    if (!request.resume_run.empty()) {
      intent(fmt::format("carry on run {} of group {}, if its journal is still there",
                         request.resume_run, request.group.value));
      return;
    }
    intent(fmt::format(
        "{} group {}{}{}{}", request.dry_run ? "print the plan to recycle" : "recycle",
        request.group.value,
        request.strategy.empty() ? "" : fmt::format(" with strategy {}", request.strategy),
        request.rollback_to.empty() ? "" : fmt::format(" to version {}", request.rollback_to),
        request.force ? ", replacing every instance launched before the request"
                      : " if it has drifted"));
  }

  void operator()(const OncallJobRequest& request) const {
    json["job"] = request.job;
    json["params"] = Json::parse(request.params, nullptr, false);
    json["dry_run"] = request.dry_run;
    add(json, "requested_by", request.requested_by);
    add(json, "reply_to", request.reply_to);
    if (request.timeout.count() > 0) {
      json["timeout_seconds"] = std::chrono::duration<double>(request.timeout).count();
    }
    intent(fmt::format("{} on-call job {}", request.dry_run ? "dry-run" : "run", request.job));
  }

  void operator()(const InstanceEvent& event) const {
    const bool launch = event.action == InstanceEvent::Action::kLaunch;
    json["group"] = event.group.value;
    add(json, "instance", event.instance.value);
    add(json, "status_message", event.status_message);
    intent(fmt::format("note that instance {} of group {} {} {}", event.instance.value,
                       event.group.value, event.successful ? "was" : "could not be",
                       launch ? "launched" : "terminated"));
  }

  void operator()(const LifecycleAction& action) const {
    const bool launching = action.transition == LifecycleAction::Transition::kLaunching;
    json["group"] = action.group.value;
    json["instance"] = action.instance.value;
    json["hook"] = action.hook_name;
    intent(fmt::format("note that instance {} of group {}, {}, waits in lifecycle hook {}",
                       action.instance.value, action.group.value,
                       launching ? "launching" : "terminating", action.hook_name));
  }

  void operator()(const InstanceRefreshEvent& refresh) const {
    json["group"] = refresh.group.value;
    json["refresh_id"] = refresh.refresh_id;
    json["status"] = refresh.status;
    intent(fmt::format("note that an instance refresh of group {} reports: {}", refresh.group.value,
                       refresh.status));
  }

  void operator()(const Ignored& ignored) const { json["ignored"] = ignored.reason; }
};

}  // namespace

std::string describe(const Message& message) {
  Json json = Json::object();
  json["kind"] = message.kind;
  add(json, "id", message.id);
  if (message.time != base::TimePoint{}) {
    json["time"] = base::format_rfc3339(message.time);
  }
  add(json, "actor", message.actor);
  std::visit(Describer{json}, message.payload);
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace messages
