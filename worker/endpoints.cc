#include "worker/endpoints.h"

#include "worker/board.h"
#include "worker/metrics.h"
#include "worker/runtime.h"
#include "worker/version.h"

#include <nlohmann/json.hpp>

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

constexpr const char* kPlain = "text/plain; charset=utf-8";

}  // namespace

base::HttpResponse Endpoints::answer(const base::HttpRequest& request) {
  const std::string path = request.url.substr(0, request.url.find('?'));
  const bool known = path == "/metrics" || path == "/healthz" || path == "/status";
  if (!known) return respond(404, kPlain, "try /metrics, /healthz or /status\n");
  if (request.method != "GET" && request.method != "HEAD") {
    auto refusal = respond(405, kPlain, "only GET\n");
    refusal.headers.push_back({"Allow", "GET, HEAD"});
    return refusal;
  }
  if (path == "/metrics") {
    return respond(200, "text/plain; version=0.0.4; charset=utf-8", metrics_.text());
  }
  if (path == "/healthz") return health();
  return respond(200, "application/json", status());
}

base::HttpResponse Endpoints::health() const {
  std::string wrong;
  for (const auto& queue : runtime_.queues()) {
    if (runtime_.is_draining() || queue->poller().is_healthy(kHealthyFor)) continue;
    wrong += "queue " + queue->settings().role + ": no successful poll for two minutes";
    if (!queue->poller().last_error().empty()) wrong += ": " + queue->poller().last_error();
    wrong += "\n";
  }
  return wrong.empty() ? respond(200, kPlain, "ok\n") : respond(503, kPlain, wrong);
}

std::string Endpoints::status() {
  Json queues = Json::array();
  for (const auto& queue : runtime_.queues()) {
    queues.push_back({{"queue", queue->settings().role},
                      {"name", queue->settings().name},
                      {"in_flight", queue->in_flight()},
                      {"in_flight_max", queue->settings().in_flight_max},
                      {"healthy", queue->poller().is_healthy(kHealthyFor)}});
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
                        {"since", base::format_rfc3339(row.since)},
                        {"updated", base::format_rfc3339(row.updated)},
                        {"ended", row.ended}});
  }
  const Json status = {{"version", kVersion},
                       {"draining", runtime_.is_draining()},
                       {"queues", queues},
                       {"recycles", recycles}};
  return status.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace worker
