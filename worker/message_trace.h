// The trace that a message belongs to: read from it, written to what is sent because of it, named
// in every log line about it.
//
// SQS carries X-Ray's header beside the message (AWSTraceHeader, which counts against no limit);
// W3C's traceparent and tracestate are ordinary message attributes.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
#pragma once

#include "aws/sqs.h"
#include "base/log.h"
#include "base/trace.h"

#include <memory>

namespace worker {

using TracePtr = std::shared_ptr<const base::TraceContext>;

// nullptr: none, or none that can be understood. AWSTraceHeader wins over traceparent.
TracePtr trace_of_message(const aws::SqsMessage& message);
// Adds the trace to a message. Attributes that are there already stay, and so does the limit of
// ten. nullptr: nothing is added.
void carry_trace(const TracePtr& trace, aws::SendOptions& send);
// `fields`, and trace_id where there is a trace.
base::LogFields with_trace(const TracePtr& trace, base::LogFields fields);

}  // namespace worker
