// Replay: sends the letters of a dead-letter queue back and deletes what was sent.
//
// Rounds of at most kRound messages: look, decide, note what will be sent, send, note what was
// sent, delete that and nothing else. A crash at any point loses nothing; after a crash a message
// can be there twice only if it fell between its send and the note of it, and the next run says
// how many that are at most. On FIFO queues not even those: SQS knows them by their deduplication
// id for five minutes.
#pragma once

#include "dlq/checkpoint.h"
#include "dlq/edit.h"
#include "dlq/filter.h"
#include "dlq/pace.h"
#include "dlq/resend.h"
#include "dlq/stop.h"
#include "dlq/summary.h"
#include "dlq/targets.h"
#include "dlq/walk.h"

#include <boost/asio/awaitable.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace dlq {

// {"body":"...","attributes":{...}} in, the same out; what is left out stays as it was. An error
// leaves the message where it is.
using EditCommand =
    std::function<boost::asio::awaitable<base::Result<std::string>>(std::string json)>;

struct ReplayOptions {
  base::QueueUrl queue;
  std::string to;                       // empty: each letter's own source
  std::vector<base::QueueUrl> sources;  // whose redrive policies name the queue
  Filter filter;
  Edit edit;
  EditCommand edit_command;  // none: not asked for
  double rate = 0;           // a second; 0: no limit
  base::Duration ramp{0};
  std::size_t max = 0;     // 0: no limit
  std::size_t canary = 0;  // 0: none
  base::Duration canary_wait = std::chrono::minutes(2);
  bool dry_run = false;
  base::Duration visibility = std::chrono::minutes(2);
  std::function<void(const Summary&)> progress;  // now and then
};

class Replay {
 public:
  static constexpr std::size_t kRound = 100;
  static constexpr std::size_t kCanaryLook = 1'000;  // letters looked through for the canary
  static constexpr int kTries = 8;                   // to send one message

  // References outlive the replay.
  Replay(Context context, ReplayOptions options, Checkpoint& checkpoint, const Stop& stop);

  // Once. Exceptions of the caller's HTTP client pass through; nothing is given back then.
  boost::asio::awaitable<Summary> run();

 private:
  struct Item {
    aws::SqsMessage message;
    Letter letter;
    LetterId id{};
    Target target;
    aws::SendOptions send;
    bool sent = false;
    bool given_up = false;
    bool alone = false;   // it may have spoilt its batch
    bool unsure = false;  // nobody knows whether SQS has taken it, and it is not counted yet
    int tries = 0;
  };
  using Items = std::vector<Item>;

  boost::asio::awaitable<void> body();
  boost::asio::awaitable<base::Result<void>> go_through();
  boost::asio::awaitable<base::Result<void>> look(std::size_t count, bool patient);
  boost::asio::awaitable<void> settle(std::vector<LetterId> sent_before);
  void take(aws::SqsMessage message, std::vector<LetterId>& sent_before);
  std::size_t wanted() const;
  std::size_t left() const;
  bool only_new_ones_come();
  boost::asio::awaitable<bool> wait_for_pace();
  boost::asio::awaitable<bool> pause_for(base::Duration duration);
  boost::asio::awaitable<base::Result<void>> round(std::size_t count);
  base::Result<void> note_what_is_sent_again(const Items& items);
  base::Result<void> note_what_stays_unsure(const Items& items);
  boost::asio::awaitable<bool> prepare(Item& item);
  boost::asio::awaitable<base::Result<void>> edit(Item& item);
  boost::asio::awaitable<base::Result<void>> send_all(Items& items);
  std::vector<std::vector<std::size_t>> next_batches(const Items& items) const;
  boost::asio::awaitable<void> send_batch(Items& items, std::vector<std::size_t> positions,
                                          std::optional<base::Error>& fatal, int& passing);
  void one_failed(Items& items, std::size_t position, const base::Error& error);
  void lose(Item& item);
  void give_up(Item& item, const std::string& why, std::size_t& counter);
  boost::asio::awaitable<base::Result<bool>> canary_lives();
  void report();
  void report_waiting();

  Context context_;
  ReplayOptions options_;
  Checkpoint& checkpoint_;
  const Stop& stop_;
  Walk walk_;
  Targets targets_;
  Pace pace_;
  Summary summary_;
  std::deque<Item> in_hand_;
  LetterIds sent_;
  LetterIds produced_;
  LetterIds undeleted_;
  LetterIds uncertain_;  // of the run that was cut off: not sent again yet
  std::set<std::pair<std::string, std::string>> stopped_groups_;
  bool dry_ = false;            // the last look brought nothing
  base::SteadyPoint last_old_;  // when a letter was in hand that is not newer than the run
  bool canary_passed_ = false;
  bool may_erase_ = false;
};

}  // namespace dlq
