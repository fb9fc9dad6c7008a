#include "worker/overload.h"

#include <algorithm>

namespace worker {

void Overload::succeeded(base::SteadyPoint now) {
  if (circuit_ == Circuit::kHalfOpen) {
    // The dependency is back. Not everything at once: the allowance grows from here.
    circuit_ = Circuit::kClosed;
    times_opened_ = 0;
    broken_rounds_ = 0;
    successes_ = failures_ = 0;
  }
  ++successes_;
  judge(now);
}

void Overload::failed(base::SteadyPoint now) {
  if (circuit_ == Circuit::kHalfOpen) {
    open(now);
    return;
  }
  ++failures_;
  judge(now);
}

void Overload::judge(base::SteadyPoint now) {
  const int outcomes = successes_ + failures_;
  if (circuit_ != Circuit::kClosed || outcomes < std::clamp(allowed_, kRound, kRoundMax)) return;
  const double failing = double(failures_) / outcomes;
  successes_ = failures_ = 0;
  broken_rounds_ = failing >= kBrokenShare ? broken_rounds_ + 1 : 0;
  if (broken_rounds_ >= 2) {
    open(now);
  } else if (failing >= kFailingShare) {
    allowed_ = std::max(1, allowed_ / 2);
  } else {
    allowed_ = std::min(most_, allowed_ + std::max(1, allowed_ / 4));
  }
}

void Overload::open(base::SteadyPoint now) {
  circuit_ = Circuit::kOpen;
  allowed_ = std::min(kRound, most_);
  broken_rounds_ = 0;
  successes_ = failures_ = 0;
  const auto length = std::min(kOpenFirst * (1 << std::min(times_opened_, 10)), kOpenMax);
  ++times_opened_;
  // Half of it is jitter: workers that broke together should not probe together.
  const auto half = static_cast<double>(length.count()) / 2;
  open_until_ = now + base::Duration(static_cast<std::int64_t>(half + half * random_.uniform()));
}

int Overload::allowance(base::SteadyPoint now, int in_hand) {
  if (circuit_ == Circuit::kOpen) {
    if (now < *open_until_) return 0;
    circuit_ = Circuit::kHalfOpen;
    open_until_.reset();
    beside_probe_ = in_hand;
  }
  if (circuit_ == Circuit::kClosed) return allowed_;
  // What runs for hours must not keep the dependency from being tried.
  beside_probe_ = std::min(beside_probe_, in_hand);
  return beside_probe_ + 1;
}

const char* to_string(Overload::Circuit circuit) {
  switch (circuit) {
    case Overload::Circuit::kClosed:
      return "closed";
    case Overload::Circuit::kOpen:
      return "open";
    case Overload::Circuit::kHalfOpen:
      return "half-open";
  }
  return "unknown";
}

}  // namespace worker
