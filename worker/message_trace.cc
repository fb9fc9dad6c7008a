#include "worker/message_trace.h"

#include <string_view>
#include <utility>

namespace worker {
namespace {

constexpr std::string_view kTraceHeader = "AWSTraceHeader";
constexpr std::string_view kTraceparent = "traceparent";
constexpr std::string_view kTracestate = "tracestate";
constexpr std::size_t kAttributesMax = 10;

std::string_view text_attribute(const aws::SqsMessage& message, std::string_view name) {
  const auto found = message.attributes.find(name);
  const bool text = found != message.attributes.end() && found->second.data_type == "String";
  return text ? std::string_view(found->second.value) : std::string_view{};
}

void add_attribute(aws::SendOptions& send, std::string_view name, std::string value) {
  if (value.empty() || send.attributes.size() >= kAttributesMax) return;
  send.attributes.emplace(name, {"String", std::move(value)});
}

}  // namespace

TracePtr trace_of_message(const aws::SqsMessage& message) {
  auto w3c = base::parse_traceparent(text_attribute(message, kTraceparent),
                                     text_attribute(message, kTracestate));
  const auto header = message.system_attributes.find(kTraceHeader);
  if (header != message.system_attributes.end()) {
    auto trace = base::parse_xray_header(header->second);
    if (trace && w3c && trace->trace_id == w3c->trace_id) {
      // In both notations: what only W3C can say is kept, and it is handed on in both.
      trace->trace_state = std::move(w3c->trace_state);
      trace->random_id = w3c->random_id;
      trace->from_w3c = true;
    }
    if (trace) return std::make_shared<const base::TraceContext>(std::move(*trace));
  }
  if (!w3c) return nullptr;
  return std::make_shared<const base::TraceContext>(std::move(*w3c));
}

void carry_trace(const TracePtr& trace, aws::SendOptions& send) {
  if (trace == nullptr) return;
  send.trace_header = base::format_xray_header(*trace);
  if (!trace->from_w3c) return;
  add_attribute(send, kTraceparent, base::format_traceparent(*trace));
  add_attribute(send, kTracestate, trace->trace_state);
}

base::LogFields with_trace(const TracePtr& trace, base::LogFields fields) {
  if (trace != nullptr) fields.emplace_back("trace_id", base::shown_trace_id(*trace));
  return fields;
}

}  // namespace worker
