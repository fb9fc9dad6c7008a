#include "sim/sqs_service.h"

#include "sim/protocol.h"
#include "sim/sqs_errors.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds kPurgeEvery{60};
constexpr std::chrono::seconds kRecreateAfter{60};
constexpr std::size_t kQueueNameMax = 80;
constexpr std::size_t kListMax = 1'000;

bool is_queue_name(std::string name) {
  if (name.size() > kQueueNameMax) return false;
  if (name.ends_with(".fifo")) name.resize(name.size() - 5);
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

std::string name_in_arn(const std::string& arn) { return arn.substr(arn.rfind(':') + 1); }

std::string unix_seconds(base::TimePoint time) {
  return fmt::format(
      "{}", std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

ApiAnswer answer(Json result = Json::object()) { return ApiAnswer{std::move(result), {}, {}}; }

}  // namespace

const SqsService::Operations& SqsService::operations() {
  static const Operations table = {
      {"CreateQueue", &SqsService::create_queue},
      {"DeleteQueue", &SqsService::delete_queue},
      {"GetQueueUrl", &SqsService::get_queue_url},
      {"ListQueues", &SqsService::list_queues},
      {"GetQueueAttributes", &SqsService::get_queue_attributes},
      {"SetQueueAttributes", &SqsService::set_queue_attributes},
      {"PurgeQueue", &SqsService::purge_queue},
      {"TagQueue", &SqsService::tag_queue},
      {"UntagQueue", &SqsService::untag_queue},
      {"ListQueueTags", &SqsService::list_queue_tags},
      {"ListDeadLetterSourceQueues", &SqsService::list_dead_letter_source_queues},
      {"StartMessageMoveTask", &SqsService::start_message_move_task},
      {"ListMessageMoveTasks", &SqsService::list_message_move_tasks},
      {"CancelMessageMoveTask", &SqsService::cancel_message_move_task},
      {"SendMessage", &SqsService::send_message},
      {"SendMessageBatch", &SqsService::send_message_batch},
      {"DeleteMessage", &SqsService::delete_message},
      {"DeleteMessageBatch", &SqsService::delete_message_batch},
      {"ChangeMessageVisibility", &SqsService::change_message_visibility},
      {"ChangeMessageVisibilityBatch", &SqsService::change_message_visibility_batch},
  };
  return table;
}

// A poll that waits holds its queue, and the queue's signal holds the poll.
SqsService::~SqsService() {
  for (const auto& [name, entry] : queues_) entry->arrived.abandon();
}

asio::awaitable<ApiOutcome> SqsService::handle(ApiCall call) {
  if (call.operation == "ReceiveMessage") co_return co_await receive_message(std::move(call));
  const auto operation = operations().find(call.operation);
  if (operation == operations().end()) co_return unknown_operation(call);
  co_return (this->*operation->second)(call);
}

bool SqsService::deliver(const std::string& queue_arn, std::string body,
                         const std::string& group_id) {
  const EntryPtr entry = find(name_in_arn(queue_arn));
  if (!entry || world_.arn("sqs", entry->queue.name()) != queue_arn) return false;
  const SqsSettings& settings = entry->queue.settings();
  if (settings.fifo && group_id.empty()) return false;
  if (body.size() > settings.message_bytes_max) return false;
  StoredMessage message;
  message.deduplication_id = settings.fifo ? sha256_hex_of(body) : "";
  message.body = std::move(body);
  message.group_id = settings.fifo ? group_id : "";
  message.sender_id = "AIDAEVENTBRIDGE";
  entry->queue.send(std::move(message), std::nullopt);
  ++entry->sent;
  entry->arrived.notify();
  return true;
}

SqsService::EntryPtr SqsService::find(const std::string& name) const {
  const auto found = queues_.find(name);
  return found == queues_.end() ? nullptr : found->second;
}

void SqsService::watch(SqsWatcher* watcher) {
  watcher_ = watcher;
  for (const auto& [name, entry] : queues_) entry->queue.watch(watcher);
}

SqsQueue* SqsService::find_queue(const std::string& name) {
  const EntryPtr entry = find(name);
  return entry ? &entry->queue : nullptr;
}

SqsService::EntryPtr SqsService::queue_of(Arguments& args) const {
  const std::string url = args.required_text("QueueUrl");
  if (args.error()) return nullptr;
  // "http://host/123456789012/name": the host does not matter, the account does.
  const std::size_t slash = url.rfind('/');
  const std::string name = slash == std::string::npos ? url : url.substr(slash + 1);
  const bool account_ok =
      slash == std::string::npos || url.substr(0, slash).ends_with("/" + world_.config().account);
  EntryPtr entry = account_ok ? find(name) : nullptr;
  if (!entry) args.fail(sqs_no_queue());
  return entry;
}

std::string SqsService::url_of(const ApiCall& call, const std::string& name) const {
  std::string endpoint = call.endpoint;
  if (endpoint.empty()) {
    endpoint = fmt::format("https://sqs.{}.amazonaws.com", world_.config().region);
  }
  return fmt::format("{}/{}/{}", endpoint, world_.config().account, name);
}

std::optional<ApiError> SqsService::check_redrive(const SqsSettings& settings,
                                                  const std::string& name) const {
  if (!settings.redrive) return std::nullopt;
  const std::string& arn = settings.redrive->target_arn;
  const std::string policy = settings.shown().at("RedrivePolicy");
  const EntryPtr target = find(name_in_arn(arn));
  if (!target || target->queue.name() == name || world_.arn("sqs", name_in_arn(arn)) != arn) {
    return sqs_invalid_value(policy, "RedrivePolicy", "Dead letter target does not exist.");
  }
  if (target->queue.settings().fifo != settings.fifo) {
    return sqs_invalid_value(policy, "RedrivePolicy",
                             "Dead-letter queue must be same type of queue as the source.");
  }
  return std::nullopt;
}

ApiOutcome SqsService::create_queue(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kSqs);
  const std::string name = args.required_text("QueueName");
  const auto attributes = args.text_map("Attributes");
  auto tags = args.text_map("tags");
  if (args.error()) return *args.error();
  if (!is_queue_name(name)) {
    return sqs_invalid(
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
  }
  SqsSettings settings;
  if (auto error = settings.apply(attributes, true)) return *error;
  if (settings.fifo != name.ends_with(".fifo")) {
    return sqs_invalid(
        "The name of a FIFO queue can only include alphanumeric characters, hyphens, "
        "or underscores, must end with .fifo suffix and be 1 to 80 in length.");
  }
  if (const EntryPtr existing = find(name)) {
    const auto shown = existing->queue.settings().shown();
    for (const auto& [key, value] : settings.shown()) {
      const auto same = shown.find(key);
      if (attributes.contains(key) && (same == shown.end() || same->second != value)) {
        return sqs_queue_exists(key);
      }
    }
    return answer({{"QueueUrl", url_of(call, name)}});
  }
  if (auto error = check_redrive(settings, name)) return *error;
  const auto deleted = deleted_at_.find(name);
  if (deleted != deleted_at_.end()) {
    if (world_.clock().steady_now() < deleted->second + kRecreateAfter) {
      return sqs_deleted_recently();
    }
    deleted_at_.erase(deleted);
  }
  queues_[name] = EntryPtr(new Entry{SqsQueue(name, world_.random().hex(16), settings,
                                              world_.clock(), world_.random(), world_.faults()),
                                     std::move(tags),
                                     world_.clock().now(),
                                     {},
                                     {},
                                     false,
                                     0,
                                     0});
  queues_[name]->queue.watch(watcher_);
  return answer({{"QueueUrl", url_of(call, name)}});
}

ApiOutcome SqsService::delete_queue(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kSqs);
  const EntryPtr entry = queue_of(args);
  if (!entry) return *args.error();
  entry->deleted = true;
  entry->arrived.notify_all();
  deleted_at_[entry->queue.name()] = world_.clock().steady_now();
  queues_.erase(entry->queue.name());
  return answer();
}

ApiOutcome SqsService::get_queue_url(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kSqs);
  const std::string name = args.required_text("QueueName");
  if (args.error()) return *args.error();
  const std::string owner = args.text_or("QueueOwnerAWSAccountId", world_.config().account);
  if (!find(name) || owner != world_.config().account) return sqs_no_queue();
  return answer({{"QueueUrl", url_of(call, name)}});
}

