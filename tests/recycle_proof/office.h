// Office: the queue as the consumers meet it. Requests for one group go one at a time (SQS FIFO), a
// worker that dies or stands still loses its message after the visibility timeout, what is retried
// too often becomes a dead letter.
#pragma once

#include "consumers/consumer.h"
#include "messages/message.h"
#include "tests/recycle_proof/stage.h"
#include "tests/recycle_proof/timeline.h"

#include <boost/asio/cancellation_signal.hpp>

#include <list>
#include <memory>
#include <string>

namespace proof {

struct Letter {
  enum class State { kWaiting, kInFlight, kDone, kDead };
  int number = 0;
  std::string id;  // SQS's
  messages::RecycleRequest request;
  State state = State::kWaiting;
  base::TimePoint visible_at;
  base::TimePoint sent_at;
  int receives = 0;
  int generation = 0;  // of the delivery: what an older one answers is dropped
  int worker = 0;
  bool beside_others = false;  // not held back by the FIFO queue
  std::string outcome;         // the last verdict, for people
};

class Office {
 public:
  Office(Stage& stage, consumers::recycle::Config config, Timeline& timeline);

  Letter& send(messages::RecycleRequest request, bool beside_others = false);
  // Hands out what can be handed out; comes back by itself when there is more.
  void pump();
  // Cancels whoever still runs (zombies, mostly) and lets them end.
  void close();
  bool all_settled() const;
  const std::list<Letter>& letters() const { return letters_; }
  // Exceptions that are no Crash and no cancellation.
  const std::string& accident() const { return accident_; }

 private:
  void deliver(Letter& letter);
  void ended(Letter& letter, int generation, Worker& worker, std::exception_ptr error,
             consumers::Verdict verdict);
  void lost(Letter& letter, const char* how);
  void pump_after(base::Duration delay);

  Stage& stage_;
  consumers::recycle::Config config_;
  Timeline& timeline_;
  std::list<Letter> letters_;
  std::list<boost::asio::cancellation_signal> signals_;
  std::list<std::unique_ptr<consumers::Consumer>> consumers_;
  std::string accident_;
  bool closed_ = false;
};

}  // namespace proof
