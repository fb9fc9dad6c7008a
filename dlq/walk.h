// Walk: goes through the messages of a queue, each seen once, hidden from others while it lasts,
// and leaves the queue as it was but for what was deleted.
//
//   next() ... keep() or erase() ... next() ... until it gives nothing; then finish().
//
// Everything that is held is extended, ten a request, before its visibility ends; what is kept is
// extended ever more seldom. An empty receive is not taken for an empty queue: SQS asks only some
// of its servers for a short poll, and messages may be hidden for a while (a consumer's, or those
// of a run that was killed). The queue's own counts say when it is over, or patience does.
//
// SQS lets 120,000 messages be in flight. Beyond that half of what is kept is given back so that
// others can come; what was seen is known when it comes again.
#pragma once

#include "aws/sqs.h"
#include "base/clock.h"
#include "base/random.h"
#include "dlq/hold.h"
#include "dlq/stop.h"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace dlq {

// References outlive whoever is given them. `polls` may be the same as `sqs`.
struct Context {
  aws::Sqs& polls;
  aws::Sqs& sqs;
  base::Clock& clock;
  base::Random& random;
};

struct WalkOptions {
  base::QueueUrl queue;
  bool fifo = false;
  base::Duration visibility = std::chrono::minutes(2);  // at least kVisibilityMin
  bool every_attribute = false;
  std::function<void()> waiting = {};  // told now and then while letters are hidden by others
};

// What could not be looked at when it ended.
struct Unseen {
  long long elsewhere = 0;  // in flight, held by somebody else
  long long blocked = 0;    // visible, but not handed out: behind held ones of their FIFO group,
                            // or beyond the in-flight limit
};

class Walk {
 public:
  static constexpr base::Duration kVisibilityMin{5'000};
  static constexpr std::size_t kHeldMax = 110'000;  // of SQS's 120,000 in flight
  static constexpr std::size_t kSeenMax = 4'000'000;
  static constexpr std::size_t kReceivesMax = 10;  // side by side
  static constexpr int kTries = 6;                 // of what SQS fails to do

  Walk(Context context, WalkOptions options, const Stop& stop);

  // Runs beside the walk until it is cancelled: extends what is held.
  boost::asio::awaitable<void> keep_hidden();

  // Messages not seen before, at most about `wanted` of them; none: the end, or stop was asked for.
  // Messages that `known` says were dealt with come as often as SQS hands them out.
  // With `patient` false one look is enough, and nothing found says nothing.
  boost::asio::awaitable<base::Result<std::vector<aws::SqsMessage>>> next(
      std::size_t wanted, std::function<bool(const LetterId&)> known, bool patient = true);

  // To be given back at the end.
  void keep(const LetterId& id);
  // No more of it: if it comes again, it is a new one.
  void forget(const LetterId& id);
  // Still surely ours for this long.
  bool holds(const LetterId& id, base::Duration margin);
  // kDenied if deleting is; asked with a receipt handle of nobody's, so that nothing is deleted.
  boost::asio::awaitable<base::Result<void>> may_erase();
  // Deletes; those that were deleted for all we know. What SQS fails to delete comes back to
  // next() after its visibility.
  boost::asio::awaitable<std::vector<LetterId>> erase(std::vector<LetterId> ids);
  // Why deleting was denied, once it was.
  const std::optional<base::Error>& erase_denied() const { return erase_denied_; }
  // Gives everything back at once; how many could not be (they come back by themselves).
  boost::asio::awaitable<std::size_t> finish();

  struct Depth {
    long long visible = 0;
    long long in_flight = 0;
    long long delayed = 0;
    long long total() const { return visible + in_flight + delayed; }
  };
  boost::asio::awaitable<base::Result<Depth>> depth();

  std::size_t held() const { return hold_.size(); }
  const Unseen& unseen() const { return unseen_; }
  std::size_t looked_at() const { return seen_.size(); }
  base::Duration visibility() const { return options_.visibility; }

 private:
  struct Answer {
    std::optional<base::Result<std::vector<aws::SqsMessage>>> messages;
    base::SteadyPoint asked;
  };

  boost::asio::awaitable<void> receive(int count, std::chrono::seconds wait, Answer& answer);
  boost::asio::awaitable<base::Result<std::vector<aws::SqsMessage>>> receive_some(
      std::size_t wanted, const std::function<bool(const LetterId&)>& known, bool patient);
  bool take_in(const aws::SqsMessage& message, base::SteadyPoint asked,
               const std::function<bool(const LetterId&)>& known);
  boost::asio::awaitable<base::Result<bool>> is_over();
  boost::asio::awaitable<bool> make_room();
  boost::asio::awaitable<void> extend(std::vector<LetterId> ids);
  boost::asio::awaitable<void> erase_batch(std::vector<LetterId> ids,
                                           std::vector<LetterId>& erased);
  boost::asio::awaitable<void> give_back(std::vector<LetterId> ids, std::size_t& failed);
  boost::asio::awaitable<void> back_off(int attempt);
  base::SteadyPoint now() const { return context_.clock.steady_now(); }

  Context context_;
  WalkOptions options_;
  const Stop& stop_;
  Hold hold_;
  LetterIds seen_;
  LetterIds deleted_;  // or about to be: not to be extended
  std::size_t width_ = 1;
  std::size_t fresh_since_room_ = 0;
  int empty_ = 0;
  base::SteadyPoint last_message_;
  bool over_limit_ = false;
  std::optional<base::Error> erase_denied_;
  Unseen unseen_;
};

}  // namespace dlq