ApiOutcome SqsService::list_queues(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kSqs);
  const std::string prefix = args.text_or("QueueNamePrefix", {});
  const std::int64_t max = args.integer_or("MaxResults", kListMax);
  const std::string after = args.text_or("NextToken", {});
  if (args.error()) return *args.error();
  if (max < 1 || max > static_cast<std::int64_t>(kListMax)) {
    return sqs_invalid_value(fmt::format("{}", max), "MaxResults",
                             "MaxResults must be an integer between 1 and 1000.");
  }
  Json urls = Json::array();
  Json result = Json::object();
  std::string last;
  for (auto it = queues_.upper_bound(after); it != queues_.end(); ++it) {
    if (!it->first.starts_with(prefix)) continue;
    if (static_cast<std::int64_t>(urls.size()) == max) {
      // Without MaxResults SQS cuts the list off without a token.
      if (args.has("MaxResults")) result["NextToken"] = last;
      break;
    }
    last = it->first;
    urls.push_back(url_of(call, last));
  }
  if (!urls.empty()) result["QueueUrls"] = std::move(urls);
  return answer(std::move(result));
}

std::map<std::string, std::string> SqsService::attributes_of(Entry& entry) const {
  std::map<std::string, std::string> all = entry.queue.settings().shown();
  const SqsQueue::Counts counts = entry.queue.counts();
  all["ApproximateNumberOfMessages"] = fmt::format("{}", counts.visible);
  all["ApproximateNumberOfMessagesNotVisible"] = fmt::format("{}", counts.in_flight);
  all["ApproximateNumberOfMessagesDelayed"] = fmt::format("{}", counts.delayed);
  all["CreatedTimestamp"] = unix_seconds(entry.queue.created_at());
  all["LastModifiedTimestamp"] = unix_seconds(entry.modified_at);
  all["QueueArn"] = world_.arn("sqs", entry.queue.name());
  return all;
}

