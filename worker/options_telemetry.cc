// The options of metrics and traces that are sent to others.
#include "worker/config.h"
#include "worker/xray.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace worker {
namespace {

constexpr std::size_t kDimensionsMax =
    10;  // CloudWatch takes 30; metrics have up to 3 of their own
constexpr std::size_t kNamespaceMax = 255;
constexpr std::size_t kNamesMax = 100;

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> parts_of(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    parts.push_back(trimmed(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

bool is_printable(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= ' ' && c < '\x7f'; });
}

// "NAME=VALUE;NAME=VALUE"
std::optional<Pairs> pairs_of(std::string_view text) {
  Pairs pairs;
  for (const std::string_view part : parts_of(text, ';')) {
    const auto equals = part.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view name = trimmed(part.substr(0, equals));
    const std::string_view value = trimmed(part.substr(equals + 1));
    if (!is_printable(name) || !is_printable(value) || name.find(' ') != std::string_view::npos) {
      return std::nullopt;
    }
    pairs.emplace_back(name, value);
  }
  return pairs;
}

bool set_namespace(Config& config, std::string_view text) {
  std::string& name = config.telemetry.cloudwatch.name_space;
  name = text == "off" ? std::string() : std::string(text);
  constexpr std::string_view kSigns = "_-./#:";
  return text.size() <= kNamespaceMax && !text.empty() && !text.starts_with("AWS/") &&
         std::ranges::all_of(text, [&](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                  kSigns.find(c) != std::string_view::npos;
         });
}

bool set_dimensions(Config& config, std::string_view text) {
  auto pairs = pairs_of(text);
  if (!pairs || pairs->size() > kDimensionsMax) return false;
  for (const auto& [name, value] : *pairs) {
    if (name.starts_with(':')) return false;
  }
  config.telemetry.cloudwatch.selection.dimensions = std::move(*pairs);
  return true;
}

bool set_metrics(Config& config, std::string_view text) {
  std::set<std::string> names;
  if (text != "all") {
    for (const std::string_view name : parts_of(text, ',')) {
      if (!name.starts_with("autorecycle_")) return false;
      names.emplace(name);
    }
    if (names.empty() || names.size() > kNamesMax) return false;
  }
  config.telemetry.cloudwatch.selection.names = std::move(names);
  return true;
}

bool set_interval(Config& config, std::string_view text) {
  base::Duration& interval = config.telemetry.cloudwatch.interval;
  return parse_duration(text, interval) && interval >= std::chrono::minutes(1) &&
         interval <= std::chrono::hours(1);
}

bool set_xray(Config& config, std::string_view text) {
  config.telemetry.xray_daemon = text == "off" ? std::string() : std::string(text);
  return text == "off" || is_socket_address(text);
}

bool set_otlp(Config& config, std::string_view text) {
  std::string& endpoint = config.telemetry.otlp.endpoint;
  endpoint = text == "off" ? std::string() : std::string(text);
  while (endpoint.ends_with('/')) endpoint.pop_back();
  const bool url = endpoint.starts_with("http://") || endpoint.starts_with("https://");
  return text == "off" || (url && is_printable(text) && text.find(' ') == std::string_view::npos);
}

bool set_otlp_headers(Config& config, std::string_view text) {
  const auto pairs = pairs_of(text);
  if (!pairs) return false;
  config.telemetry.otlp.headers.clear();
  for (const auto& [name, value] : *pairs) {
    config.telemetry.otlp.headers.emplace_back(name, base::Secret(value));
  }
  return true;
}

bool set_sample(Config& config, std::string_view text) {
  double share = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  config.telemetry.trace_sample = share;
  return whole && std::isfinite(share) && share >= 0 && share <= 1;
}

OptionSpec secret(OptionSpec row) {
  row.secret = true;
  return row;
}

}  // namespace

void add_telemetry_rows(std::vector<OptionSpec>& rows) {
  rows.push_back({"cloudwatch-namespace", "NAME",
                  "Send the metrics to CloudWatch, under this namespace", kWorkerScope,
                  "letters, digits and _-./#: (not AWS/...), or off", set_namespace, "off"});
  rows.push_back({"cloudwatch-dimensions", "NAME=VALUE;...",
                  "Added to every metric that goes to CloudWatch", kWorkerScope,
                  "up to 10 of NAME=VALUE separated by ;", set_dimensions, "none"});
  rows.push_back({"cloudwatch-metrics", "NAME,...", "Which metrics go to CloudWatch", kWorkerScope,
                  "names as in /metrics (autorecycle_...) separated by commas, or all", set_metrics,
                  "all"});
  rows.push_back({"cloudwatch-interval", "DURATION", "Between two exports to CloudWatch",
                  kWorkerScope, "a duration from 1m to 1h", set_interval, "1m"});
  rows.push_back({"xray-daemon", "ADDRESS:PORT", "Send traces to the X-Ray daemon there",
                  kWorkerScope, "an IP address and a port such as 127.0.0.1:2000, or off", set_xray,
                  "off"});
  rows.push_back({"otlp-endpoint", "URL", "Send traces to the OpenTelemetry collector there",
                  kWorkerScope, "an http(s) URL such as http://127.0.0.1:4318, or off", set_otlp,
                  "off"});
  rows.push_back(secret({"otlp-headers", "NAME=VALUE;...", "Headers for the collector",
                         kWorkerScope, "NAME=VALUE separated by ;", set_otlp_headers, "none"}));
  rows.push_back({"trace-sample", "SHARE",
                  "How many messages are traced, where their sender has not decided", kWorkerScope,
                  "a number from 0 to 1", set_sample, "1"});
}

}  // namespace worker
