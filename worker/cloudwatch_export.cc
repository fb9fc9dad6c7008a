#include "worker/cloudwatch_export.h"

#include "base/log.h"

#include <utility>

namespace worker {
namespace {

using boost::asio::awaitable;
using Batch = std::vector<MetricDeltas::Change>;

constexpr const char* kExporter = "cloudwatch";
constexpr std::size_t kEnvelopeBytes = 1'000;  // what is in a request beside its data

// Nothing of it was counted.
bool was_refused(const base::Error& error) {
  switch (error.kind) {
    case base::ErrorKind::kThrottled:
    case base::ErrorKind::kDenied:
    case base::ErrorKind::kInvalid:
    case base::ErrorKind::kNotFound:
      return true;
    case base::ErrorKind::kRetry:
    case base::ErrorKind::kFatal:
      return error.code == "ConnectError";
  }
  return false;
}

std::vector<Batch> in_batches(std::vector<MetricDeltas::Change> changes) {
  std::vector<Batch> batches;
  std::size_t bytes = 0;
  for (MetricDeltas::Change& change : changes) {
    const std::size_t more = aws::CloudWatch::body_bytes(change.datum);
    const bool full = !batches.empty() && (batches.back().size() == aws::kMetricDataMax ||
                                           bytes + more > aws::kMetricBytesMax);
    if (batches.empty() || full) {
      batches.emplace_back();
      bytes = kEnvelopeBytes;
    }
    bytes += more;
    batches.back().push_back(std::move(change));
  }
  return batches;
}

}  // namespace

CloudWatchExport::CloudWatchExport(boost::asio::any_io_executor executor, Needs needs,
                                   CloudWatchConfig config)
    : needs_(needs),
      config_(std::move(config)),
      deltas_(config_.selection),
      stop_requested_(std::move(executor), needs.clock) {
  needs_.metrics.exported(kExporter, "sent", 0);
  needs_.metrics.exported(kExporter, "unknown", 0);
}

awaitable<void> CloudWatchExport::run() {
  // Workers that were started together do not stay together.
  const auto first = base::Duration(needs_.random.below(config_.interval.count()) + 1);
  auto next = needs_.clock.steady_now() + first;
  for (;;) {
    co_await stop_requested_.wait_until(next);
    const bool last = stopping_;
    // From now and not from when it was due: at most one round an interval, whatever stood still.
    next = needs_.clock.steady_now() + config_.interval;
    co_await send_all();
    if (last) co_return;
  }
}

void CloudWatchExport::stop() {
  stopping_ = true;
  stop_requested_.ring();
}

awaitable<void> CloudWatchExport::send_all() {
  // Errors of theirs look like errors of CloudWatch, but nothing was sent.
  const auto credentials = co_await needs_.credentials.get();
  if (!credentials) co_return;
  auto changes = deltas_.since_told(needs_.metrics.samples(), needs_.clock.now());
  for (Batch& batch : in_batches(std::move(changes))) co_await send(std::move(batch));
}

awaitable<void> CloudWatchExport::send(Batch batch) {
  std::vector<aws::MetricDatum> data;
  data.reserve(batch.size());
  for (const auto& change : batch) data.push_back(change.datum);
  const auto sent = co_await needs_.cloudwatch.put_metric_data(config_.name_space, std::move(data));
  const bool failed = !sent.has_value();
  if (failed != std::exchange(failing_, failed)) {
    if (failed) {
      base::log_warn("worker", "metrics do not reach CloudWatch",
                     {{"error", sent.error().to_string()}, {"metrics", batch.size()}});
    } else {
      base::log_info("worker", "metrics reach CloudWatch again", {});
    }
  }
  if (failed && was_refused(sent.error())) co_return;
  needs_.metrics.exported(kExporter, failed ? "unknown" : "sent", batch.size());
  for (const auto& change : batch) deltas_.told(change);
}

}  // namespace worker
