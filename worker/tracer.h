// Tracer: makes the spans of messages and hands them to the exporters. A message's own span is the
// root of what is done for it: recycle steps, and below them the calls to AWS.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "base/span.h"
#include "worker/context.h"
#include "worker/message_trace.h"
#include "worker/span_exporter.h"

#include <memory>
#include <vector>

namespace worker {

class Tracer final : public base::SpanSink {
 public:
  struct Config {
    double sample = 1;        // of the messages whose sender has not decided
    bool offers_w3c = false;  // a trace that begins here is handed on as a traceparent, too
  };

  // References outlive the tracer.
  Tracer(base::Clock& clock, base::Random& random, Config config)
      : clock_(clock), random_(random), config_(config) {}

  void add(std::unique_ptr<SpanExporter> exporter) { exporters_.push_back(std::move(exporter)); }
  const std::vector<std::unique_ptr<SpanExporter>>& exporters() const { return exporters_; }
  void clear() { exporters_.clear(); }  // spans that end later go nowhere
  bool is_on() const { return !exporters_.empty(); }

  // The trace that the work on this message belongs to: its sender's or one that begins here, with
  // a span of the message; what came, where it is not sampled.
  TracePtr begin(TracePtr from_sender, const aws::SqsMessage& message, const QueueSettings& queue);
  void ended(base::Span span) override;

 private:
  base::TraceContext fresh() const;

  base::Clock& clock_;
  base::Random& random_;
  Config config_;
  std::vector<std::unique_ptr<SpanExporter>> exporters_;
};

// What became of the message, for its span; nothing where there is none.
void note_verdict(const TracePtr& trace, std::string_view kind, std::string_view verdict,
                  const std::string& reason);

}  // namespace worker
