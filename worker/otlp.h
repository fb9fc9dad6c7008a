// OtlpExporter: spans to an OpenTelemetry collector, OTLP over HTTP in JSON, in batches. What
// cannot be delivered waits in a queue of bounded length; what does not fit there is dropped and
// counted. https://opentelemetry.io/docs/specs/otlp/#otlphttp
#pragma once

#include "aws/http_client.h"
#include "base/alarm.h"
#include "base/clock.h"
#include "base/random.h"
#include "worker/metrics.h"
#include "worker/span_exporter.h"
#include "worker/telemetry_config.h"

#include <boost/asio/any_io_executor.hpp>

#include <deque>
#include <string>
#include <vector>

namespace worker {

// An ExportTraceServiceRequest.
std::string otlp_document(const std::vector<base::Span>& spans);

class OtlpExporter final : public SpanExporter {
 public:
  static constexpr std::size_t kQueueMax = 4'096;
  static constexpr std::size_t kBatchMax = 512;
  static constexpr base::Duration kEvery{5'000};
  static constexpr base::Duration kTimeout{10'000};
  static constexpr base::Duration kLastTimeout{3'000};  // for what is left at the end
  static constexpr int kAttemptsMax = 5;                // of one batch

  struct Needs {  // outlive the exporter
    aws::HttpClient& http;
    Metrics& metrics;
    base::Clock& clock;
    base::Random& random;
  };

  OtlpExporter(boost::asio::any_io_executor executor, Needs needs, OtlpConfig config);

  void take(const base::Span& span) override;
  boost::asio::awaitable<void> run() override;
  void stop() override;

 private:
  enum class Outcome { kTaken, kRefused, kAgain };

  boost::asio::awaitable<void> deliver(std::vector<base::Span> batch);
  boost::asio::awaitable<Outcome> post(std::string body, std::size_t spans);
  void count(const char* result, std::size_t spans);

  Needs needs_;
  OtlpConfig config_;
  std::deque<base::Span> queue_;
  base::Alarm wake_;
  bool stopping_ = false;
  bool failing_ = false;
};

}  // namespace worker
