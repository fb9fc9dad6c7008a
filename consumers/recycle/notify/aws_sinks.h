// Events of ours on SNS and EventBridge: every notice, and one more for a failure that needs a
// person ("Autorecycle Recycle Needs Attention").
#pragma once

#include "aws/events.h"
#include "aws/sns.h"
#include "consumers/recycle/notify/sink.h"

#include <string>

namespace consumers::recycle {

class SnsSink final : public Sink {
 public:
  // References outlive it.
  SnsSink(aws::Sns& sns, std::string topic_arn, std::string environment)
      : sns_(sns), topic_arn_(std::move(topic_arn)), environment_(std::move(environment)) {}

  std::string_view name() const override { return "sns"; }
  std::optional<std::string> lane_of(const Notice& notice) const override;
  boost::asio::awaitable<Receipt> send(Notice notice) override;

 private:
  aws::Sns& sns_;
  std::string topic_arn_;
  std::string environment_;
};

class EventBridgeSink final : public Sink {
 public:
  // References outlive it. `bus`: name or ARN.
  EventBridgeSink(aws::Events& events, std::string bus, std::string environment)
      : events_(events), bus_(std::move(bus)), environment_(std::move(environment)) {}

  std::string_view name() const override { return "eventbridge"; }
  std::optional<std::string> lane_of(const Notice& notice) const override;
  boost::asio::awaitable<Receipt> send(Notice notice) override;

  static constexpr std::string_view kSource = "autorecycle";
  static constexpr std::string_view kNeedsAttention = "Autorecycle Recycle Needs Attention";

 private:
  boost::asio::awaitable<Receipt> put(Notice notice, std::string detail_type);

  aws::Events& events_;
  std::string bus_;
  std::string environment_;
};

}  // namespace consumers::recycle
