#include "messages/decode.h"

#include "messages/decoders.h"
#include "messages/kinds.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <set>

namespace messages {
namespace {

struct Form {
  bool (*matches)(const Field&);
  base::Result<Message> (*decode)(const Field&);
};

// Asked in this order; the first that recognises its keys decodes.
constexpr std::array kForms = {
    Form{is_envelope, decode_envelope},         Form{is_event, decode_event},
    Form{is_hook_message, decode_hook_message}, Form{is_notification, decode_notification},
    Form{is_retirement, decode_retirement},
};

base::Result<Message> decode_bare(const Field& root) {
  for (const Form& form : kForms) {
    if (form.matches(root)) {
      return form.decode(root);
    }
  }
  std::set<std::string_view> keys;
  base::each_member(root.json(), [&](std::string_view key, base::JsonValue) { keys.insert(key); });
  return base::invalid(fmt::format(
      "expected a request of ours (schemaVersion), an EventBridge event (source, detail-type), an "
      "Auto Scaling notification (Event, LifecycleTransition) or one of these inside an SNS "
      "notification; found the fields: {}",
      keys.empty() ? "none" : shorten(fmt::format("{}", fmt::join(keys, ", ")))));
}

// What SNS puts around a message without raw delivery:
//   {"Type":"Notification","MessageId":"..","TopicArn":"..","Message":"<JSON as text>",
//    "Timestamp":"2026-01-02T03:04:05.678Z", ...}
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
bool is_sns(const Field& root) { return root["Type"].present() && root["Message"].present(); }

base::Result<Message> decode_sns(const Field& root) {
  const auto type = root["Type"].text();
  if (!type) {
    return type.error();
  }
  Message outer;
  outer.kind = kind::kSnsConfirmation;
  outer.id = root["MessageId"].text_if_any();
  if (const auto time = root["Timestamp"].optional_time()) {
    outer.time = *time;
  }
  if (*type == "SubscriptionConfirmation" || *type == "UnsubscribeConfirmation") {
    outer.payload = Ignored{fmt::format("an SNS {}: somebody has to confirm it", *type)};
    return outer;
  }
  if (*type != "Notification") {
    return root["Type"].refuse("Notification, SubscriptionConfirmation or UnsubscribeConfirmation");
  }
  const auto text = root["Message"].text();
  if (!text) {
    return text.error();
  }
  const auto inner_root = parse_object(*text);
  if (!inner_root) {
    return inner_root.error().while_doing("reading Message of the SNS notification");
  }
  const Field inner(inner_root->root());
  if (is_sns(inner)) {
    return base::invalid("Message: an SNS notification inside an SNS notification is not accepted");
  }
  auto message = decode_bare(inner);
  if (!message) {
    return message.error().while_doing("reading Message of the SNS notification");
  }
  if (message->id.empty()) {
    message->id = outer.id;
  }
  if (message->time == base::TimePoint{}) {
    message->time = outer.time;
  }
  return message;
}

}  // namespace

base::Result<Message> decode(std::string_view body) {
  const auto document = parse_object(body);
  if (!document) {
    return document.error();
  }
  const Field root(document->root());
  return is_sns(root) ? decode_sns(root) : decode_bare(root);
}

}  // namespace messages
