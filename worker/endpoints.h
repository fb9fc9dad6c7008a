// Endpoints: what the worker answers over HTTP.
//
//   GET /metrics   Prometheus text format
//   GET /healthz   200 "ok" while every queue was polled well within two minutes (or waits for
//                  room); else 503 with what is wrong, one line a queue
//   GET /status    JSON: {"version", "draining",
//                         "queues":   [{"queue", "name", "in_flight", "in_flight_max", "healthy"}],
//                         "recycles": [{"group", "strategy", "phase", "reason", "old", "new_ready",
//                                       "in_service", "since", "updated", "ended"}]}
#pragma once

#include "base/http.h"

#include <boost/asio/awaitable.hpp>

namespace worker {

class Board;
class Metrics;
class Runtime;

class Endpoints {
 public:
  static constexpr std::chrono::minutes kHealthyFor{2};

  // References outlive the endpoints.
  Endpoints(const Runtime& runtime, const Metrics& metrics, Board& board)
      : runtime_(runtime), metrics_(metrics), board_(board) {}

  base::HttpResponse answer(const base::HttpRequest& request);

 private:
  base::HttpResponse health() const;
  std::string status();

  const Runtime& runtime_;
  const Metrics& metrics_;
  Board& board_;
};

}  // namespace worker
