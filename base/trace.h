// TraceContext: which distributed trace a piece of work belongs to.
//
// Two notations are read and written: AWS X-Ray's tracing header, which SQS carries as the system
// attribute AWSTraceHeader, and W3C Trace Context. They say the same, so one converts to the other.
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
// https://www.w3.org/TR/trace-context/
//
// Without spans of our own (base/span.h) a context is handed on as it came, parent included: an id
// that nobody reports would cut the trace in two.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace base {

class SpanTree;

struct TraceContext {
  std::string trace_id;             // 32 lower-case hex digits, not all of them 0
  std::string parent_id;            // 16 of them; empty: X-Ray's header named no parent
  std::optional<bool> sampled;      // nothing: not decided yet, which only X-Ray can say
  bool random_id = false;           // W3C level 2: the trace id is random
  std::string trace_state;          // W3C's tracestate, as it came; may be empty
  bool from_w3c = false;            // it was read from a traceparent
  std::shared_ptr<SpanTree> spans;  // where the spans of this work belong; nullptr: none are made
};

inline constexpr std::size_t kTraceHeaderBytesMax = 1024;
inline constexpr std::size_t kTraceStateBytesMax = 512;

// "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1", fields in any
// order. Other fields are dropped, and so are a Parent or a decision of unknown form; a Root of
// unknown form is no context.
std::optional<TraceContext> parse_xray_header(std::string_view text);
// "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01"; of later versions what version 00
// knows. A `trace_state` that is too long or not printable is dropped, as the standard has it.
std::optional<TraceContext> parse_traceparent(std::string_view text,
                                              std::string_view trace_state = {});

std::string format_xray_header(const TraceContext& trace);
// Empty where there is no parent: the standard has no way to say that.
std::string format_traceparent(const TraceContext& trace);

// The id as the sender's tools show it: "1-5759e988-bd862e3fe1be46a994272793" (X-Ray's form), or
// the plain 32 digits when it came as a traceparent. For the log field trace_id.
std::string shown_trace_id(const TraceContext& trace);

}  // namespace base
