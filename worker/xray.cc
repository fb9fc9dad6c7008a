#include "worker/xray.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace worker {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using Json = nlohmann::ordered_json;

constexpr const char* kExporter = "xray";
constexpr const char* kService = "autorecycle";
constexpr std::string_view kHeader = "{\"format\": \"json\", \"version\": 1}\n";
constexpr std::size_t kNameMax = 200;

std::optional<udp::endpoint> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  boost::system::error_code error;
  const auto address = asio::ip::make_address(std::string(host), error);
  if (error || wrong != std::errc() || end != digits.data() + digits.size() || port == 0) {
    return std::nullopt;
  }
  return udp::endpoint(address, port);
}

double seconds(base::TimePoint at) {
  return std::chrono::duration<double>(at.time_since_epoch()).count();
}

// Letters, digits, white space and a few signs; X-Ray refuses a segment with others.
std::string allowed_name(const std::string& text) {
  constexpr std::string_view kSigns = " _.:/%&#=+\\-@";
  std::string name = text.substr(0, kNameMax);
  std::ranges::replace_if(
      name,
      [&](char c) {
        const bool alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        return !alphanumeric && kSigns.find(c) == std::string_view::npos;
      },
      '_');
  return name;
}

std::string annotation_name(std::string_view attribute) {
  std::string name(attribute);
  std::ranges::replace(name, '.', '_');
  return name;
}

std::string attribute_of(const base::Span& span, std::string_view name) {
  for (const auto& [key, value] : span.attributes) {
    if (key == name) return value;
  }
  return {};
}

// What X-Ray shows of a call to AWS: the service as a node of its own.
void describe_call(Json& document, const base::Span& span) {
  document["name"] = allowed_name(attribute_of(span, "rpc.service"));
  document["namespace"] = "aws";
  document["aws"] = {{"operation", attribute_of(span, "rpc.method")}};
  if (const auto id = attribute_of(span, "aws.request_id"); !id.empty()) {
    document["aws"]["request_id"] = id;
  }
}

}  // namespace

bool is_socket_address(std::string_view text) { return parse_address(text).has_value(); }

std::string xray_document(const base::Span& span) {
  Json document;
  document["trace_id"] =
      fmt::format("1-{}-{}", span.trace_id.substr(0, 8), span.trace_id.substr(8));
  document["id"] = span.span_id;
  document["name"] = span.is_root ? kService : allowed_name(span.name);
  document["start_time"] = seconds(span.begin);
  document["end_time"] = seconds(span.end);
  if (!span.parent_id.empty()) document["parent_id"] = span.parent_id;
  if (!span.is_root) document["type"] = "subsegment";
  if (span.kind == base::Span::Kind::kClient) describe_call(document, span);
  Json annotations = Json::object();
  if (span.is_root) annotations["operation"] = span.name;
  for (const auto& [name, value] : span.attributes) annotations[annotation_name(name)] = value;
  if (!span.error.empty()) {
    document["fault"] = true;
    annotations["error"] = span.error;
  }
  document["annotations"] = std::move(annotations);
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

base::Result<std::unique_ptr<XrayExporter>> XrayExporter::open(asio::any_io_executor executor,
                                                               const std::string& address,
                                                               Metrics& metrics) {
  const auto daemon = parse_address(address);
  if (!daemon) {
    return base::invalid("xray-daemon: \"" + address +
                         "\" is not accepted; expected an IP address and a port such as "
                         "127.0.0.1:2000");
  }
  std::unique_ptr<XrayExporter> exporter(new XrayExporter(std::move(executor), metrics));
  exporter->daemon_ = *daemon;
  boost::system::error_code error;
  exporter->socket_.open(daemon->protocol(), error);
  if (!error) exporter->socket_.non_blocking(true, error);
  if (error) return base::fatal("opening a socket for X-Ray: " + error.message());
  metrics.exported(kExporter, "sent", 0);
  metrics.exported(kExporter, "dropped", 0);
  return exporter;
}

void XrayExporter::take(const base::Span& span) {
  const std::string document = xray_document(span);
  boost::system::error_code error;
  if (kHeader.size() + document.size() > kDatagramMax) {
    error = asio::error::message_size;
  } else {
    const std::array<asio::const_buffer, 2> datagram = {asio::buffer(kHeader),
                                                        asio::buffer(document)};
    socket_.send_to(datagram, daemon_, 0, error);
  }
  metrics_.exported(kExporter, error ? "dropped" : "sent", 1);
}

}  // namespace worker
