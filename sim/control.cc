#include "sim/control.h"

#include "sim/autoscaling_service.h"
#include "sim/faults.h"
#include "sim/protocol.h"
#include "sim/query_decode.h"
#include "sim/sqs_service.h"
#include "sim/sts_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace sim {

namespace {

base::HttpResponse reply(int status, const Json& body) {
  return {status, {{"Content-Type", "application/json"}}, dump_json(body) + "\n"};
}

base::HttpResponse refuse(int status, const std::string& message) {
  return reply(status, {{"error", message}});
}

std::map<std::string, std::string> query_of(const base::HttpRequest& request) {
  const std::size_t mark = request.url.find('?');
  std::map<std::string, std::string> query;
  if (mark == std::string::npos) return query;
  if (auto pairs = parse_form(std::string_view(request.url).substr(mark + 1))) {
    for (auto& [name, value] : *pairs) query[name] = std::move(value);
  }
  return query;
}

// What AutoScalingService::configure() takes; it skips everything else.
constexpr const char* kLags[] = {
    "reaction_lag_ms", "launch_lag_ms", "terminate_lag_ms",      "rebalance_lag_ms",
    "health_lag_ms",   "retry_lag_ms",  "target_healthy_lag_ms", "deregistration_delay_ms"};

base::Result<void> check_options(const Json& options) {
  if (!options.is_object()) return base::invalid("the options must be an object");
  for (const auto& [name, value] : options.items()) {
    if (std::ranges::find(kLags, name) != std::end(kLags)) {
      if (!value.is_number() || value.get<double>() < 0) {
        return base::invalid(fmt::format("'{}' must be a number of milliseconds", name));
      }
    } else if (name == "jitter") {
      if (!value.is_number() || value.get<double>() < 0 || value.get<double>() > 1) {
        return base::invalid("'jitter' must be a number from 0 to 1");
      }
    } else if (name == "failed_zones") {
      const auto is_text = [](const Json& zone) { return zone.is_string(); };
      if (!value.is_array() || !std::ranges::all_of(value, is_text)) {
        return base::invalid("'failed_zones' must be a list of zones' names");
      }
    } else {
      return base::invalid(fmt::format("unknown option '{}'; options are {}, jitter, failed_zones",
                                       name, fmt::join(kLags, ", ")));
    }
  }
  return {};
}

}  // namespace

base::HttpResponse Control::handle(const base::HttpRequest& request) {
  const std::string path = request.url.substr(0, request.url.find('?'));
  const bool get = request.method == "GET" || request.method == "HEAD";
  const bool post = request.method == "POST";
  if (path == "/_sim/healthz" && get) return health();
  if (path == "/_sim/groups" && get) return groups();
  if (path == "/_sim/mutations" && get) return mutations(request);
  if (path == "/_sim/queues" && get) return queues();
  if (path == "/_sim/faults" && (get || post)) return faults(request);
  if (path == "/_sim/credentials" && (get || post)) return credentials(request);
  if (path == "/_sim/config" && post) return configure(request);
  return reply(404, {{"error", "no such control: " + request.method + " " + path.substr(0, 128)},
                     {"controls",
                      {"GET /_sim/healthz", "GET /_sim/groups",
                       "GET /_sim/mutations?group=NAME&access_key=ID", "GET /_sim/queues",
                       "GET /_sim/faults", "POST /_sim/faults", "GET /_sim/credentials",
                       "POST /_sim/credentials", "POST /_sim/config"}}});
}

base::HttpResponse Control::health() {
  return reply(200, {{"status", "ok"},
                     {"time", base::format_rfc3339(world_.clock().now())},
                     {"region", world_.config().region},
                     {"account", world_.config().account},
                     {"seed", world_.config().seed}});
}

base::HttpResponse Control::groups() {
  Json groups = auto_scaling_.describe_for_control();
  for (Json& group : groups) {
    const std::string name = group.value("name", "");
    group["mutations"] = trail_.mutations(name, {});
  }
  return reply(
      200, {{"time", base::format_rfc3339(world_.clock().now())}, {"groups", std::move(groups)}});
}

base::HttpResponse Control::mutations(const base::HttpRequest& request) {
  auto query = query_of(request);
  if (query["group"].empty()) return refuse(400, "the query must name a group: ?group=NAME");
  return reply(
      200, {{"group", query["group"]},
            {"count", trail_.mutations(query["group"], query["access_key"])},
            {"operations", trail_.mutations_by_operation(query["group"], query["access_key"])}});
}

base::HttpResponse Control::queues() { return reply(200, sqs_.describe_for_control()); }

base::HttpResponse Control::faults(const base::HttpRequest& request) {
  if (request.method == "POST") {
    const std::optional<Json> body = parse_json(request.body);
    if (!body) return refuse(400, "the body is not JSON");
    if (const auto applied = world_.faults().apply(*body); !applied) {
      return refuse(400, applied.error().message);
    }
  }
  return reply(200, world_.faults().to_json());
}

// {"expire": "all"}, or the access key id of what STS handed out.
base::HttpResponse Control::credentials(const base::HttpRequest& request) {
  if (request.method != "POST") {
    sts_.expire_due();
    return reply(200, {{"credentials", sts_.describe_for_control()}});
  }
  const std::optional<Json> body = parse_json(request.body);
  const bool good = body && body->is_object() && body->size() == 1 && body->contains("expire") &&
                    (*body)["expire"].is_string();
  if (!good) return refuse(400, "the body must be {\"expire\": \"all\"} or an access key id");
  const std::string which = (*body)["expire"].get<std::string>();
  return reply(200, {{"expired", sts_.expire_now(which == "all" ? std::string() : which)}});
}

base::HttpResponse Control::configure(const base::HttpRequest& request) {
  const std::optional<Json> body = parse_json(request.body);
  if (!body || !body->is_object()) return refuse(400, "the body must be a JSON object");
  if (const auto checked = check_options(*body); !checked) {
    return refuse(400, checked.error().message);
  }
  auto_scaling_.configure(*body);
  return reply(200, {{"status", "ok"}});
}

}  // namespace sim
