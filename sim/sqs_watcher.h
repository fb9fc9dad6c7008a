// SqsWatcher: told of what happens to the messages of the simulated queues, at the moment it
// happens: for tests that judge a client from the server's side. Receipt handles are in
// StoredMessage::receipt. Watchers must not call back into the queue.
#pragma once

#include "sim/sqs_message.h"

#include <string>

namespace sim {

class SqsWatcher {
 public:
  virtual ~SqsWatcher() = default;
  virtual void on_stored(const std::string& /*queue*/, const StoredMessage&) {}
  // Handed out, or handed out again for the same ReceiveRequestAttemptId.
  virtual void on_received(const std::string& /*queue*/, const StoredMessage&) {}
  // A client changed its visibility; `wakes_at` and `state` say to what.
  virtual void on_visibility(const std::string& /*queue*/, const StoredMessage&) {}
  // Its delay or its visibility timeout ran out (noticed now, happened at `wakes_at`).
  virtual void on_visible(const std::string& /*queue*/, const StoredMessage&) {}
  virtual void on_deleted(const std::string& /*queue*/, const StoredMessage&) {}
  // Answered as deleted, but nothing was: an old handle, or SQS forgot.
  virtual void on_not_deleted(const std::string& /*queue*/, const std::string& /*handle*/) {}
  virtual void on_expired(const std::string& /*queue*/, const StoredMessage&) {}
  // Received too often; on its way to the dead-letter queue, where it is stored next.
  virtual void on_buried(const std::string& /*queue*/, const StoredMessage&) {}
  // Taken by a move task; stored in its destination next, under another id.
  virtual void on_moved(const std::string& /*queue*/, const StoredMessage&) {}
};

}  // namespace sim
