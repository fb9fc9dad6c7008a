// SqsService: the simulated Amazon SQS.
//
// Standard and FIFO queues with visibility timeouts, receive counts, redrive, delays, retention,
// deduplication and long polling on the World's clock. Limits and errors as AWS documents them.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
#pragma once

#include "sim/arguments.h"
#include "sim/service.h"
#include "sim/sqs_queue.h"
#include "sim/wake_signal.h"
#include "sim/world.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sim {

class SqsService final : public Service {
 public:
  explicit SqsService(World& world) : world_(world) {}
  ~SqsService() override;

  boost::asio::awaitable<ApiOutcome> handle(ApiCall call) override;

  // What an EventBridge rule or a lifecycle hook does: false when there is no such queue, or a FIFO
  // queue is given no group. `group_id` is ignored by standard queues.
  bool deliver(const std::string& queue_arn, std::string body, const std::string& group_id = {});

  // Told of everything from now on, on queues that exist and that will. Outlives the service.
  void watch(SqsWatcher* watcher);

  // Direct looks for tests; nullptr: no such queue.
  SqsQueue* find_queue(const std::string& name);
  // {"queue": {"visible": 1, "in_flight": 2, "delayed": 0, "receives": 7, ...}}
  Json describe_for_control();

 private:
  struct Entry {
    SqsQueue queue;
    std::map<std::string, std::string> tags;
    base::TimePoint modified_at;
    std::optional<base::SteadyPoint> purged_at;
    WakeSignal arrived;
    bool deleted = false;
    std::uint64_t received = 0;  // messages handed out
    std::uint64_t sent = 0;
  };
  using EntryPtr = std::shared_ptr<Entry>;
  struct MoveTask {
    std::string handle;
    std::string source_arn;
    std::string destination_arn;  // empty: each message's own source
    std::string status = "RUNNING";
    std::string failure_reason;
    std::int64_t rate = 0;  // a second; 0: none was asked for
    std::int64_t moved = 0;
    std::int64_t to_move = 0;
    base::TimePoint started_at;
    base::SteadyPoint started;
  };
  using MoveTaskPtr = std::shared_ptr<MoveTask>;
  using Operation = ApiOutcome (SqsService::*)(const ApiCall&);
  struct BatchKind;

  struct Receive {  // a checked ReceiveMessage
    int count_max = 1;
    base::Duration visibility{0};
    base::Duration wait{0};
    std::string attempt_id;
    std::vector<std::string> system_names;
    std::vector<std::string> attribute_names;
  };

  // sqs_service.cc: queues
  ApiOutcome create_queue(const ApiCall& call);
  ApiOutcome delete_queue(const ApiCall& call);
  ApiOutcome get_queue_url(const ApiCall& call);
  ApiOutcome list_queues(const ApiCall& call);
  ApiOutcome get_queue_attributes(const ApiCall& call);
  ApiOutcome set_queue_attributes(const ApiCall& call);
  ApiOutcome purge_queue(const ApiCall& call);
  ApiOutcome tag_queue(const ApiCall& call);
  ApiOutcome untag_queue(const ApiCall& call);
  ApiOutcome list_queue_tags(const ApiCall& call);
  ApiOutcome list_dead_letter_source_queues(const ApiCall& call);
  // sqs_messages.cc: one message
  ApiOutcome send_message(const ApiCall& call);
  ApiOutcome delete_message(const ApiCall& call);
  ApiOutcome change_message_visibility(const ApiCall& call);
  boost::asio::awaitable<ApiOutcome> receive_message(ApiCall call);
  // sqs_batch.cc
  ApiOutcome send_message_batch(const ApiCall& call);
  ApiOutcome delete_message_batch(const ApiCall& call);
  ApiOutcome change_message_visibility_batch(const ApiCall& call);
  // sqs_move_tasks.cc
  ApiOutcome start_message_move_task(const ApiCall& call);
  ApiOutcome list_message_move_tasks(const ApiCall& call);
  ApiOutcome cancel_message_move_task(const ApiCall& call);
  ApiOutcome run_batch(const ApiCall& call, const BatchKind& kind);
  std::optional<ApiError> entry_fault();

  EntryPtr find(const std::string& name) const;
  // The queue that QueueUrl names; sets the reader's error when there is none.
  EntryPtr queue_of(Arguments& args) const;
  std::optional<ApiError> check_redrive(const SqsSettings& settings, const std::string& name) const;
  std::string url_of(const ApiCall& call, const std::string& name) const;
  std::map<std::string, std::string> attributes_of(Entry& entry) const;

  using Operations = std::map<std::string, Operation>;
  static const Operations& operations();
  ApiOutcome send_one(Entry& entry, const Json& json, const ApiCall& call);
  ApiOutcome delete_one(Entry& entry, const Json& json);
  ApiOutcome change_one(Entry& entry, const Json& json);
  std::optional<ApiError> read_fifo_members(Entry& entry, Arguments& args, StoredMessage& message);
  std::optional<ApiError> read_receive(Entry& entry, const Json& json, Receive& receive) const;
  SqsQueue::Bury bury_of(Entry& entry);
  boost::asio::awaitable<void> wait_for_message(EntryPtr entry, base::SteadyPoint until);
  EntryPtr find_arn(const std::string& arn) const;
  bool is_dead_letter_queue(const std::string& arn) const;
  std::optional<ApiError> check_move(const MoveTask& task) const;
  void schedule_move(const MoveTaskPtr& task);
  void move_some(const MoveTaskPtr& task);
  std::string move_one(const MoveTask& task, Entry& source);
  Json message_json(const StoredMessage& message, const Receive& receive) const;

  World& world_;
  SqsWatcher* watcher_ = nullptr;
  std::map<std::string, EntryPtr> queues_;
  std::map<std::string, base::SteadyPoint> deleted_at_;
  std::vector<MoveTaskPtr> moves_;  // the newest last
};

}  // namespace sim
