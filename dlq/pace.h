// Pace: how many messages may go by now, at a rate that is reached by a ramp. Pure: time is given.
#pragma once

#include "base/clock.h"

#include <cstddef>

namespace dlq {

class Pace {
 public:
  static constexpr double kRampStart = 0.1;  // of the rate, rising in a straight line

  // `rate`: messages a second, 0 for no limit.
  Pace(double rate, base::Duration ramp) : rate_(rate), ramp_(ramp) {}

  bool limited() const { return rate_ > 0; }
  // Counted from the first call on. What was not used while nothing was there to send is lost but
  // for a second's worth: an idle hour does not end in a burst.
  std::size_t room(base::SteadyPoint now);
  void took(std::size_t messages) { taken_ += static_cast<double>(messages); }
  // The first moment, of those that are whole milliseconds away, at which `messages` may go.
  base::SteadyPoint when(std::size_t messages, base::SteadyPoint now);

 private:
  double allowed(base::SteadyPoint at) const;  // since the start

  double rate_;
  base::Duration ramp_;
  base::SteadyPoint started_;
  bool running_ = false;
  double taken_ = 0;
};

}  // namespace dlq
