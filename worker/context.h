// What every part of the runtime is given: one executor (one thread), time, chance, SQS, metrics.
#pragma once

#include "aws/sqs.h"
#include "base/clock.h"
#include "base/random.h"

#include <boost/asio/any_io_executor.hpp>

#include <map>
#include <optional>
#include <string>

namespace worker {

class LargePayloads;
class Metrics;
class QueueMetrics;
class Tracer;

// References outlive the runtime.
struct Context {
  boost::asio::any_io_executor executor;
  base::Clock& clock;
  base::Random& random;
  aws::Sqs& polls;  // connections of their own: a long poll never stands in the way of a delete
  aws::Sqs& sqs;    // everything else
  Metrics& metrics;
  LargePayloads& payloads;
  Tracer* tracer = nullptr;  // none: no spans are made
};

struct QueueTarget {
  base::QueueUrl url;
  bool fifo = false;
};

// One queue to be worked on, found and checked (worker/startup.h).
struct QueueSettings {
  std::string role;  // "events", "recycles", "oncall": the metrics label
  std::string name;  // for people
  QueueTarget target;
  std::optional<QueueTarget> dead_letters;
  int in_flight_max = 50;
  int pollers_max = 10;
  base::Duration visibility{60'000};
  base::Duration poll_wait{20'000};
  base::Duration retry_base{5'000};
  base::Duration retry_cap{900'000};
  base::Duration drain_deadline{30'000};
  // How often SQS hands a message out before it goes to the dead-letter queue (maxReceiveCount):
  // 0 without a redrive policy, none if that could not be read.
  std::optional<int> receives_max;
};

// SQS ends a delivery for good 12 hours after its receive; we stop this much earlier.
inline constexpr base::Duration kDeliveryMax = std::chrono::hours(12);
inline constexpr base::Duration kDeliveryMargin = std::chrono::minutes(2);
inline constexpr std::size_t kBatchMax = 10;

}  // namespace worker
