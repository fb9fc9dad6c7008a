#include "worker/telemetry.h"

#include "worker/otlp.h"
#include "worker/xray.h"

#include <utility>

namespace worker {

Tracer::Config tracer_config(const TelemetryConfig& config) {
  return {.sample = config.trace_sample, .offers_w3c = !config.otlp.endpoint.empty()};
}

bool wants_metrics(const Config& config) {
  return config.listen != "off" || !config.telemetry.cloudwatch.name_space.empty();
}

Telemetry::Telemetry(Needs needs, const TelemetryConfig& config)
    : needs_(std::move(needs)),
      vitals_(needs_.clock, needs_.aws.credentials(), needs_.metrics),
      refresher_(needs_.metrics.before_reading([this] { needs_.aws.show(needs_.metrics); })) {
  if (!config.cloudwatch.name_space.empty()) {
    const CloudWatchExport::Needs for_export{needs_.aws.cloudwatch(), needs_.aws.credentials(),
                                             needs_.metrics, needs_.clock, needs_.random};
    cloudwatch_ =
        std::make_unique<CloudWatchExport>(needs_.executor, for_export, config.cloudwatch);
  }
  if (!config.otlp.endpoint.empty()) {
    const OtlpExporter::Needs for_spans{needs_.aws.notify_clients().http, needs_.metrics,
                                        needs_.clock, needs_.random};
    needs_.tracer.add(std::make_unique<OtlpExporter>(needs_.executor, for_spans, config.otlp));
  }
}

Telemetry::~Telemetry() { needs_.tracer.clear(); }

base::Result<std::unique_ptr<Telemetry>> Telemetry::open(Needs needs, const Config& config) {
  const TelemetryConfig& wanted = config.telemetry;
  std::unique_ptr<Telemetry> telemetry(new Telemetry(std::move(needs), wanted));
  if (!wanted.xray_daemon.empty()) {
    const Needs& has = telemetry->needs_;
    auto xray = XrayExporter::open(has.executor, wanted.xray_daemon, has.metrics);
    if (!xray) return xray.error();
    has.tracer.add(std::move(*xray));
  }
  return telemetry;
}

void Telemetry::start(TaskGroup& tasks) {
  tasks.spawn("beating", vitals_.beat(), ends_.emplace_back().slot());
  tasks.spawn("watching credentials", vitals_.watch_credentials(), ends_.emplace_back().slot());
  if (cloudwatch_) tasks.spawn("exporting metrics", cloudwatch_->run());
  for (const auto& exporter : needs_.tracer.exporters()) {
    tasks.spawn("exporting spans", exporter->run());
  }
}

void Telemetry::stop() {
  for (auto& end : ends_) end.emit(boost::asio::cancellation_type::terminal);
  if (cloudwatch_) cloudwatch_->stop();
  for (const auto& exporter : needs_.tracer.exporters()) exporter->stop();
}

}  // namespace worker
