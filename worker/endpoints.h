// Endpoints: what the worker answers over HTTP.
//
//   GET /metrics   Prometheus text format
//   GET /healthz   200 "ok" while the event loop turns: restart the process if not. An outage of
//                  AWS is no reason to
//   GET /readyz    200 "ok" while work can be done: there are credentials, every queue was polled
//                  well within two minutes (or waits for room), and no end is near; else 503 with
//                  what is wrong, one line each
//   GET /status    JSON: {"version", "started", "draining", "ready", "not_ready_because": [...],
//                         "credentials_expire",
//                         "queues":   [{"queue", "name", "in_flight", "in_flight_max", "pollers",
//                                       "state": polling | paused | circuit-open | probing,
//                                       "healthy",
//                                       "running": [{"message_id", "kind", "consumer", "trace_id",
//                                                    "attempt", "seconds"}], at most 100}],
//                         "recycles": [{"group", "strategy", "phase", "reason", "old", "new_ready",
//                                       "in_service", "run", "target", "since", "updated",
//                                       "ended"}]}
//   POST /pause    no new poll of ?queue=ROLE, or of any queue; what is in hand goes on
//   POST /resume   the opposite
//
// The two that change something are answered on a loopback address only, and never to a page in a
// browser (a request with an Origin).
#pragma once

#include "base/http.h"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <vector>

namespace worker {

class Board;
class Metrics;
class Runtime;
class Vitals;

class Endpoints {
 public:
  static constexpr std::chrono::minutes kHealthyFor{2};

  // References outlive the endpoints.
  Endpoints(Runtime& runtime, const Metrics& metrics, Board& board, const Vitals& vitals,
            bool may_control)
      : runtime_(runtime),
        metrics_(metrics),
        board_(board),
        vitals_(vitals),
        may_control_(may_control) {}

  base::HttpResponse answer(const base::HttpRequest& request);

 private:
  base::HttpResponse health() const;
  std::vector<std::string> not_ready() const;
  base::HttpResponse readiness() const;
  std::string status();
  base::HttpResponse control(const base::HttpRequest& request, bool pause);

  Runtime& runtime_;
  const Metrics& metrics_;
  Board& board_;
  const Vitals& vitals_;
  bool may_control_;
};

}  // namespace worker
