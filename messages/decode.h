// decode: bytes of an SQS message body -> Message.
#pragma once

#include "messages/message.h"

#include <string>
#include <string_view>

namespace messages {

// An error means garbage (Poison): not JSON, not an object, or a known kind with a field missing or
// wrong; the text names the field, what was found and what is accepted. A well-formed message of a
// kind that we do not handle is no error: it comes back as Ignored.
base::Result<Message> decode(std::string_view body);

// How the message is understood, as a JSON object: what `autorecycle decode` prints.
std::string describe(const Message& message);

// Canonical JSON of our own requests, ready to be sent.
std::string encode_recycle_request(const RecycleRequest& request, const std::string& id,
                                   base::TimePoint sent_at, const std::string& sent_by);
std::string encode_oncall_job_request(const OncallJobRequest& request, const std::string& id,
                                      base::TimePoint sent_at, const std::string& sent_by);

}  // namespace messages
