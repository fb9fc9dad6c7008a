// Line: what lies between one worker and the region: numbers its calls, delays, refuses and loses
// them, and lets the worker die or freeze at exactly one of them.
#pragma once

#include "aws/error.h"
#include "aws/retry.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "sim/faults.h"
#include "sim/service.h"
#include "sim/world.h"
#include "tests/recycle_proof/met.h"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace proof {

// What the process's death looks like from inside. No std::exception: no code under test catches
// it, and none of its calls gets through afterwards.
struct Crash {};

// What is to happen to the workers, by the number of the call among all calls of the run.
struct Misfortune {
  enum class Kind { kCrashBefore, kCrashAfter, kFreeze };
  Kind kind = Kind::kCrashAfter;
  int call = 0;
  base::Duration lasts{0};  // kFreeze: the process stands still this long after the answer
  int zombie_calls = 0;     // kFreeze: calls it still makes before it learns that it was replaced
};

// After this long without a sign of life the queue gives a message to somebody else.
inline constexpr std::chrono::minutes kVisibility{2};

// As aws::Caller: a call that began longer ago is not sent again.
inline constexpr std::chrono::minutes kRepeatedWithin{1};

// Shared by the lines of all workers of a run.
struct Exchange {
  sim::World& world;
  std::vector<Misfortune> misfortunes;
  base::Duration latency{0};  // up to this long for each call
  int calls = 0;
  int mutations = 0;
  Met met;
  // A call has been carried out (and its answer not yet seen). `arguments` of mutations only.
  std::function<void(int worker, const std::string& operation, const sim::ApiCall* call,
                     const base::Error* error)>
      after;
  // A mutation is about to be carried out.
  std::function<void(int worker, const sim::ApiCall& call)> before_mutation;
  std::function<void(int worker)> on_look;    // a group is about to be read
  std::function<void(int worker)> on_freeze;  // the queue no longer hears from this worker
};

class Line {
 public:
  Line(Exchange& exchange, int worker, std::uint64_t seed)
      : exchange_(exchange), worker_(worker), random_(seed) {}

  int worker() const { return worker_; }
  bool is_dead() const { return dead_; }
  void die() { dead_ = true; }
  bool is_standing_still() const { return standing_still_; }
  Exchange& exchange() { return exchange_; }

  // One call: as aws::Caller sends it, with its retries.
  template <class T>
  boost::asio::awaitable<base::Result<T>> carry(std::string service, std::string operation,
                                                std::function<base::Result<T>()> perform,
                                                std::shared_ptr<const sim::ApiCall> mutation = {});

  // The parts of a call; also for a line that has a wire in between.
  boost::asio::awaitable<void> enter(std::string operation);
  boost::asio::awaitable<void> leave(std::string operation, const sim::ApiCall* call,
                                     std::optional<base::Error> error);

 private:
  void check_dead() const {
    if (dead_) throw Crash();
  }
  const Misfortune* due(bool before);
  [[noreturn]] void die_here();

  Exchange& exchange_;
  int worker_;
  base::Random random_;
  bool dead_ = false;
  bool standing_still_ = false;
  int number_ = 0;                        // of the call under way
  std::optional<int> zombie_calls_left_;  // set once it was frozen
};

base::Error as_error(const sim::ApiError& error);

template <class T>
boost::asio::awaitable<base::Result<T>> Line::carry(std::string service, std::string operation,
                                                    std::function<base::Result<T>()> perform,
                                                    std::shared_ptr<const sim::ApiCall> mutation) {
  static const aws::RetryPolicy kPolicy;
  const base::SteadyPoint begun = exchange_.world.clock().steady_now();
  const auto is_too_late = [&] {
    return exchange_.world.clock().steady_now() - begun > kRepeatedWithin;
  };
  for (int attempt = 1;; ++attempt) {
    co_await enter(operation);
    sim::Faults::Decision fault;
    if (!exchange_.world.faults().settings().rules.empty()) {
      sim::ApiCall named;
      named.service = service;
      named.operation = operation;
      fault = exchange_.world.faults().decide(named);
    }
    std::optional<base::Result<T>> answer;
    if (fault.refuse) {
      ++exchange_.met.refusals;
      answer.emplace(as_error(*fault.refuse));
    } else {
      if (mutation && zombie_calls_left_) ++exchange_.met.zombie_mutations;
      if (mutation && exchange_.before_mutation) exchange_.before_mutation(worker_, *mutation);
      answer.emplace(perform());
    }
    std::optional<base::Error> error;
    if (!*answer) error = answer->error();
    co_await leave(operation, mutation.get(), error);
    if (!error && fault.lose_response) {
      ++exchange_.met.lost_answers;
      error = base::Error{base::ErrorKind::kRetry, "NetworkError", "the answer was lost", {}};
      answer.emplace(*error);
    }
    if (!error) co_return std::move(*answer);
    // These may not be sent twice once they may have arrived (aws/autoscaling.cc).
    const bool once =
        operation == "TerminateInstanceInAutoScalingGroup" || operation == "DeleteTags";
    const bool repeatable = !once || error->kind == base::ErrorKind::kThrottled;
    const bool again = attempt < kPolicy.attempts_max && aws::retry_at_once(*error) && repeatable;
    if (!again || is_too_late()) co_return std::move(*answer);
    co_await exchange_.world.clock().sleep_for(aws::retry_delay(kPolicy, *error, attempt, random_));
    if (is_too_late()) co_return std::move(*answer);
  }
}

}  // namespace proof
