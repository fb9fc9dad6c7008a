#include "sim/sqs_errors.h"

#include <fmt/format.h>

namespace sim {

namespace {

ApiError legacy(const std::string& code, std::string message, const std::string& query_code = {}) {
  return {code, std::move(message), 400,
          "AWS.SimpleQueueService." + (query_code.empty() ? code : query_code)};
}

}  // namespace

ApiError sqs_no_queue() {
  return legacy("QueueDoesNotExist", "The specified queue does not exist.", "NonExistentQueue");
}

ApiError sqs_invalid_value(const std::string& value, const std::string& parameter,
                           const std::string& reason) {
  return sqs_invalid(fmt::format("Value {} for parameter {} is invalid. Reason: {}",
                                 value.substr(0, 1024), parameter, reason));
}

ApiError sqs_invalid(const std::string& message) {
  return {"InvalidParameterValue", message, 400, {}};
}

ApiError sqs_missing(const std::string& parameter) {
  return {"MissingParameter",
          fmt::format("The request must contain the parameter {}.", parameter),
          400,
          {}};
}

ApiError sqs_invalid_handle(const std::string& handle) {
  return {"ReceiptHandleIsInvalid",
          fmt::format("The input receipt handle \"{}\" is not a valid receipt handle.",
                      handle.substr(0, 1024)),
          400,
          {}};
}

ApiError sqs_not_in_flight() {
  return legacy("MessageNotInflight", "The specified message isn't in flight.");
}

ApiError sqs_over_limit() {
  return {"OverLimit",
          "The maximum number of in flight messages for this queue has been reached.",
          403,
          {}};
}

ApiError sqs_invalid_characters(const std::string& character) {
  return {"InvalidMessageContents",
          fmt::format("Invalid binary character '{}' was found in the message body, the set of "
                      "allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | "
                      "#x10000 to #x10FFFF",
                      character),
          400,
          {}};
}

ApiError sqs_unknown_attribute(const std::string& name) {
  return {
      "InvalidAttributeName", fmt::format("Unknown Attribute {}.", name.substr(0, 256)), 400, {}};
}

ApiError sqs_invalid_attribute(const std::string& name) {
  return {
      "InvalidAttributeValue", fmt::format("Invalid value for the parameter {}.", name), 400, {}};
}

ApiError sqs_queue_exists(const std::string& attribute) {
  return {"QueueNameExists",
          fmt::format("A queue already exists with the same name and a different value for "
                      "attribute {}",
                      attribute),
          400, "QueueAlreadyExists"};
}

ApiError sqs_deleted_recently() {
  return legacy("QueueDeletedRecently",
                "You must wait 60 seconds after deleting a queue before you can create another "
                "with the same name.");
}

ApiError sqs_purge_in_progress(const std::string& queue) {
  return legacy(
      "PurgeQueueInProgress",
      fmt::format("Only one PurgeQueue operation on {} is allowed every 60 seconds.", queue));
}

ApiError sqs_no_resource(const std::string& message) {
  return {"ResourceNotFoundException", message, 404, "ResourceNotFoundException"};
}

ApiError sqs_unsupported(const std::string& message) {
  return legacy("UnsupportedOperation", message);
}

ApiError sqs_empty_batch(const std::string& entry_type) {
  return legacy("EmptyBatchRequest",
                fmt::format("There should be at least one {} in the request.", entry_type));
}

ApiError sqs_too_many_entries(std::size_t sent) {
  return legacy(
      "TooManyEntriesInBatchRequest",
      fmt::format("Maximum number of entries per request are 10. You have sent {}.", sent));
}

ApiError sqs_ids_not_distinct(const std::string& id) {
  return legacy("BatchEntryIdsNotDistinct", fmt::format("Id {} repeated.", id));
}

ApiError sqs_invalid_entry_id() {
  return legacy("InvalidBatchEntryId",
                "A batch entry id can only contain alphanumeric characters, hyphens and "
                "underscores. It can be at most 80 letters long.");
}

ApiError sqs_batch_too_long(std::size_t bytes) {
  return legacy("BatchRequestTooLong",
                fmt::format("Batch requests cannot be longer than 1048576 bytes. You have sent {} "
                            "bytes.",
                            bytes));
}

}  // namespace sim
