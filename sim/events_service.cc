#include "sim/events_service.h"

#include "sim/event_pattern.h"
#include "sim/protocol.h"

#include <fmt/format.h>

namespace sim {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kTargetsMax = 5;
constexpr std::size_t kEntriesMax = 10;
constexpr std::size_t kRulesMax = 300;

ApiError validation(std::string message) {
  return {"ValidationException", std::move(message), 400, {}};
}

ApiAnswer answer(Json result = Json::object()) { return ApiAnswer{std::move(result), {}, {}}; }

// "$.detail.x" of an event; null when it leads nowhere.
Json select_path(const Json& event, const std::string& path) {
  const Json* at = &event;
  std::size_t begin = 2;
  while (begin < path.size() && at->is_object()) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    const auto member = at->find(path.substr(begin, end - begin));
    if (member == at->end()) return {};
    at = &*member;
    begin = end + 1;
  }
  return *at;
}

}  // namespace

EventsService::EventsService(World& world, SqsService& sqs) : world_(world), sqs_(sqs) {
  world_.listen([this](const Json& event) { route(event); });
}

const std::map<std::string, EventsService::Operation>& EventsService::operations() {
  static const std::map<std::string, Operation> table = {
      {"PutRule", &EventsService::put_rule},
      {"DeleteRule", &EventsService::delete_rule},
      {"DescribeRule", &EventsService::describe_rule},
      {"ListRules", &EventsService::list_rules},
      {"EnableRule", &EventsService::enable_rule},
      {"DisableRule", &EventsService::disable_rule},
      {"PutTargets", &EventsService::put_targets},
      {"RemoveTargets", &EventsService::remove_targets},
      {"ListTargetsByRule", &EventsService::list_targets_by_rule},
      {"PutEvents", &EventsService::put_events},
      {"TestEventPattern", &EventsService::test_event_pattern},
  };
  return table;
}

asio::awaitable<ApiOutcome> EventsService::handle(ApiCall call) {
  const auto operation = operations().find(call.operation);
  if (operation == operations().end()) co_return unknown_operation(call);
  const auto bus = call.arguments.find("EventBusName");
  if (bus != call.arguments.end() && bus->is_string() && *bus != "default" &&
      *bus != world_.arn("events", "event-bus/default")) {
    co_return ApiError{"ResourceNotFoundException",
                       fmt::format("Event bus {} does not exist.", bus->get<std::string>()),
                       400,
                       {}};
  }
  co_return (this->*operation->second)(call);
}

EventsService::Rule* EventsService::rule_of(Arguments& args, const std::string& member) {
  const std::string name = args.required_text(member);
  if (args.error()) return nullptr;
  const auto found = rules_.find(name);
  if (found != rules_.end()) return &found->second;
  args.fail({"ResourceNotFoundException",
             fmt::format("Rule {} does not exist on EventBus default.", name.substr(0, 64)),
             400,
             {}});
  return nullptr;
}

ApiOutcome EventsService::put_rule(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kJson);
  Rule rule;
  rule.name = args.required_text("Name");
  rule.pattern_text = args.text_or("EventPattern", {});
  rule.schedule = args.text_or("ScheduleExpression", {});
  rule.description = args.text_or("Description", {});
  const std::string state = args.text_or("State", "ENABLED");
  if (args.error()) return *args.error();
  if (rule.name.size() > 64)
    return validation(
        "1 validation error detected: Value at 'name' failed to satisfy constraint: Member must "
        "have length less than or equal to 64");
  if (rule.pattern_text.empty() && rule.schedule.empty()) {
    return validation("Parameter(s) EventPattern or ScheduleExpression must be specified.");
  }
  if (!rule.pattern_text.empty()) {
    std::optional<Json> pattern = parse_json(rule.pattern_text);
    if (!pattern) {
      return ApiError{"InvalidEventPatternException",
                      "Event pattern is not valid. Reason: not a JSON document",
                      400,
                      {}};
    }
    if (auto checked = check_event_pattern(*pattern); !checked) {
      return ApiError{"InvalidEventPatternException", checked.error().message, 400, {}};
    }
    rule.pattern = std::move(*pattern);
  }
  rule.enabled = state != "DISABLED";
  const auto existing = rules_.find(rule.name);
  if (existing != rules_.end()) {
    rule.targets = std::move(existing->second.targets);
  } else if (rules_.size() >= kRulesMax) {
    return ApiError{"LimitExceededException",
                    "The requested resource exceeds the maximum number allowed.",
                    400,
                    {}};
  }
  const std::string name = rule.name;
  rules_[name] = std::move(rule);
  return answer({{"RuleArn", world_.arn("events", "rule/" + name)}});
}

