#include "sim/cloudtrail_service.h"

#include "sim/arguments.h"
#include "sim/ec2_support.h"
#include "sim/protocol.h"

#include <fmt/format.h>

#include <optional>

namespace sim {

namespace {

constexpr std::int64_t kPageMax = 50;
constexpr base::Duration kKept = std::chrono::hours(24 * 90);

double epoch_seconds(base::TimePoint time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1e6;
}

std::optional<double> number_of(const Json& arguments, const char* name) {
  const auto member = arguments.find(name);
  if (member == arguments.end() || !member->is_number()) return std::nullopt;
  return member->get<double>();
}

std::string text_of(const Json& object, const char* name) {
  const auto member = object.find(name);
  return member != object.end() && member->is_string() ? member->get<std::string>() : "";
}

// The user's name: what stands behind the last slash of its ARN.
std::string user_of(const Json& detail) {
  const std::string arn = text_of(detail.value("userIdentity", Json::object()), "arn");
  return arn.substr(arn.rfind('/') + 1);
}

bool has_attribute(const Json& detail, const std::string& key, const std::string& value) {
  if (key == "EventName") return text_of(detail, "eventName") == value;
  if (key == "EventId") return text_of(detail, "eventID") == value;
  if (key == "EventSource") return text_of(detail, "eventSource") == value;
  if (key == "Username") return user_of(detail) == value;
  if (key == "ReadOnly") return value == "false";
  return false;
}

}  // namespace

CloudTrailService::CloudTrailService(World& world) : world_(world) {
  world_.listen([this](const Json& event) {
    if (event.value("detail-type", "") != "AWS API Call via CloudTrail") return;
    if (events_.size() >= kEventsMax) {
      events_.pop_front();
      ++forgotten_;
    }
    events_.push_back({world_.clock().now(), event.at("detail")});
  });
}

boost::asio::awaitable<ApiOutcome> CloudTrailService::handle(ApiCall call) {
  if (call.operation == "LookupEvents") co_return lookup_events(call.arguments);
  co_return unknown_operation(call);
}

ApiOutcome CloudTrailService::lookup_events(const Json& arguments) const {
  const std::int64_t most =
      static_cast<std::int64_t>(number_of(arguments, "MaxResults").value_or(kPageMax));
  if (most < 1 || most > kPageMax) {
    return api_error("InvalidMaxResultsException", "MaxResults must be between 1 and 50.");
  }
  const double from = number_of(arguments, "StartTime").value_or(0);
  const double to = number_of(arguments, "EndTime").value_or(1e12);
  if (from > to) return api_error("InvalidTimeRangeException", "StartTime is after EndTime.");
  const Json attributes = arguments.value("LookupAttributes", Json::array());
  if (!attributes.is_array() || attributes.size() > 1) {
    return api_error("InvalidLookupAttributesException", "Only one attribute can be given.");
  }
  // The token is the number of the newest event that was not looked at yet.
  const std::string token = text_of(arguments, "NextToken");
  std::size_t next = forgotten_ + events_.size();
  if (!token.empty()) {
    const auto number = parse_integer(token);
    if (!number || *number < 0 || static_cast<std::size_t>(*number) > next) {
      return api_error("InvalidNextTokenException", "Invalid token.");
    }
    next = static_cast<std::size_t>(*number);
  }
  const base::TimePoint oldest = world_.clock().now() - kKept;
  Json found = Json::array();
  while (next > forgotten_ && static_cast<std::int64_t>(found.size()) < most) {
    const Event& event = events_[--next - forgotten_];
    const double time = epoch_seconds(event.time);
    if (event.time < oldest || time < from || time > to) continue;
    if (!attributes.empty() && !has_attribute(event.detail, text_of(attributes[0], "AttributeKey"),
                                              text_of(attributes[0], "AttributeValue"))) {
      continue;
    }
    found.push_back({{"EventId", text_of(event.detail, "eventID")},
                     {"EventName", text_of(event.detail, "eventName")},
                     {"ReadOnly", "false"},
                     {"EventTime", time},
                     {"EventSource", text_of(event.detail, "eventSource")},
                     {"Username", user_of(event.detail)},
                     {"Resources", Json::array()},
                     {"CloudTrailEvent", dump_json(event.detail)}});
  }
  Json result = {{"Events", std::move(found)}};
  if (next > forgotten_) result["NextToken"] = std::to_string(next);
  return ApiAnswer{std::move(result), {}, {}};
}

}  // namespace sim
