// The decoders, one small file per kind of message, and the table that picks one. Inside messages/
// only: everybody else calls decode().
//
// A new kind of event is one function here, one row in event_table.cc, one name in kinds.h and one
// example in tests/data/events.
#pragma once

#include "messages/field.h"
#include "messages/message.h"

#include <string>
#include <string_view>

namespace messages {

// Given the whole event ({"source":..,"detail-type":..,"detail":{..}}). An error names its field.
using EventDecoder = base::Result<Payload> (*)(const Field& event);

base::Result<Payload> decode_update_group(const Field& event);
base::Result<Payload> decode_set_desired_capacity(const Field& event);
base::Result<Payload> decode_other_group_call(const Field& event);
base::Result<Payload> decode_tags(const Field& event);
base::Result<Payload> decode_template_version_created(const Field& event);
base::Result<Payload> decode_template_modified(const Field& event);
base::Result<Payload> decode_instance_event(const Field& event);
base::Result<Payload> decode_lifecycle_action(const Field& event);
base::Result<Payload> decode_instance_refresh(const Field& event);

struct EventRow {
  std::string_view source;
  std::string_view detail_type;  // ends in '*' where the rest of the text is the decoder's business
  std::string_view event_name;   // of the API call, for "AWS API Call via CloudTrail"
  std::string_view kind;
  EventDecoder decoder;
};

// nullptr if no row fits.
const EventRow* find_event_row(std::string_view source, std::string_view detail_type,
                               std::string_view event_name);

// The forms that are not EventBridge events. Each predicate looks at the keys alone, so that a
// damaged message is refused by the decoder that it was meant for.
bool is_envelope(const Field& root);
base::Result<Message> decode_envelope(const Field& root);
bool is_event(const Field& root);
base::Result<Message> decode_event(const Field& root);
bool is_retirement(const Field& root);
base::Result<Message> decode_retirement(const Field& root);
bool is_hook_message(const Field& root);
base::Result<Message> decode_hook_message(const Field& root);
bool is_notification(const Field& root);
base::Result<Message> decode_notification(const Field& root);

}  // namespace messages