ApiOutcome EventsService::delete_rule(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kJson);
  const std::string name = args.required_text("Name");
  if (args.error()) return *args.error();
  const auto found = rules_.find(name);
  if (found == rules_.end()) return answer();  // AWS: idempotent
  if (!found->second.targets.empty()) {
    return validation("Rule can't be deleted since it has targets.");
  }
  rules_.erase(found);
  return answer();
}

Json EventsService::describe(const Rule& rule) const {
  Json json = {{"Name", rule.name},
               {"Arn", world_.arn("events", "rule/" + rule.name)},
               {"State", rule.enabled ? "ENABLED" : "DISABLED"},
               {"EventBusName", "default"}};
  if (!rule.pattern_text.empty()) json["EventPattern"] = rule.pattern_text;
  if (!rule.schedule.empty()) json["ScheduleExpression"] = rule.schedule;
  if (!rule.description.empty()) json["Description"] = rule.description;
  return json;
}

ApiOutcome EventsService::describe_rule(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kJson);
  const Rule* rule = rule_of(args, "Name");
  if (rule == nullptr) return *args.error();
  return answer(describe(*rule));
}

ApiOutcome EventsService::list_rules(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kJson);
  const std::string prefix = args.text_or("NamePrefix", {});
  if (args.error()) return *args.error();
  Json rules = Json::array();
  for (const auto& [name, rule] : rules_) {
    if (name.starts_with(prefix)) rules.push_back(describe(rule));
  }
  return answer({{"Rules", std::move(rules)}});
}

ApiOutcome EventsService::set_enabled(const ApiCall& call, bool enabled) {
  Arguments args(call.arguments, ErrorStyle::kJson);
  Rule* rule = rule_of(args, "Name");
  if (rule == nullptr) return *args.error();
  rule->enabled = enabled;
  return answer();
}

ApiOutcome EventsService::enable_rule(const ApiCall& call) { return set_enabled(call, true); }
ApiOutcome EventsService::disable_rule(const ApiCall& call) { return set_enabled(call, false); }

ApiOutcome EventsService::put_targets(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kJson);
  Rule* rule = rule_of(args, "Rule");
  const std::vector<Json> targets = args.objects("Targets");
  if (args.error()) return *args.error();
  if (targets.empty())
    return validation(
        "1 validation error detected: Value '[]' at 'targets' failed to satisfy constraint: Member "
        "must have length greater than or equal to 1");
  std::map<std::string, Json> changed = rule->targets;
  for (const Json& target : targets) {
    Arguments member(target, ErrorStyle::kJson);
    const std::string id = member.required_text("Id");
    const std::string arn = member.required_text("Arn");
    if (member.error()) return *member.error();
    if (!arn.starts_with("arn:aws:sqs:")) {
      return validation(
          fmt::format("Parameter {} is not valid. Reason: Only SQS queues are "
                      "simulated as targets.",
                      arn.substr(0, 256)));
    }
    if (member.has("InputTransformer")) {
      return validation("InputTransformer is not simulated.");
    }
    changed[id] = target;
  }
  if (changed.size() > kTargetsMax) {
    return ApiError{"LimitExceededException",
                    "The requested resource exceeds the maximum number allowed.",
                    400,
                    {}};
  }
  rule->targets = std::move(changed);
  return answer({{"FailedEntryCount", 0}, {"FailedEntries", Json::array()}});
}

ApiOutcome EventsService::remove_targets(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kJson);
  Rule* rule = rule_of(args, "Rule");
  const std::vector<std::string> ids = args.required_texts("Ids");
  if (args.error()) return *args.error();
  for (const std::string& id : ids) rule->targets.erase(id);
  return answer({{"FailedEntryCount", 0}, {"FailedEntries", Json::array()}});
}

