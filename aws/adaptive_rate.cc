#include "aws/adaptive_rate.h"

#include <algorithm>
#include <cmath>

namespace aws {

namespace {

constexpr double kBackOff = 0.7;      // the rate after a refusal, of the rate before it
constexpr double kCurve = 0.4;        // how steeply it grows back, 1/s^2
constexpr double kRateMin = 0.5;      // a second
constexpr double kTokensMin = 1;      // the bucket holds a second's worth, at least this
constexpr double kSmoothing = 0.8;    // weight of the newest interval
constexpr double kInterval = 0.5;     // seconds that answers are counted over
constexpr double kGrowthPerStep = 2;  // never more than this times what is really asked

// Seconds from a refusal until the curve is back at the rate before it.
double time_back(double rate_before) { return std::cbrt(rate_before * (1 - kBackOff) / kCurve); }

}  // namespace

double AdaptiveRate::seconds_of(base::SteadyPoint now) const {
  return std::chrono::duration<double>(now - origin_.value_or(now)).count();
}

std::optional<double> AdaptiveRate::limit() const {
  if (!limited_) return std::nullopt;
  return rate_;
}

void AdaptiveRate::refill(base::SteadyPoint now) {
  const double at = seconds_of(now);
  tokens_ = std::min(std::max(rate_, kTokensMin), tokens_ + (at - refilled_at_) * rate_);
  refilled_at_ = at;
}

void AdaptiveRate::measure(base::SteadyPoint now) {
  ++counted_;
  const double at = seconds_of(now);
  if (at - interval_from_ < kInterval) return;
  const double rate = counted_ / (at - interval_from_);
  measured_ = measured_ == 0 ? rate : rate * kSmoothing + measured_ * (1 - kSmoothing);
  counted_ = 0;
  interval_from_ = at;
}

base::Duration AdaptiveRate::take(base::SteadyPoint now) {
  if (!origin_) origin_ = now;
  if (!limited_) return base::Duration(0);
  refill(now);
  tokens_ -= 1;
  if (tokens_ >= 0) return base::Duration(0);
  const double wait = std::ceil(-tokens_ / rate_ * 1'000);
  if (wait < static_cast<double>(kWaitMax.count())) {
    return base::Duration(static_cast<base::Duration::rep>(wait));
  }
  tokens_ += 1;  // so many wait already that one more changes nothing
  return kWaitMax;
}

void AdaptiveRate::answered(base::SteadyPoint now, bool throttled) {
  if (!origin_) origin_ = now;
  measure(now);
  const double at = seconds_of(now);
  if (throttled) {
    const double asked = std::max(measured_, counted_ / std::max(kInterval, at - interval_from_));
    if (limited_) refill(now);
    rate_before_ = limited_ ? std::min(asked, rate_) : asked;
    throttled_at_ = at;
    if (!limited_) {
      limited_ = true;
      tokens_ = 0;
      refilled_at_ = at;
    }
    rate_ = std::max(kRateMin, rate_before_ * kBackOff);
    return;
  }
  if (!limited_) return;
  refill(now);
  const double since = at - throttled_at_;
  if (since > std::chrono::duration<double>(kFreeAgainAfter).count()) {
    limited_ = false;
    return;
  }
  const double curve = kCurve * std::pow(since - time_back(rate_before_), 3) + rate_before_;
  const double most = std::max(rate_, kGrowthPerStep * measured_);
  rate_ = std::max(kRateMin, std::min(curve, most));
}

}  // namespace aws
