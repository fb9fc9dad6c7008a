// SqsService: the three batch calls. Each entry is the single call's, answered on its own.
#include "sim/sqs_errors.h"
#include "sim/sqs_service.h"

#include <algorithm>
#include <set>

namespace sim {

namespace {

constexpr std::size_t kEntriesMax = 10;
constexpr std::size_t kIdMax = 80;

bool is_entry_id(const std::string& id) {
  return !id.empty() && id.size() <= kIdMax && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

std::string id_of(const Json& entry) {
  const auto id = entry.find("Id");
  return id == entry.end() ? std::string() : scalar_text(*id).value_or("");
}

Json failed_entry(const std::string& id, const ApiError& error) {
  return {{"Id", id},
          {"SenderFault", error.status < 500},
          {"Code", error.query_code.empty() ? error.code : error.query_code},
          {"Message", error.message}};
}

// Of a send batch: what all entries weigh together. Unreadable parts weigh nothing; they fail
// later.
std::size_t batch_bytes(const std::vector<Json>& entries) {
  std::size_t bytes = 0;
  for (const Json& entry : entries) {
    const auto body = entry.find("MessageBody");
    if (body != entry.end() && body->is_string())
      bytes += body->get_ref<const std::string&>().size();
    MessageAttributes attributes;
    const auto json = entry.find("MessageAttributes");
    if (json != entry.end() && !read_attributes(*json, attributes)) {
      bytes += bytes_of({}, attributes);
    }
  }
  return bytes;
}

}  // namespace

std::optional<ApiError> SqsService::entry_fault() {
  if (world_.faults().batch_entry_fails()) {
    return ApiError{
        "InternalError", "We encountered an internal error. Please try again.", 500, {}};
  }
  if (world_.faults().batch_entry_refused()) {
    return ApiError{"ReceiptHandleIsInvalid", "The input receipt handle is invalid.", 400, {}};
  }
  return std::nullopt;
}

struct SqsService::BatchKind {
  const char* entry_type;  // for the error text
  ApiOutcome (*run)(SqsService&, Entry&, const Json&, const ApiCall&);
  bool limits_bytes;
};

ApiOutcome SqsService::run_batch(const ApiCall& call, const BatchKind& kind) {
  Arguments args(call.arguments, ErrorStyle::kSqs);
  const EntryPtr entry = queue_of(args);
  const std::vector<Json> entries = args.objects("Entries");
  if (args.error()) return *args.error();
  if (entries.empty()) return sqs_empty_batch(kind.entry_type);
  if (entries.size() > kEntriesMax) return sqs_too_many_entries(entries.size());
  std::set<std::string> ids;
  for (const Json& item : entries) {
    const std::string id = id_of(item);
    if (!is_entry_id(id)) return sqs_invalid_entry_id();
    if (!ids.insert(id).second) return sqs_ids_not_distinct(id);
  }
  if (kind.limits_bytes) {
    const std::size_t bytes = batch_bytes(entries);
    if (bytes > kMessageBytesMax) return sqs_batch_too_long(bytes);
  }
  ApiAnswer answer;
  answer.result["Successful"] = Json::array();
  for (const Json& item : entries) {
    const std::string id = id_of(item);
    const std::optional<ApiError> fault = entry_fault();
    ApiOutcome outcome = fault ? ApiOutcome(*fault) : kind.run(*this, *entry, item, call);
    if (const auto* error = std::get_if<ApiError>(&outcome)) {
      answer.result["Failed"].push_back(failed_entry(id, *error));
      continue;
    }
    Json success = {{"Id", id}};
    success.update(std::get<ApiAnswer>(outcome).result);
    answer.result["Successful"].push_back(std::move(success));
  }
  return answer;
}

ApiOutcome SqsService::send_message_batch(const ApiCall& call) {
  const BatchKind kind{"SendMessageBatchRequestEntry",
                       [](SqsService& self, Entry& entry, const Json& item, const ApiCall& batch) {
                         return self.send_one(entry, item, batch);
                       },
                       true};
  return run_batch(call, kind);
}

ApiOutcome SqsService::delete_message_batch(const ApiCall& call) {
  const BatchKind kind{"DeleteMessageBatchRequestEntry",
                       [](SqsService& self, Entry& entry, const Json& item, const ApiCall&) {
                         return self.delete_one(entry, item);
                       },
                       false};
  return run_batch(call, kind);
}

ApiOutcome SqsService::change_message_visibility_batch(const ApiCall& call) {
  const BatchKind kind{"ChangeMessageVisibilityBatchRequestEntry",
                       [](SqsService& self, Entry& entry, const Json& item, const ApiCall&) {
                         return self.change_one(entry, item);
                       },
                       false};
  return run_batch(call, kind);
}

}  // namespace sim
