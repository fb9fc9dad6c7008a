// Slack: messages through an incoming webhook or chat.postMessage.
// https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
// https://docs.slack.dev/reference/methods/chat.postMessage
#pragma once

#include "aws/http_client.h"
#include "base/secret.h"
#include "consumers/recycle/notify/sink.h"

#include <string>

namespace consumers::recycle {

struct SlackConfig {
  base::Secret webhook;         // its channel is the webhook's own
  base::Secret token;           // "xoxb-..."; with it chat.postMessage is used
  std::string channel;          // of starts and successes; where empty, the group's channel tag
  std::string failure_channel;  // of failures of groups without a channel tag; empty: `channel`
  std::string environment;
  std::string api = "https://slack.com/api";
};

class SlackSink final : public Sink {
 public:
  // References outlive it.
  SlackSink(aws::HttpClient& http, SlackConfig config) : http_(http), config_(std::move(config)) {}

  std::string_view name() const override { return "slack"; }
  // The channel. Failures go to the group's own (autorecycle_slack_monitoring_channel).
  std::optional<std::string> lane_of(const Notice& notice) const override;
  base::Duration pace() const override { return std::chrono::seconds(1); }  // Slack's limit
  boost::asio::awaitable<Receipt> send(Notice notice) override;

 private:
  aws::HttpClient& http_;
  SlackConfig config_;
};

// The message, without its channel. Pure.
std::string slack_message(const Notice& notice, const std::string& environment,
                          const std::string& channel);

}  // namespace consumers::recycle
