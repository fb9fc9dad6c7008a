// Overload: how many messages a queue may have in hand, judged by what becomes of them.
//
// When handlers fail a lot, whatever they depend on is not helped by more of them: the allowance is
// halved, and grows again while they succeed. When nearly all fail, the circuit opens: no polls, so
// that the messages do not spend their receives on a broken dependency and end as dead letters;
// after a while one message at a time is tried. Pure: time and chance are parameters.
#pragma once

#include "base/clock.h"
#include "base/random.h"

#include <optional>

namespace worker {

class Overload {
 public:
  enum class Circuit { kClosed, kOpen, kHalfOpen };

  // Outcomes are judged in rounds of as many as may be in hand, within these bounds.
  static constexpr int kRound = 10;
  static constexpr int kRoundMax = 100;
  static constexpr double kFailingShare = 0.5;  // of a round: the allowance is halved
  static constexpr double kBrokenShare = 0.95;  // of two rounds in a row: the circuit opens
  static constexpr base::Duration kOpenFirst{15'000};
  static constexpr base::Duration kOpenMax{300'000};  // doubled at every failed probe, up to this

  Overload(int most, base::Random& random) : most_(most), allowed_(most), random_(random) {}

  // What became of a message that a consumer was given. Only what says something about the
  // dependency: done or poison is a success, a retry or an exception a failure.
  void succeeded(base::SteadyPoint now);
  void failed(base::SteadyPoint now);

  // How many may be in hand now, 0 while the circuit is open; one more than are when it is tried.
  int allowance(base::SteadyPoint now, int in_hand = 0);
  // While the circuit is open: when it is worth asking again.
  std::optional<base::SteadyPoint> opens_at() const { return open_until_; }
  Circuit circuit() const { return circuit_; }
  int most() const { return most_; }

 private:
  void judge(base::SteadyPoint now);
  void open(base::SteadyPoint now);

  int most_;
  int allowed_;
  base::Random& random_;
  int successes_ = 0;  // of this round
  int failures_ = 0;
  int broken_rounds_ = 0;
  Circuit circuit_ = Circuit::kClosed;
  int times_opened_ = 0;  // in a row
  int beside_probe_ = 0;  // in hand beside the message that is tried
  std::optional<base::SteadyPoint> open_until_;
};

const char* to_string(Overload::Circuit circuit);

}  // namespace worker
