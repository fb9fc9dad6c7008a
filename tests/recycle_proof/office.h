// Office: the queues as the consumers meet them. On "recycles" the requests of one component go one
// at a time (SQS FIFO), and what was sent twice within minutes arrives once; a worker that dies or
// stands still loses its message after the visibility timeout, what is retried too often becomes a
// dead letter.
#pragma once

#include "consumers/consumer.h"
#include "messages/message.h"
#include "tests/recycle_proof/stage.h"
#include "tests/recycle_proof/timeline.h"

#include <boost/asio/cancellation_signal.hpp>

#include <list>
#include <map>
#include <memory>
#include <string>

namespace proof {

struct Letter {
  enum class State { kWaiting, kInFlight, kDone, kDead, kLost };
  int number = 0;
  std::string id;  // SQS's
  std::string queue;
  messages::Message message;
  std::string lane;  // MessageGroupId; empty: not held back by others
  State state = State::kWaiting;
  base::TimePoint visible_at;
  base::TimePoint sent_at;
  int receives = 0;
  int generation = 0;  // of the delivery: what an older one answers is dropped
  int worker = 0;
  std::string outcome;  // the last verdict, for people
};

class Office {
 public:
  Office(Stage& stage, consumers::recycle::Config config, Timeline& timeline);

  Letter& send(messages::RecycleRequest request, bool beside_others = false);
  // To "events", as EventBridge delivers it.
  Letter& send_event(const std::string& body);
  // Everything in the queue is gone. From now on some worker looks for runs that nobody carries on.
  void purge();
  void start_to_sweep();
  bool sweeps() const { return sweeps_; }
  // Hands out what can be handed out; comes back by itself when there is more.
  void pump();
  // Cancels whoever still runs (zombies, mostly) and lets them end.
  void close();
  bool all_settled() const;
  const std::list<Letter>& letters() const { return letters_; }
  // Exceptions that are no Crash and no cancellation.
  const std::string& accident() const { return accident_; }

 private:
  Letter& post(std::string queue, messages::Message message, std::string lane);
  void send_on(const consumers::Outgoing& outgoing);
  void deliver(Letter& letter);
  std::unique_ptr<consumers::Consumer> consumer_for(const Letter& letter, Worker& worker);
  void ended(Letter& letter, int generation, Worker& worker, std::exception_ptr error,
             consumers::Verdict verdict);
  void lost(Letter& letter, const char* how);
  void sweep_after(base::Duration delay);
  void sweep();
  void pump_after(base::Duration delay);

  Stage& stage_;
  consumers::recycle::Config config_;
  Timeline& timeline_;
  std::list<Letter> letters_;
  std::map<std::string, base::TimePoint> sent_;  // by MessageDeduplicationId
  std::list<boost::asio::cancellation_signal> signals_;
  std::list<std::unique_ptr<consumers::Consumer>> consumers_;
  std::string accident_;
  consumers::Consumer* sweeper_ = nullptr;
  int unaware_ = 0;  // workers whose message was purged
  bool sweeps_ = false;
  bool closed_ = false;
};

}  // namespace proof
