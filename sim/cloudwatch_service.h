// CloudWatchService: alarms, and metrics that are put and asked for (sim/metric_store.h); the one
// knows nothing of the other. An alarm is created in INSUFFICIENT_DATA and has the state that
// SetAlarmState, or a test, gives it; a change goes to the bus as "CloudWatch Alarm State Change".
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/
#pragma once

#include "sim/metric_store.h"
#include "sim/service.h"
#include "sim/world.h"

#include <map>
#include <string>

namespace sim {

class CloudWatchService final : public Service {
 public:
  explicit CloudWatchService(World& world) : world_(world), metrics_(world) {}
  boost::asio::awaitable<ApiOutcome> handle(ApiCall call) override;

  // For tests: creates the alarm if there is none.
  void set_alarm(const std::string& name, const std::string& state);
  const MetricStore& metrics() const { return metrics_; }

 private:
  struct Alarm {
    std::string state = "INSUFFICIENT_DATA";
    std::string reason = "Unchecked: Initial alarm creation";
    base::TimePoint since;
    Json configuration = Json::object();  // as PutMetricAlarm was sent it
    bool composite = false;
  };

  ApiOutcome put_alarm(const ApiCall& call, bool composite);
  ApiOutcome describe_alarms(const ApiCall& call);
  ApiOutcome set_alarm_state(const ApiCall& call);
  ApiOutcome delete_alarms(const ApiCall& call);
  void change(const std::string& name, Alarm& alarm, const std::string& state,
              const std::string& reason);
  Json describe(const std::string& name, const Alarm& alarm) const;

  World& world_;
  MetricStore metrics_;
  std::map<std::string, Alarm> alarms_;
};

}  // namespace sim
