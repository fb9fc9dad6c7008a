// PagerDuty Events v2: a failure of a group that is tagged for it pages, its next success resolves.
// https://developer.pagerduty.com/docs/send-alert-event
#pragma once

#include "aws/http_client.h"
#include "base/secret.h"
#include "consumers/recycle/notify/sink.h"

#include <string>

namespace consumers::recycle {

struct PagerDutyConfig {
  base::Secret routing_key;
  std::string region;
  std::string environment;
  std::string url = "https://events.pagerduty.com/v2/enqueue";
};

class PagerDutySink final : public Sink {
 public:
  // References outlive it.
  PagerDutySink(aws::HttpClient& http, PagerDutyConfig config)
      : http_(http), config_(std::move(config)) {}

  std::string_view name() const override { return "pagerduty"; }
  // The dedup key of failures and successes of groups tagged autorecycle_notify_pager_duty=true.
  std::optional<std::string> lane_of(const Notice& notice) const override;
  boost::asio::awaitable<Receipt> send(Notice notice) override;

 private:
  aws::HttpClient& http_;
  PagerDutyConfig config_;
};

// The event; holds the routing key. Pure.
base::Secret pager_duty_event(const Notice& notice, const PagerDutyConfig& config);

}  // namespace consumers::recycle
