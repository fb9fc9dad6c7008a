// AdaptiveRate: how fast a client may ask when the server says "slow down".
//
// Free until the server throttles for the first time. Then a bucket of tokens is filled at seven
// tenths of the rate that was measured; the rate grows back along a cubic curve, slowly around what
// was too much the last time and fast beyond it (as TCP CUBIC does, RFC 9438, and the AWS SDKs in
// their "adaptive" mode). Ten minutes without a refusal, and it is free again. Pure: time is a
// parameter.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
#pragma once

#include "base/clock.h"

#include <optional>

namespace aws {

class AdaptiveRate {
 public:
  static constexpr base::Duration kFreeAgainAfter = std::chrono::minutes(10);
  static constexpr base::Duration kWaitMax = std::chrono::seconds(30);

  // Takes the right to ask once; how long to wait before it is used.
  base::Duration take(base::SteadyPoint now);
  // What came of it.
  void answered(base::SteadyPoint now, bool throttled);

  // Requests a second; none while nothing limits them.
  std::optional<double> limit() const;

 private:
  void measure(base::SteadyPoint now);
  void refill(base::SteadyPoint now);
  double seconds_of(base::SteadyPoint now) const;

  bool limited_ = false;
  double rate_ = 0;      // tokens a second
  double tokens_ = 0;    // below zero: promised to those who wait
  double measured_ = 0;  // answers a second, smoothed
  int counted_ = 0;      // answers in the interval that runs
  double interval_from_ = 0;
  double refilled_at_ = 0;
  double rate_before_ = 0;  // when it was throttled last
  double throttled_at_ = 0;
  std::optional<base::SteadyPoint> origin_;  // times are seconds since then
};

}  // namespace aws
