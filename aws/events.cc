#include "aws/events.h"

#include "aws/error.h"
#include "aws/json.h"

#include <utility>

namespace aws {

namespace {

base::Result<std::string> read_entry(const std::string& body) {
  const auto answer = parse_object("PutEvents", body);
  if (!answer) return answer.error();
  const auto entries = answer->find("Entries");
  const bool one = entries != answer->end() && entries->is_array() && entries->size() == 1;
  const Json entry = one ? entries->front() : Json();
  if (std::string code = text_member(entry, "ErrorCode"); !code.empty()) {
    const base::ErrorKind kind = error_kind(code, 400);
    return base::Error{kind, std::move(code), text_member(entry, "ErrorMessage"), {}};
  }
  std::string id = text_member(entry, "EventId");
  if (id.empty()) {
    return base::Error{base::ErrorKind::kRetry,
                       "MalformedResponse",
                       "PutEvents: an answer without the event's id",
                       {}};
  }
  return id;
}

}  // namespace

boost::asio::awaitable<base::Result<std::string>> Events::put_events(BusEvent event) {
  Json entry = {{"Source", std::move(event.source)},
                {"DetailType", std::move(event.detail_type)},
                {"Detail", std::move(event.detail)},
                {"Resources", std::move(event.resources)}};
  if (!event.bus.empty()) entry["EventBusName"] = std::move(event.bus);
  auto body = to_text("PutEvents", Json{{"Entries", Json::array({std::move(entry)})}});
  if (!body) co_return body.error();
  ApiRequest request;
  request.service = "events";
  request.operation = "PutEvents";
  request.content_type = "application/x-amz-json-1.1";
  request.headers.push_back({"X-Amz-Target", "AWSEvents.PutEvents"});
  request.body = std::move(*body);
  const auto response = co_await caller_.call(std::move(request));
  if (!response) co_return response.error();
  co_return read_entry(response->body);
}

}  // namespace aws
