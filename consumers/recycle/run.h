// Run: one delivery of a RecycleRequest, carried out turn by turn: read the group, ask the planner,
// do one thing, read again.
//
// Safe to destroy at any suspension point: what must survive is in the journal on the group, and
// the next delivery goes on from there. A run changes the group only while its claim (claim.h) is
// above all others, and stops at a journal that it did not write.
#pragma once

#include "base/log.h"
#include "base/span.h"
#include "consumers/recycle/claim.h"
#include "consumers/recycle/consumer.h"
#include "consumers/recycle/gates/prober.h"
#include "consumers/recycle/journal.h"
#include "consumers/recycle/planner.h"
#include "consumers/recycle/reader.h"

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace consumers::recycle {

class Run {
 public:
  // The eyes outlive the run.
  Run(Services services, Config config, ProgressObserver observer, Observer& eyes,
      Delivery delivery);

  boost::asio::awaitable<Verdict> carry_out();

 private:
  // The group as a turn sees it. It is handed from one coroutine to the next, each of which has
  // room for it in its frame, and a run that waits keeps them all: so what it holds is elsewhere.
  struct View {
    struct Held {
      Snapshot snapshot;
      std::optional<Journal> journal;
    };
    explicit View(Snapshot seen)
        : held(std::make_unique<Held>(Held{std::move(seen), std::nullopt})),
          snapshot(held->snapshot),
          journal(held->journal) {}

    std::unique_ptr<Held> held;
    Snapshot& snapshot;
    std::optional<Journal>& journal;
  };
  // How the group is to be treated: by its tags, or undone because they no longer allow it.
  struct Terms {
    Policy policy;
    std::string undo;  // non-empty: why the run under way is to be undone
  };
  using Turn = std::optional<Verdict>;  // none: the next turn

  boost::asio::awaitable<Turn> take_turn();
  boost::asio::awaitable<Turn> act(View view);
  boost::asio::awaitable<Turn> step(View view, Policy policy);
  boost::asio::awaitable<Turn> mutate(View view, Action action, std::string why);
  boost::asio::awaitable<bool> still_holds(View& view);
  // Whether the group is this run's to change. If not, the turn is over, with `verdict`.
  boost::asio::awaitable<bool> holds(const View& view, Turn& verdict);
  void wait_for_others(const View& view, base::SteadyPoint settled);
  Verdict taken_over(const View& view);
  enum class Claims { kOurs, kAll };
  bool leaves_claims(const View& view, Claims whose) const;
  boost::asio::awaitable<Turn> release(View view);
  boost::asio::awaitable<void> set_down();
  boost::asio::awaitable<void> drop_claim();
  boost::asio::awaitable<void> stop_if_cancelled();
  boost::asio::awaitable<Turn> refused(View view, base::Error error);
  boost::asio::awaitable<Turn> wait(View view, Wait step);
  boost::asio::awaitable<Turn> delegate(View view, Policy policy);
  boost::asio::awaitable<Turn> look_again_after(base::Error error);
  boost::asio::awaitable<void> pause_after(base::Error error);

  enum class Sight { kSettled, kTooEarly, kForeign, kTakenOver };
  Sight judge(const View& view);
  bool is_too_old() const;
  // A verdict when the tags end the matter at once.
  std::variant<Terms, Verdict> terms_of(const View& view) const;
  Action undoing(const View& view, const std::string& why) const;
  Verdict begins_afresh() const;
  Verdict aborted(const View& view, const Abort& abort);
  boost::asio::awaitable<Turn> rehearse(View view, Policy policy);
  RunContext context(const View& view) const;
  const std::string& run_id(const View& view) const;
  static std::string phase_name(const std::optional<Journal>& journal);
  static std::optional<int> margin(const View& view);
  void describe_step(base::ActiveSpan& span, const View& view, const Action& action) const;
  base::LogFields with_ids(base::LogFields fields) const;  // of message and trace
  void observe(const View& view, std::string phase, std::string step, Moment moment = Moment::kStep,
               const Wait* wait = nullptr);

  Services services_;
  Config config_;
  ProgressObserver observer_;
  messages::RecycleRequest request_;
  std::string message_id_;
  std::string trace_id_;  // as its sender's tools show it; empty: none
  Reader reader_;
  GateProber prober_;
  OwnClaim own_claim_;
  std::optional<base::SteadyPoint> settled_at_;  // the next turn begins then
  std::string new_run_id_;
  base::SteadyPoint started_;
  base::TimePoint began_;  // the same, by the wall clock
  static constexpr base::Duration kLookGoodFor = std::chrono::seconds(30);
  // A run begins this soon after its delivery, or with the next one: whoever stood still meanwhile
  // may have lost the message, and a claim or a journal that it begins then would be nobody's.
  static constexpr base::Duration kBeginsWithin = std::chrono::minutes(1);
  // While another delivery has the group in hand.
  static constexpr base::Duration kLookAgainAtOthers = std::chrono::minutes(5);
  base::SteadyPoint looked_at_;  // when the look began that the next mutation is based on

  // What the next reads must show, because this run did it.
  struct Expectation {
    Action action;
    aws::AutoScalingGroup before;
  };
  std::optional<Expectation> expected_;
  std::optional<Journal> journal_;  // as far as this run knows; the group's must be the same
  std::optional<std::optional<Journal>> maybe_journal_;  // what a call that failed may have made it
  std::optional<base::SteadyPoint> unsettled_since_;
  bool holds_journal_ = false;  // as last read

  std::string strategy_;  // as of the last look at the tags
  std::string run_under_way_;
  bool needs_person_ = false;   // it failed past the point of no return
  bool restored_ = false;       // this run removed its journal
  std::optional<Abort> ended_;  // the run whose journal was removed: it must not end green
  std::string last_wait_;       // a wait is logged once, not every poll
  int failed_turns_ = 0;        // in a row
  int refusals_ = 0;            // of changes, for good, since the last one that was made
};

}  // namespace consumers::recycle
