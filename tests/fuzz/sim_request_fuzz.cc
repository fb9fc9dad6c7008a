// Any bytes as a request to the simulated region: a call comes out, or an error that our own client
// can read. The first two bytes choose the service and the wire format; then a line each for the
// path and X-Amz-Target, the rest is the body.
#include "aws/error.h"
#include "sim/event_pattern.h"
#include "sim/protocol.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

std::string_view take_line(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

// PutRule's pattern against the rest of the same call.
void match_pattern(const sim::Json& arguments) {
  const auto pattern = arguments.find("EventPattern");
  const auto event = arguments.find("Event");
  if (pattern == arguments.end() || event == arguments.end()) return;
  if (sim::check_event_pattern(*pattern)) (void)sim::matches_event(*pattern, *event);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr std::array<std::string_view, 8> kServices = {
      "sqs", "autoscaling", "ec2", "elasticloadbalancing", "sts", "events", "states", "unknown"};
  if (size < 2) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  base::HttpRequest request;
  request.method = (data[1] & 1U) != 0 ? "GET" : "POST";
  request.headers = {{"Host", "127.0.0.1:4580"}};
  request.url = take_line(text);
  if (const auto target = take_line(text); !target.empty()) {
    request.headers.push_back({"X-Amz-Target", std::string(target)});
  }
  if ((data[1] & 2U) != 0) {
    request.headers.push_back({"Content-Type", "application/x-amz-json-1.0"});
  }
  request.body = text;
  const std::string guessed = sim::guess_service(request);
  const std::string service = guessed.empty() ? std::string(kServices[data[0] % 8]) : guessed;
  const sim::Wire wire = sim::wire_of(request, service);
  const sim::Decoded decoded = sim::decode_request(request, service, wire);
  if (!decoded.call.arguments.is_object() && !decoded.error) std::abort();
  const sim::ApiError refusal = decoded.error.value_or(sim::unknown_operation(decoded.call));
  const auto read =
      aws::error_from_response(service, sim::encode_error(wire, decoded.call, refusal));
  // JSON services spell some codes differently; Query and EC2 say what was meant.
  const bool same =
      wire == sim::Wire::kJson ? !read.code.starts_with("Http") : read.code == refusal.code;
  if (!same || read.message.empty()) std::abort();
  if (!decoded.error) match_pattern(decoded.call.arguments);
  return 0;
}
