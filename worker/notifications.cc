#include "worker/notifications.h"

#include "consumers/recycle/notify/aws_sinks.h"
#include "consumers/recycle/notify/pager_duty.h"
#include "consumers/recycle/notify/slack.h"

#include <utility>
#include <vector>

namespace worker {

namespace recycle = consumers::recycle;

namespace {

template <class Value>
std::set<std::string> names_of(const std::map<std::string, Value>& named) {
  std::set<std::string> names;
  for (const auto& [name, value] : named) names.insert(name);
  return names;
}

}  // namespace

std::unique_ptr<recycle::Notifier> make_notifier(NotifyClients clients, const Config& config,
                                                 const std::string& region,
                                                 boost::asio::any_io_executor executor,
                                                 base::Clock& clock, base::Random& random) {
  const NotifyConfig& notify = config.notify;
  std::vector<std::unique_ptr<recycle::Sink>> sinks;
  if (!notify.slack_token.empty() || !notify.slack_webhook.empty()) {
    recycle::SlackConfig slack;
    slack.webhook = notify.slack_webhook;
    slack.token = notify.slack_token;
    slack.channel = notify.slack_channel.empty() ? config.success_channel : notify.slack_channel;
    slack.failure_channel = notify.slack_failure_channel;
    slack.environment = notify.environment;
    slack.api = notify.slack_api;
    sinks.push_back(std::make_unique<recycle::SlackSink>(clients.http, std::move(slack)));
  }
  if (!notify.pagerduty_key.empty()) {
    recycle::PagerDutyConfig pager;
    pager.routing_key = notify.pagerduty_key;
    pager.region = region;
    pager.environment = notify.environment;
    pager.url = notify.pagerduty_url;
    sinks.push_back(std::make_unique<recycle::PagerDutySink>(clients.http, std::move(pager)));
  }
  if (!notify.sns_topic.empty()) {
    sinks.push_back(
        std::make_unique<recycle::SnsSink>(clients.sns, notify.sns_topic, notify.environment));
  }
  if (!notify.event_bus.empty()) {
    sinks.push_back(std::make_unique<recycle::EventBridgeSink>(clients.events, notify.event_bus,
                                                               notify.environment));
  }
  return std::make_unique<recycle::Notifier>(std::move(sinks), std::move(executor), clock, random);
}

void name_programs(const Config& config, recycle::GateDefaults& defaults) {
  if (const auto commands = recycle::parse_commands(config.gates.commands)) {
    defaults.commands = names_of(*commands);
  }
  if (const auto hooks = recycle::parse_hooks(config.gates.hooks)) {
    defaults.hooks = names_of(*hooks);
  }
}

void add_programs(const Config& config, recycle::Outside& outside) {
  if (auto commands = recycle::parse_commands(config.gates.commands)) {
    outside.commands = std::move(*commands);
  }
  if (auto hooks = recycle::parse_hooks(config.gates.hooks)) outside.hooks = std::move(*hooks);
}

}  // namespace worker
