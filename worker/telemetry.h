// Telemetry: what the worker tells of itself beside its log and /metrics: its vitals, its metrics
// to CloudWatch, its spans to X-Ray and to an OpenTelemetry collector.
#pragma once

#include "base/result.h"
#include "worker/aws_session.h"
#include "worker/cloudwatch_export.h"
#include "worker/config.h"
#include "worker/metrics.h"
#include "worker/task_group.h"
#include "worker/tracer.h"
#include "worker/vitals.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <deque>
#include <memory>

namespace worker {

class Telemetry {
 public:
  struct Needs {  // outlive the telemetry
    boost::asio::any_io_executor executor;
    base::Clock& clock;
    base::Random& random;
    Metrics& metrics;
    AwsSession& aws;
    Tracer& tracer;  // given its exporters, and rid of them at the end
  };

  // Errors: an address that cannot be used.
  static base::Result<std::unique_ptr<Telemetry>> open(Needs needs, const Config& config);
  ~Telemetry();

  const Vitals& vitals() const { return vitals_; }
  void start(TaskGroup& tasks);
  // Sends what is left; the tasks end then.
  void stop();

 private:
  Telemetry(Needs needs, const TelemetryConfig& config);

  Needs needs_;
  Vitals vitals_;
  std::unique_ptr<CloudWatchExport> cloudwatch_;
  std::unique_ptr<Metrics::Refresher> refresher_;
  std::deque<boost::asio::cancellation_signal> ends_;
};

Tracer::Config tracer_config(const TelemetryConfig& config);
// Somebody may look at them.
bool wants_metrics(const Config& config);

}  // namespace worker
