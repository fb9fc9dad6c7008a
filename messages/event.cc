// EventBridge events: what they have in common, before the table picks the decoder.
//
//   {"version":"0","id":"3e3c153a-..","detail-type":"EC2 Instance Launch Successful",
//    "source":"aws.autoscaling","account":"123456789012","time":"2026-01-02T03:04:11Z",
//    "region":"eu-west-2","resources":["arn:aws:..."],"detail":{...}}
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
#include "messages/decoders.h"
#include "messages/kinds.h"

#include <fmt/format.h>

namespace messages {
namespace {

constexpr std::string_view kCall = "AWS API Call via CloudTrail";

Message unknown_event(const Field& root, std::string_view source, std::string_view detail_type,
                      std::string_view event_name) {
  Message message;
  message.kind = kind::kUnknownEvent;
  message.id = root["id"].text_if_any();
  if (const auto time = root["time"].optional_time()) {
    message.time = *time;
  }
  message.payload = Ignored{fmt::format(
      "no decoder for source {}, detail-type {}{}{}", shorten(source), shorten(detail_type),
      event_name.empty() ? "" : ", eventName ", shorten(event_name))};
  return message;
}

}  // namespace

bool is_event(const Field& root) {
  return root["source"].present() || root["detail-type"].present();
}

base::Result<Message> decode_event(const Field& root) {
  const auto source = root["source"].text();
  if (!source) {
    return source.error();
  }
  const auto detail_type = root["detail-type"].text();
  if (!detail_type) {
    return detail_type.error();
  }
  const auto detail = root["detail"].object();
  if (!detail) {
    return detail.error();
  }
  std::string_view event_name;
  if (*detail_type == kCall) {
    const auto name = (*detail)["eventName"].text();
    if (!name) {
      return name.error();
    }
    event_name = *name;
  }
  const EventRow* row = find_event_row(*source, *detail_type, event_name);
  if (row == nullptr) {
    return unknown_event(root, *source, *detail_type, event_name);
  }
  Message message;
  message.kind = row->kind;
  const auto id = root["id"].optional_text();
  const auto time = root["time"].optional_time();
  if (!id) {
    return id.error();
  }
  if (!time) {
    return time.error();
  }
  message.id = *id;
  message.time = *time;
  message.actor = (*detail)["userIdentity"]["arn"].text_if_any();
  // CloudTrail reports failed calls too; nothing changed, and requestParameters may be null.
  const std::string_view error_code = (*detail)["errorCode"].text_if_any();
  if (!error_code.empty()) {
    message.payload = Ignored{fmt::format("the call failed: {}", shorten(error_code))};
    return message;
  }
  auto payload = row->decoder(root);
  if (!payload) {
    return payload.error();
  }
  message.payload = std::move(*payload);
  return message;
}

}  // namespace messages
