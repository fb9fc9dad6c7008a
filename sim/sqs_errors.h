// SQS's errors in SQS's own words. The JSON protocol and Query spell some codes differently
// (awsQueryCompatible); both spellings are in the ApiError.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
#pragma once

#include "sim/service.h"

#include <cstddef>
#include <string>

namespace sim {

ApiError sqs_no_queue();
ApiError sqs_invalid_value(const std::string& value, const std::string& parameter,
                           const std::string& reason);
ApiError sqs_invalid(const std::string& message);  // InvalidParameterValue with a text of its own
ApiError sqs_missing(const std::string& parameter);
ApiError sqs_invalid_handle(const std::string& handle);
ApiError sqs_not_in_flight();
ApiError sqs_over_limit();
ApiError sqs_invalid_characters(const std::string& character);
ApiError sqs_unknown_attribute(const std::string& name);
ApiError sqs_invalid_attribute(const std::string& name);
ApiError sqs_queue_exists(const std::string& attribute);
ApiError sqs_deleted_recently();
ApiError sqs_purge_in_progress(const std::string& queue);
ApiError sqs_no_resource(const std::string& message);  // of move tasks
ApiError sqs_unsupported(const std::string& message);  // not in this state

ApiError sqs_empty_batch(const std::string& entry_type);
ApiError sqs_too_many_entries(std::size_t sent);
ApiError sqs_ids_not_distinct(const std::string& id);
ApiError sqs_invalid_entry_id();
ApiError sqs_batch_too_long(std::size_t bytes);

}  // namespace sim
