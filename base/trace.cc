#include "base/trace.h"

#include <fmt/format.h>

#include <algorithm>

namespace base {

namespace {

constexpr std::size_t kTraceIdDigits = 32;
constexpr std::size_t kParentIdDigits = 16;
constexpr std::size_t kEpochDigits = 8;  // X-Ray writes the trace id in two parts

// A traceparent of version 00: the version, the two ids and the flags with a dash between each.
constexpr std::size_t kTraceparentBytes = 2 + 1 + kTraceIdDigits + 1 + kParentIdDigits + 1 + 2;

bool is_hex(std::string_view text, std::size_t digits) {
  return text.size() == digits && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

bool is_id(std::string_view text, std::size_t digits) {
  return is_hex(text, digits) && text.find_first_not_of('0') != std::string_view::npos;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// "1-5759e988-bd862e3fe1be46a994272793" -> the 32 digits; empty for anything else.
std::string read_root(std::string_view root) {
  constexpr std::size_t kBytes = 2 + kEpochDigits + 1 + (kTraceIdDigits - kEpochDigits);
  if (root.size() != kBytes || !root.starts_with("1-") || root[2 + kEpochDigits] != '-') return {};
  std::string id(root.substr(2, kEpochDigits));
  id += root.substr(2 + kEpochDigits + 1);
  return is_id(id, kTraceIdDigits) ? id : std::string();
}

std::string write_root(const std::string& trace_id) {
  return fmt::format("1-{}-{}", trace_id.substr(0, kEpochDigits), trace_id.substr(kEpochDigits));
}

unsigned hex_digit(char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); }

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace

std::optional<TraceContext> parse_xray_header(std::string_view text) {
  if (text.size() > kTraceHeaderBytesMax) return std::nullopt;
  TraceContext trace;
  while (!text.empty()) {
    const auto end = std::min(text.find(';'), text.size());
    const std::string_view field = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto equals = std::min(field.find('='), field.size());
    const std::string_view name = field.substr(0, equals);
    const std::string_view value = field.substr(std::min(equals + 1, field.size()));
    if (name == "Root" && trace.trace_id.empty()) {
      trace.trace_id = read_root(value);
      if (trace.trace_id.empty()) return std::nullopt;
    } else if (name == "Parent" && is_id(value, kParentIdDigits)) {
      trace.parent_id = value;
    } else if (name == "Sampled" && (value == "0" || value == "1")) {
      trace.sampled = value == "1";
    }
  }
  if (trace.trace_id.empty()) return std::nullopt;
  return trace;
}

std::optional<TraceContext> parse_traceparent(std::string_view text, std::string_view trace_state) {
  text = trim(text);
  if (text.size() < kTraceparentBytes || text.size() > kTraceHeaderBytesMax) return std::nullopt;
  const std::string_view version = text.substr(0, 2);
  if (!is_hex(version, 2) || version == "ff") return std::nullopt;
  const std::string_view rest = text.substr(kTraceparentBytes);
  // Later versions may append fields, each behind a dash; version 00 ends here.
  if (!rest.empty() && (version == "00" || rest.front() != '-')) return std::nullopt;
  const std::string_view trace_id = text.substr(3, kTraceIdDigits);
  const std::string_view parent_id = text.substr(4 + kTraceIdDigits, kParentIdDigits);
  const std::string_view flags = text.substr(kTraceparentBytes - 2, 2);
  const bool dashes =
      text[2] == '-' && text[3 + kTraceIdDigits] == '-' && text[kTraceparentBytes - 3] == '-';
  if (!dashes || !is_id(trace_id, kTraceIdDigits) || !is_id(parent_id, kParentIdDigits) ||
      !is_hex(flags, 2)) {
    return std::nullopt;
  }
  TraceContext trace;
  trace.trace_id = trace_id;
  trace.parent_id = parent_id;
  trace.sampled = (hex_digit(flags[1]) & 1U) != 0;
  trace.random_id = (hex_digit(flags[1]) & 2U) != 0;
  trace.from_w3c = true;
  trace_state = trim(trace_state);
  if (trace_state.size() <= kTraceStateBytesMax && is_printable(trace_state)) {
    trace.trace_state = trace_state;
  }
  return trace;
}

std::string format_xray_header(const TraceContext& trace) {
  std::string text = "Root=" + write_root(trace.trace_id);
  if (!trace.parent_id.empty()) text += ";Parent=" + trace.parent_id;
  if (trace.sampled) text += *trace.sampled ? ";Sampled=1" : ";Sampled=0";
  return text;
}

std::string format_traceparent(const TraceContext& trace) {
  if (trace.parent_id.empty()) return {};
  const int flags = (trace.sampled.value_or(false) ? 1 : 0) + (trace.random_id ? 2 : 0);
  return fmt::format("00-{}-{}-{:02x}", trace.trace_id, trace.parent_id, flags);
}

std::string shown_trace_id(const TraceContext& trace) {
  return trace.from_w3c ? trace.trace_id : write_root(trace.trace_id);
}

}  // namespace base
