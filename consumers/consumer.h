// Consumer: one kind of work. It is given a decoded message and returns a Verdict; it never sees a
// receipt handle and never touches the queue that the message came from.
#pragma once

#include "base/clock.h"
#include "messages/message.h"

#include <boost/asio/awaitable.hpp>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace consumers {

// A message to be sent before the one in hand is deleted.
struct Outgoing {
  std::string queue;  // the queue's role in the configuration: "recycles", "events"
  std::string body;
  std::string group_id;          // MessageGroupId, for FIFO queues
  std::string deduplication_id;  // MessageDeduplicationId, for FIFO queues
};

// Finished, with the outcome for the log. `outgoing` is sent first; only then the message goes.
struct Done {
  std::string reason;
  std::vector<Outgoing> outgoing;
};
// Try again after this long (the worker adds jitter and caps it); spends one receive.
struct Retry {
  base::Duration after{0};
  std::string reason;
};
// Nothing to do before `until`; spends no receive.
struct Defer {
  base::TimePoint until;
  std::string reason;
};
// Can never succeed: to the dead-letter queue, with the reason.
struct Poison {
  std::string reason;
  std::string error_kind = "invalid";  // or "decode", "unroutable", "refused", "payload"
};

using Verdict = std::variant<Done, Retry, Defer, Poison>;

// The message in hand and what is known about its delivery. Its texts outlive consume().
struct Delivery {
  messages::Message message;
  std::string_view message_id;  // SQS's; the correlation id of every log line
  int receive_count = 1;
  base::TimePoint sent_at;  // when SQS took it
  std::string_view queue;   // role of the queue it came from
};

// Looks for work that no message asks for.
class Rounds {
 public:
  virtual ~Rounds() = default;
  // Role of the queue that it sends to; a worker without that queue does not ask it to look.
  virtual std::string_view queue() const = 0;
  virtual base::Duration interval() const = 0;  // between two looks
  // What is to be sent for what was found. The worker may cancel it, as it may a consumer.
  virtual boost::asio::awaitable<base::Result<std::vector<Outgoing>>> look() = 0;
};

class Consumer {
 public:
  virtual ~Consumer() = default;
  virtual std::string_view name() const = 0;
  // Which deliveries it takes; asked in the order of the worker's list, the first yes wins.
  virtual bool accepts(const Delivery& delivery) const = 0;
  // Runs as a coroutine that the worker may cancel at any suspension point (visibility lost,
  // shutdown): it unwinds with operation_aborted and its result is dropped. An exception that
  // escapes counts as Retry. Errors of the outside world come back as a Verdict.
  virtual boost::asio::awaitable<Verdict> consume(Delivery delivery) = 0;
  // Asked once; none for most. Lives as long as the consumer.
  virtual Rounds* rounds() { return nullptr; }
};

}  // namespace consumers
