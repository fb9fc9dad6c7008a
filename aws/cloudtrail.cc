#include "aws/cloudtrail.h"

#include "aws/json.h"

#include <cmath>
#include <utility>

namespace aws {

namespace {

constexpr int kPageMax = 50;  // AWS's maximum

double epoch_seconds(base::TimePoint time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1e6;
}

// Seconds since the epoch with a fraction, as AWS's JSON protocols write times.
std::optional<base::TimePoint> time_member(const Json& object, const char* name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_number()) return std::nullopt;
  const double seconds = member->get<double>();
  if (!(std::abs(seconds) < 1e11)) return std::nullopt;
  return base::TimePoint(std::chrono::microseconds(std::llround(seconds * 1e6)));
}

base::Error malformed(const char* problem) {
  return {
      base::ErrorKind::kRetry, "MalformedResponse", std::string("LookupEvents: ") + problem, {}};
}

}  // namespace

boost::asio::awaitable<base::Result<TrailPage>> CloudTrail::lookup_events(LookupOptions options) {
  Json arguments = {{"MaxResults", kPageMax},
                    {"StartTime", epoch_seconds(options.from)},
                    {"EndTime", epoch_seconds(options.to)}};
  if (!options.event_name.empty()) {
    arguments["LookupAttributes"] = Json::array(
        {{{"AttributeKey", "EventName"}, {"AttributeValue", std::move(options.event_name)}}});
  }
  if (!options.next_token.empty()) arguments["NextToken"] = std::move(options.next_token);
  auto body = to_text("LookupEvents", arguments);
  if (!body) co_return body.error();
  ApiRequest request;
  request.service = "cloudtrail";
  request.operation = "LookupEvents";
  request.content_type = "application/x-amz-json-1.1";
  request.headers.push_back(
      {"X-Amz-Target", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"});
  request.body = std::move(*body);
  const auto response = co_await caller_.call(std::move(request));
  if (!response) co_return response.error();
  const auto answer = parse_object("LookupEvents", response->body);
  if (!answer) co_return answer.error();

  TrailPage page;
  page.next_token = text_member(*answer, "NextToken");
  const auto events = answer->find("Events");
  if (events == answer->end()) co_return page;
  if (!events->is_array()) co_return malformed("Events is no list");
  for (const Json& event : *events) {
    const auto time = event.is_object() ? time_member(event, "EventTime") : std::nullopt;
    if (!time) co_return malformed("an event without EventTime");
    page.events.push_back({text_member(event, "EventId"), text_member(event, "EventName"), *time,
                           text_member(event, "Username"), text_member(event, "CloudTrailEvent")});
  }
  co_return page;
}

}  // namespace aws