ApiOutcome SqsService::get_queue_attributes(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kSqs);
  const EntryPtr entry = queue_of(args);
  const std::vector<std::string> names = args.texts("AttributeNames");
  if (args.error()) return *args.error();
  const auto all = attributes_of(*entry);
  Json shown = Json::object();
  for (const std::string& name : names) {
    if (name == "All") {
      for (const auto& [key, value] : all) shown[key] = value;
    } else if (!is_queue_attribute(name)) {
      return sqs_unknown_attribute(name);
    } else if (const auto found = all.find(name); found != all.end()) {
      shown[name] = found->second;
    }
  }
  Json result = Json::object();
  if (!shown.empty()) result["Attributes"] = std::move(shown);
  return answer(std::move(result));
}

ApiOutcome SqsService::set_queue_attributes(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kSqs);
  const EntryPtr entry = queue_of(args);
  const auto attributes = args.text_map("Attributes");
  if (args.error()) return *args.error();
  if (attributes.empty()) return sqs_missing("Attribute.Name");
  SqsSettings settings = entry->queue.settings();
  if (auto error = settings.apply(attributes, false)) return *error;
  if (attributes.contains("RedrivePolicy")) {
    if (auto error = check_redrive(settings, entry->queue.name())) return *error;
  }
  entry->queue.settings() = std::move(settings);
  entry->modified_at = world_.clock().now();
  return answer();
}

ApiOutcome SqsService::purge_queue(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kSqs);
  const EntryPtr entry = queue_of(args);
  if (!entry) return *args.error();
  const base::SteadyPoint now = world_.clock().steady_now();
  if (entry->purged_at && now < *entry->purged_at + kPurgeEvery) {
    return sqs_purge_in_progress(entry->queue.name());
  }
  entry->purged_at = now;
  entry->queue.purge();
  return answer();
}

ApiOutcome SqsService::tag_queue(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kSqs);
  const EntryPtr entry = queue_of(args);
  const auto tags = args.text_map("Tags");
  if (args.error()) return *args.error();
  if (tags.empty()) return sqs_missing("Tags");
  for (const auto& [key, value] : tags) entry->tags[key] = value;
  return answer();
}

ApiOutcome SqsService::untag_queue(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kSqs);
  const EntryPtr entry = queue_of(args);
  const auto keys = args.required_texts("TagKeys");
  if (args.error()) return *args.error();
  for (const std::string& key : keys) entry->tags.erase(key);
  return answer();
}

ApiOutcome SqsService::list_queue_tags(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kSqs);
  const EntryPtr entry = queue_of(args);
  if (!entry) return *args.error();
  Json result = Json::object();
  for (const auto& [key, value] : entry->tags) result["Tags"][key] = value;
  return answer(std::move(result));
}

ApiOutcome SqsService::list_dead_letter_source_queues(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kSqs);
  const EntryPtr entry = queue_of(args);
  if (!entry) return *args.error();
  const std::string arn = world_.arn("sqs", entry->queue.name());
  Json urls = Json::array();
  for (const auto& [name, source] : queues_) {
    const auto& redrive = source->queue.settings().redrive;
    if (redrive && redrive->target_arn == arn) urls.push_back(url_of(call, name));
  }
  return answer({{"queueUrls", std::move(urls)}});
}

Json SqsService::describe_for_control() {
  Json all = Json::object();
  for (const auto& [name, entry] : queues_) {
    const SqsQueue::Counts counts = entry->queue.counts();
    all[name] = {{"visible", counts.visible},
                 {"in_flight", counts.in_flight},
                 {"delayed", counts.delayed},
                 {"waiting_receives", entry->arrived.waiting()},
                 {"sent", entry->sent},
                 {"received", entry->received},
                 {"deleted", entry->queue.deleted()}};
  }
  return all;
}

}  // namespace sim
