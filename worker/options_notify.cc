// The options of gates, hooks and notifications.
#include "consumers/recycle/gates/outside.h"
#include "consumers/recycle/gates/rules.h"
#include "worker/config.h"

#include <algorithm>
#include <array>
#include <utility>

namespace worker {
namespace {

namespace recycle = consumers::recycle;

// Of recycle::gate_tags(): one option for each tag.
constexpr std::size_t kGateTags = 19;

template <std::size_t Tag>
bool set_gate_tag(Config& config, std::string_view text) {
  config.gates.tags[std::string(recycle::gate_tags().at(Tag))] = text;
  return true;  // checked with all others, by the rules of the tags
}

using Setter = bool (*)(Config&, std::string_view);

template <std::size_t... Tags>
constexpr std::array<Setter, sizeof...(Tags)> gate_setters(std::index_sequence<Tags...>) {
  return {&set_gate_tag<Tags>...};
}

std::string option_of(std::string_view tag) {
  std::string name(tag.substr(std::string_view("autorecycle_").size()));
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

bool set_commands(Config& config, std::string_view text) {
  config.gates.commands = text;
  return recycle::parse_commands(text).has_value();
}

bool set_hooks(Config& config, std::string_view text) {
  config.gates.hooks = base::Secret(std::string(text));
  return recycle::parse_hooks(config.gates.hooks).has_value();
}

template <std::string NotifyConfig::*Field>
bool set_text(Config& config, std::string_view text) {
  config.notify.*Field = text == "off" ? std::string() : std::string(text);
  return true;
}

// What goes into a header or a request as it is.
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

template <base::Secret NotifyConfig::*Field>
bool set_secret(Config& config, std::string_view text) {
  config.notify.*Field = base::Secret(std::string(text));
  return is_token(text);
}

bool is_url(std::string_view text) {
  return is_token(text) && (text.starts_with("https://") || text.starts_with("http://"));
}

bool set_webhook(Config& config, std::string_view text) {
  config.notify.slack_webhook = base::Secret(std::string(text));
  return is_url(text);
}

template <std::string NotifyConfig::*Field>
bool set_url(Config& config, std::string_view text) {
  config.notify.*Field = text;
  while ((config.notify.*Field).ends_with('/')) (config.notify.*Field).pop_back();
  return is_url(text);
}

bool set_topic(Config& config, std::string_view text) {
  config.notify.sns_topic = text == "off" ? std::string() : std::string(text);
  return text == "off" || (text.starts_with("arn:") && is_token(text));
}

bool set_deadline(Config& config, std::string_view text) {
  return parse_duration(text, config.notify.deadline) &&
         config.notify.deadline <= std::chrono::minutes(5);
}

OptionSpec secret(OptionSpec row) {
  row.secret = true;
  return row;
}

}  // namespace

void add_gate_rows(std::vector<OptionSpec>& rows) {
  constexpr auto kSetters = gate_setters(std::make_index_sequence<kGateTags>());
  for (std::size_t i = 0; i < kGateTags; ++i) {
    const std::string tag(recycle::gate_tags().at(i));
    rows.push_back({option_of(tag), "VALUE", "Where a group has no tag " + tag,
                    kWorkerScope | kPlanScope, "what the tag " + tag + " takes", kSetters[i]});
  }
  rows.push_back({"gate-commands", "NAME=COMMAND;...", "Commands that a gate may name",
                  kWorkerScope, "NAME=PROGRAM ARGUMENT... entries separated by ; or line ends",
                  set_commands, "none"});
  rows.push_back(secret({"hooks", "NAME=URL;...", "Hooks that a group may name", kWorkerScope,
                         "NAME=URL or NAME=PROGRAM ARGUMENT... entries separated by ; or line ends",
                         set_hooks, "none"}));
}

void add_notify_rows(std::vector<OptionSpec>& rows) {
  const std::string url = "an http(s) URL";
  rows.push_back(secret(
      {"slack-webhook", "URL", "Slack: incoming webhook", kWorkerScope, url, set_webhook, "none"}));
  rows.push_back(secret({"slack-token", "TOKEN", "Slack: bot token, for chat.postMessage",
                         kWorkerScope, "a token", set_secret<&NotifyConfig::slack_token>, "none"}));
  rows.push_back({"slack-channel", "CHANNEL", "Slack: starts and successes, where a token is used",
                  kWorkerScope, "a channel", set_text<&NotifyConfig::slack_channel>,
                  "--success-channel, or the group's"});
  rows.push_back({"slack-failure-channel", "CHANNEL",
                  "Slack: failures of groups without a channel tag", kWorkerScope, "a channel",
                  set_text<&NotifyConfig::slack_failure_channel>, "--slack-channel"});
  rows.push_back({"slack-api", "URL", "Slack: address of its API", kWorkerScope, url,
                  set_url<&NotifyConfig::slack_api>, "https://slack.com/api"});
  rows.push_back(
      secret({"pagerduty-key", "KEY", "PagerDuty: routing key of Events v2", kWorkerScope,
              "a routing key", set_secret<&NotifyConfig::pagerduty_key>, "none"}));
  rows.push_back({"pagerduty-url", "URL", "PagerDuty: address of Events v2", kWorkerScope, url,
                  set_url<&NotifyConfig::pagerduty_url>,
                  "https://events.pagerduty.com/v2/enqueue"});
  rows.push_back({"sns-topic", "ARN", "SNS topic that every notification goes to", kWorkerScope,
                  "a topic's ARN, or off", set_topic, "off"});
  rows.push_back({"event-bus", "NAME", "EventBridge bus that every notification goes to",
                  kWorkerScope, "a bus's name or ARN (default for the default bus), or off",
                  set_text<&NotifyConfig::event_bus>, "off"});
  rows.push_back({"notify-environment", "NAME", "Environment that notifications show", kWorkerScope,
                  "text", set_text<&NotifyConfig::environment>});
  rows.push_back({"notify-ca-bundle", "FILE", "Authorities for hooks, gates and notifications",
                  kWorkerScope, "a PEM file", set_text<&NotifyConfig::ca_bundle>, "the system's"});
  rows.push_back({"notify-deadline", "DURATION", "At the end: time for what is not yet delivered",
                  kWorkerScope, "a duration from 0s to 5m such as 10s", set_deadline, "10s"});
}

}  // namespace worker