ApiOutcome EventsService::list_targets_by_rule(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kJson);
  const Rule* rule = rule_of(args, "Rule");
  if (rule == nullptr) return *args.error();
  Json targets = Json::array();
  for (const auto& [id, target] : rule->targets) targets.push_back(target);
  return answer({{"Targets", std::move(targets)}});
}

Json EventsService::put_one(const Json& entry) {
  const auto refuse = [](const char* code, const std::string& message) {
    return Json{{"ErrorCode", code}, {"ErrorMessage", message}};
  };
  Arguments args(entry, ErrorStyle::kJson);
  const std::string source = args.text_or("Source", {});
  const std::string type = args.text_or("DetailType", {});
  const std::string detail_text = args.text_or("Detail", {});
  const std::vector<std::string> resources = args.texts("Resources");
  if (args.error()) return refuse("MalformedDetail", args.error()->message);
  if (source.empty())
    return refuse("InvalidArgument",
                  "Parameter Source is not valid. Reason: Source is a required argument.");
  if (type.empty())
    return refuse("InvalidArgument",
                  "Parameter DetailType is not valid. Reason: DetailType is a required argument.");
  if (detail_text.empty())
    return refuse("InvalidArgument",
                  "Parameter Detail is not valid. Reason: Detail is a required argument.");
  if (source.starts_with("aws.")) {
    return refuse("NotAuthorizedForSourceException", "Not authorized for the source.");
  }
  std::optional<Json> detail = parse_json(detail_text);
  if (!detail || !detail->is_object()) return refuse("MalformedDetail", "Detail is malformed.");
  world_.emit({{"source", source},
               {"detail-type", type},
               {"resources", resources},
               {"detail", std::move(*detail)}});
  return {{"EventId", world_.random().uuid()}};
}

ApiOutcome EventsService::put_events(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kJson);
  const std::vector<Json> entries = args.objects("Entries");
  if (args.error()) return *args.error();
  if (entries.empty() || entries.size() > kEntriesMax) {
    return validation(
        fmt::format("1 validation error detected: Value at 'entries' failed to "
                    "satisfy constraint: Member must have length between 1 and {}",
                    kEntriesMax));
  }
  Json results = Json::array();
  int failed = 0;
  for (const Json& entry : entries) {
    results.push_back(put_one(entry));
    if (results.back().contains("ErrorCode")) ++failed;
  }
  return answer({{"FailedEntryCount", failed}, {"Entries", std::move(results)}});
}

ApiOutcome EventsService::test_event_pattern(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kJson);
  const std::optional<Json> pattern = parse_json(args.required_text("EventPattern"));
  const std::optional<Json> event = parse_json(args.required_text("Event"));
  if (args.error()) return *args.error();
  if (!pattern || !check_event_pattern(*pattern)) {
    return ApiError{"InvalidEventPatternException", "Event pattern is not valid.", 400, {}};
  }
  if (!event || !event->is_object()) return validation("Parameter Event is not valid.");
  return answer({{"Result", matches_event(*pattern, *event)}});
}

void EventsService::route(const Json& event) {
  for (const auto& [name, rule] : rules_) {
    if (!rule.enabled || rule.pattern.is_null() || !matches_event(rule.pattern, event)) continue;
    for (const auto& [id, target] : rule.targets) deliver(target, event);
  }
}

void EventsService::deliver(const Json& target, const Json& event) {
  Arguments args(target, ErrorStyle::kJson);
  std::string body = args.text_or("Input", {});
  if (const std::string path = args.text_or("InputPath", {}); body.empty()) {
    body = dump_json(path.starts_with("$.") ? select_path(event, path) : event);
  }
  std::string group;
  if (const Json* parameters = args.object("SqsParameters")) {
    group = Arguments(*parameters, ErrorStyle::kJson).text_or("MessageGroupId", {});
  }
  if (!sqs_.deliver(args.text_or("Arn", {}), std::move(body), group)) ++failed_invocations_;
}

}  // namespace sim
