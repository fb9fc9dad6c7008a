// Any bytes as a trace header of either notation: what is understood says the same after it was
// written and read again, in both.
#include "base/trace.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void check(const base::TraceContext& trace) {
  if (trace.trace_id.size() != 32) std::abort();
  if (base::shown_trace_id(trace).find('\n') != std::string::npos) std::abort();
  const auto xray = base::parse_xray_header(base::format_xray_header(trace));
  if (!xray || xray->trace_id != trace.trace_id || xray->parent_id != trace.parent_id ||
      xray->sampled != trace.sampled) {
    std::abort();
  }
  const std::string w3c = base::format_traceparent(trace);
  if (w3c.empty()) return;  // no parent: W3C has no way to say that
  const auto read = base::parse_traceparent(w3c, trace.trace_state);
  if (!read || read->trace_id != trace.trace_id || read->parent_id != trace.parent_id ||
      read->trace_state != trace.trace_state) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto trace = base::parse_xray_header(text)) check(*trace);
  const auto line = text.substr(0, text.find('\n'));
  const auto state = text.substr(std::min(text.size(), line.size() + 1));
  if (const auto trace = base::parse_traceparent(line, state)) check(*trace);
  return 0;
}
