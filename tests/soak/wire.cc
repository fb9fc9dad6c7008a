#include "tests/soak/wire.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace soak {

namespace {

using Json = nlohmann::json;

constexpr const char* kReceive = "ReceiveMessage";
constexpr const char* kDelete = "DeleteMessage";
constexpr const char* kHide = "ChangeMessageVisibility";

bool is_success(const test::HostileHttp::Answer& answer) {
  return answer && answer->status >= 200 && answer->status < 300;
}

std::string code_of(const test::HostileHttp::Answer& answer) {
  if (!answer) return answer.error().code;
  if (is_success(answer)) return "ok";
  const Json body = Json::parse(answer->body, nullptr, false);
  if (body.is_object() && body.contains("__type")) {
    const auto type = body["__type"].get<std::string>();
    return type.substr(type.find('#') + 1);
  }
  return fmt::format("status {}", answer->status);
}

}  // namespace

std::uint64_t Traffic::total() const {
  std::uint64_t sum = 0;
  for (const auto& [operation, count] : requests) sum += count;
  return sum;
}

std::uint64_t Traffic::of(const std::string& operation) const {
  const auto found = requests.find(operation);
  return found == requests.end() ? 0 : found->second;
}

void Wire::on_request(std::uint64_t number, const base::HttpRequest& request) {
  Request& sent = requests_[number];
  sent.operation = base::find_header(request.headers, "x-amz-target").value_or("");
  sent.operation = sent.operation.substr(sent.operation.find('.') + 1);
  sent.sent = clock_.steady_now();
  ++traffic_.requests[sent.operation];
  const bool deletes = sent.operation.starts_with(kDelete);
  const bool hides = sent.operation.starts_with(kHide);
  if (!deletes && !hides && sent.operation != kReceive) return;
  const Json body = Json::parse(request.body);
  if (sent.operation == kReceive) {
    // Without one it is the queue's own, which the soak sets to the workers'.
    sent.visibility = std::chrono::seconds(body.value("VisibilityTimeout", 30));
    return;
  }
  const Json entries = body.contains("Entries") ? body["Entries"] : Json::array({body});
  for (const Json& entry : entries) {
    Entry read{entry.value("Id", ""), entry.value("ReceiptHandle", ""),
               std::chrono::seconds(entry.value("VisibilityTimeout", 0))};
    if (deletes) {
      oracle_.deletes(worker_, read.handle);
    } else {
      oracle_.hides(worker_, read.handle, read.visibility);
      ++traffic_.extended;
    }
    sent.entries.push_back(std::move(read));
  }
}

void Wire::on_answer(std::uint64_t number, const test::HostileHttp::Answer& answer) {
  const auto found = requests_.find(number);
  if (found == requests_.end()) return;
  const Request request = std::move(found->second);
  requests_.erase(found);
  count(request.operation, answer);
  if (request.operation == kReceive) {
    if (is_success(answer)) on_messages(request, answer->body);
    return;
  }
  if (!request.entries.empty()) on_entries(request, answer);
}

void Wire::count(const std::string& operation, const test::HostileHttp::Answer& answer) {
  const std::string code = code_of(answer);
  ++traffic_.outcomes[operation + " " + code];
  if (code == "ok" || code == "Cancelled") return;
  const auto second = clock_.steady_now().time_since_epoch() / std::chrono::seconds(1);
  failed_ = second == second_ ? failed_ + 1 : 1;
  second_ = second;
  traffic_.failed_in_a_second_max = std::max(traffic_.failed_in_a_second_max, failed_);
}

void Wire::on_messages(const Request& request, const std::string& text) {
  const Json body = Json::parse(text, nullptr, false);
  if (!body.is_object() || !body.contains("Messages")) return;  // cut: nothing reached the worker
  for (const Json& message : body["Messages"]) {
    const auto receive =
        std::stoi(message["Attributes"]["ApproximateReceiveCount"].get<std::string>());
    oracle_.received(worker_, message["MessageId"].get<std::string>(),
                     message["ReceiptHandle"].get<std::string>(), receive, request.sent,
                     request.visibility);
  }
}

void Wire::on_entries(const Request& request, const test::HostileHttp::Answer& answer) {
  const bool deletes = request.operation.starts_with(kDelete);
  const bool known = answer && answer->status < 500;
  Json body;
  if (is_success(answer)) body = Json::parse(answer->body, nullptr, false);
  const bool whole = is_success(answer) && body.is_object();
  for (const Entry& entry : request.entries) {
    bool ok = whole && !request.operation.ends_with("Batch");
    bool refused = false;
    bool failed = false;
    if (whole) {
      for (const Json& success : body.value("Successful", Json::array())) {
        ok = ok || success["Id"] == entry.id;
      }
      for (const Json& failure : body.value("Failed", Json::array())) {
        if (failure["Id"] != entry.id) continue;
        (failure.value("SenderFault", false) ? refused : failed) = true;
      }
    }
    if (deletes) {
      oracle_.delete_answered(worker_, entry.handle, ok, known && (whole || !is_success(answer)));
    } else if (ok) {
      oracle_.hid(worker_, entry.handle, request.sent, entry.visibility);
    } else {
      oracle_.not_hid(entry.handle);
    }
    if (deletes && failed) oracle_.delete_failed(worker_, entry.handle);
    if (refused) oracle_.handle_refused(worker_, entry.handle);
  }
}

}  // namespace soak
