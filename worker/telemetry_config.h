// What is told of the worker, and to whom; all of it is off by default.
#pragma once

#include "base/clock.h"
#include "base/secret.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace worker {

struct MetricSelection {
  std::set<std::string> names;  // of the metrics that are sent; empty: all
  // Added to every metric, before its labels.
  std::vector<std::pair<std::string, std::string>> dimensions;
};

struct CloudWatchConfig {
  std::string name_space;  // empty: nothing is sent
  MetricSelection selection;
  base::Duration interval{60'000};
};

struct OtlpConfig {
  std::string endpoint;  // "http://127.0.0.1:4318"; empty: nothing is sent
  std::vector<std::pair<std::string, base::Secret>> headers;  // such as a key
};

struct TelemetryConfig {
  CloudWatchConfig cloudwatch;
  OtlpConfig otlp;
  std::string xray_daemon;  // "127.0.0.1:2000"; empty: nothing is sent
  double trace_sample = 1;  // of the messages whose sender has not decided
};

}  // namespace worker
