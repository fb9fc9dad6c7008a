#include "worker/tracer.h"

#include <fmt/format.h>

#include <utility>

namespace worker {
namespace {

constexpr std::size_t kSpanIdDigits = 16;
constexpr std::size_t kRandomDigits = 24;  // of a trace id: behind X-Ray's eight of the time
constexpr std::size_t kReasonBytesMax = 200;

}  // namespace

// https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-traceids
base::TraceContext Tracer::fresh() const {
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch());
  base::TraceContext trace;
  trace.trace_id = fmt::format("{:08x}", static_cast<std::uint32_t>(now.count()));
  trace.trace_id += random_.hex(kRandomDigits);
  trace.from_w3c = config_.offers_w3c;
  return trace;
}

TracePtr Tracer::begin(TracePtr from_sender, const aws::SqsMessage& message,
                       const QueueSettings& queue) {
  const std::optional<bool> decided = from_sender ? from_sender->sampled : std::nullopt;
  if (!decided.value_or(random_.chance(config_.sample))) return from_sender;
  base::TraceContext trace = from_sender ? *from_sender : fresh();

  base::Span root;
  root.trace_id = trace.trace_id;
  root.span_id = random_.hex(kSpanIdDigits);
  root.parent_id = trace.parent_id;
  root.name = queue.role + " process";
  root.kind = base::Span::Kind::kConsumer;
  root.attributes = {{"messaging.system", "aws_sqs"},
                     {"messaging.operation.name", "process"},
                     {"messaging.destination.name", queue.name},
                     {"messaging.message.id", message.message_id},
                     {"autorecycle.receives", std::to_string(message.receive_count)}};
  trace.sampled = true;
  trace.parent_id = root.span_id;
  trace.spans = std::make_shared<base::SpanTree>(*this, clock_, random_, std::move(root));
  return std::make_shared<const base::TraceContext>(std::move(trace));
}

void Tracer::ended(base::Span span) {
  for (const auto& exporter : exporters_) exporter->take(span);
}

void note_verdict(const TracePtr& trace, std::string_view kind, std::string_view verdict,
                  const std::string& reason) {
  if (trace == nullptr || trace->spans == nullptr) return;
  base::Span& root = trace->spans->root();
  root.attributes.emplace_back("autorecycle.kind", kind);
  root.attributes.emplace_back("autorecycle.verdict", verdict);
  root.attributes.emplace_back("autorecycle.reason", reason.substr(0, kReasonBytesMax));
  if (verdict == "poison" || verdict == "retry") root.error = verdict;
}

}  // namespace worker
