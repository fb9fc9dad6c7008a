#include "worker/endpoints.h"

#include "worker/board.h"
#include "worker/metrics.h"
#include "worker/runtime.h"
#include "worker/version.h"
#include "worker/vitals.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string_view>

namespace worker {
namespace {

using Json = nlohmann::ordered_json;

base::HttpResponse respond(int status, std::string type, std::string body) {
  base::HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", std::move(type)}, {"Cache-Control", "no-store"}};
  response.body = std::move(body);
  return response;
}

constexpr std::size_t kRunningShown = 100;  // messages of a queue
constexpr const char* kPlain = "text/plain; charset=utf-8";

const char* state_of(const QueueRuntime& queue) {
  if (queue.is_paused()) return "paused";
  switch (queue.circuit()) {
    case Overload::Circuit::kClosed:
      return "polling";
    case Overload::Circuit::kOpen:
      return "circuit-open";
    case Overload::Circuit::kHalfOpen:
      return "probing";
  }
  return "unknown";
}

Json running(QueueRuntime& queue) {
  Json list = Json::array();
  for (const QueueRuntime::Running& one : queue.running(kRunningShown)) {
    list.push_back({{"message_id", one.message_id},
                    {"kind", one.kind},
                    {"consumer", one.consumer},
                    {"trace_id", one.trace_id},
                    {"attempt", one.attempt},
                    {"seconds", static_cast<double>(one.since.count()) / 1'000}});
  }
  return list;
}

// "ROLE" of "/pause?queue=ROLE"; empty if there is no query; none if it is something else.
std::optional<std::string> asked_queue(std::string_view url) {
  const auto question = url.find('?');
  if (question == std::string_view::npos) return std::string();
  const std::string_view query = url.substr(question + 1);
  constexpr std::string_view kName = "queue=";
  if (!query.starts_with(kName) || query.size() == kName.size()) return std::nullopt;
  return base::percent_decode(query.substr(kName.size()), true);
}

}  // namespace

base::HttpResponse Endpoints::answer(const base::HttpRequest& request) {
  const std::string path = request.url.substr(0, request.url.find('?'));
  const bool known =
      path == "/metrics" || path == "/healthz" || path == "/readyz" || path == "/status";
  if (path == "/pause" || path == "/resume") return control(request, path == "/pause");
  if (!known) {
    return respond(404, kPlain,
                   "try /metrics, /healthz, /readyz, /status, or POST to /pause or /resume\n");
  }
  if (request.method != "GET" && request.method != "HEAD") {
    auto refusal = respond(405, kPlain, "only GET\n");
    refusal.headers.push_back({"Allow", "GET, HEAD"});
    return refusal;
  }
  if (path == "/metrics") {
    return respond(200, "text/plain; version=0.0.4; charset=utf-8", metrics_.text());
  }
  if (path == "/healthz") return health();
  if (path == "/readyz") return readiness();
  return respond(200, "application/json", status());
}

base::HttpResponse Endpoints::health() const {
  const std::string stalled = vitals_.stalled();
  return stalled.empty() ? respond(200, kPlain, "ok\n") : respond(503, kPlain, stalled + "\n");
}

std::vector<std::string> Endpoints::not_ready() const {
  std::vector<std::string> wrong;
  if (runtime_.is_draining()) wrong.emplace_back("draining: no new message is taken");
  if (std::string missing = vitals_.no_credentials(); !missing.empty()) {
    wrong.push_back(std::move(missing));
  }
  for (const auto& queue : runtime_.queues()) {
    if (runtime_.is_draining() || queue->pollers().is_healthy(kHealthyFor)) continue;
    std::string line = "queue " + queue->settings().role + ": no successful poll for two minutes";
    const std::string error = queue->pollers().last_error();
    if (!error.empty()) line += ": " + error;
    wrong.push_back(std::move(line));
  }
  return wrong;
}

base::HttpResponse Endpoints::readiness() const {
  std::string lines;
  for (const std::string& line : not_ready()) lines += line + "\n";
  return lines.empty() ? respond(200, kPlain, "ok\n") : respond(503, kPlain, lines);
}

base::HttpResponse Endpoints::control(const base::HttpRequest& request, bool pause) {
  if (request.method != "POST") {
    auto refusal = respond(405, kPlain, "only POST\n");
    refusal.headers.push_back({"Allow", "POST"});
    return refusal;
  }
  if (!may_control_) {
    return respond(403, kPlain, "only when --listen is a loopback address; or use signals\n");
  }
  if (base::find_header(request.headers, "Origin")) {
    return respond(403, kPlain, "not from a page in a browser\n");
  }
  std::string roles;
  for (const auto& queue : runtime_.queues()) roles += " " + queue->settings().role;
  const auto role = asked_queue(request.url);
  if (!role || !runtime_.pause(*role, pause)) {
    return respond(400, kPlain, "the query must be queue=ROLE, ROLE one of" + roles + "\n");
  }
  return respond(200, kPlain, pause ? "paused\n" : "resumed\n");
}

std::string Endpoints::status() {
  Json queues = Json::array();
  for (const auto& queue : runtime_.queues()) {
    queues.push_back({{"queue", queue->settings().role},
                      {"name", queue->settings().name},
                      {"in_flight", queue->in_flight()},
                      {"in_flight_max", queue->settings().in_flight_max},
                      {"pollers", queue->pollers().running()},
                      {"state", state_of(*queue)},
                      {"healthy", queue->pollers().is_healthy(kHealthyFor)},
                      {"running", running(*queue)}});
  }
  Json recycles = Json::array();
  for (const Board::Row& row : board_.rows()) {
    recycles.push_back({{"group", row.progress.group},
                        {"strategy", row.progress.strategy},
                        {"phase", row.progress.phase},
                        {"reason", row.progress.step},
                        {"old", row.progress.old_instances},
                        {"new_ready", row.progress.new_ready},
                        {"in_service", row.progress.in_service},
                        {"run", row.progress.run_id},
                        {"target", row.progress.target},
                        {"since", base::format_rfc3339(row.since)},
                        {"updated", base::format_rfc3339(row.updated)},
                        {"ended", row.ended}});
  }
  const std::vector<std::string> wrong = not_ready();
  const auto expiry = vitals_.credentials_expiry();
  const Json status = {
      {"version", kVersion},
      {"started", base::format_rfc3339(vitals_.started())},
      {"draining", runtime_.is_draining()},
      {"ready", wrong.empty()},
      {"not_ready_because", wrong},
      {"credentials_expire", expiry ? Json(base::format_rfc3339(*expiry)) : Json()},
      {"queues", queues},
      {"recycles", recycles}};
  return status.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace worker
