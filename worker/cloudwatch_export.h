// CloudWatchExport: the worker's metrics as metrics of CloudWatch, once a minute.
//
// As few PutMetricData as there can be: one for each 1,000 metrics or 1 MB. CloudWatch adds up
// whatever arrives and knows no repetition, so what may have arrived is never sent again:
//
//   refused (throttled, denied, invalid), or never sent    told with what comes next
//   taken                                                   told
//   no answer, or a server's error after it was sent        not sent again; counted as "unknown" in
//                                                           autorecycle_exported_total
//
// The sums are thus never more than Prometheus's, and what is missing was in the metrics that
// "unknown" counts. What is told later is told with its later time.
#pragma once

#include "aws/cloudwatch.h"
#include "aws/credentials.h"
#include "base/alarm.h"
#include "base/clock.h"
#include "base/random.h"
#include "worker/metric_deltas.h"
#include "worker/metrics.h"
#include "worker/telemetry_config.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <vector>

namespace worker {

class CloudWatchExport {
 public:
  struct Needs {  // outlive the export
    aws::CloudWatch& cloudwatch;
    aws::CredentialsProvider& credentials;
    Metrics& metrics;
    base::Clock& clock;
    base::Random& random;
  };

  CloudWatchExport(boost::asio::any_io_executor executor, Needs needs, CloudWatchConfig config);

  // Until stop(); then once more, with what the last moments brought.
  boost::asio::awaitable<void> run();
  void stop();

 private:
  boost::asio::awaitable<void> send_all();
  boost::asio::awaitable<void> send(std::vector<MetricDeltas::Change> batch);

  Needs needs_;
  CloudWatchConfig config_;
  MetricDeltas deltas_;
  base::Alarm stop_requested_;
  bool stopping_ = false;
  bool failing_ = false;
};

}  // namespace worker
