#include "consumers/recycle/notify/aws_sinks.h"

#include <fmt/format.h>

namespace consumers::recycle {
namespace {

// AWS's own retries are behind it; what lasts longer is a matter of minutes.
Receipt receipt_of(const base::Result<std::string>& answer) {
  if (answer) return {};
  const base::Error error = answer.error();
  // Missing permissions are granted in time, perhaps; a topic that is not there is not.
  const bool again = error.is_transient() || error.kind == base::ErrorKind::kDenied;
  return {again ? Receipt::Fate::kAgain : Receipt::Fate::kRefused, base::Duration(0),
          error.to_string()};
}

}  // namespace

std::optional<std::string> SnsSink::lane_of(const Notice& notice) const {
  return notice.progress.group;
}

boost::asio::awaitable<Receipt> SnsSink::send(Notice notice) {
  const Progress& run = notice.progress;
  aws::SnsMessage message;
  message.topic_arn = topic_arn_;
  message.message = event_json(notice, environment_);
  message.subject = fmt::format("autorecycle: {} {}", run.component, to_string(notice.kind));
  message.attributes = {{"kind", std::string(to_string(notice.kind))},
                        {"autoScalingGroupName", run.group},
                        {"component", run.component},
                        {"strategy", run.strategy},
                        {"team", run.team},
                        {"needsPerson", run.needs_person ? "true" : "false"}};
  if (topic_arn_.ends_with(".fifo")) {
    message.group_id = "autorecycle";
    message.deduplication_id = fmt::format("{}-{}-{}", run.run_id, to_string(notice.kind),
                                           notice.at.time_since_epoch().count());
  }
  co_return receipt_of(co_await sns_.publish(std::move(message)));
}

std::optional<std::string> EventBridgeSink::lane_of(const Notice& notice) const {
  return notice.progress.group;
}

boost::asio::awaitable<Receipt> EventBridgeSink::put(Notice notice, std::string detail_type) {
  aws::BusEvent event;
  event.bus = bus_;
  event.source = kSource;
  event.detail_type = std::move(detail_type);
  event.detail = event_json(notice, environment_);
  co_return receipt_of(co_await events_.put_events(std::move(event)));
}

boost::asio::awaitable<Receipt> EventBridgeSink::send(Notice notice) {
  Receipt told = co_await put(notice, detail_type_of(notice));
  if (told.fate != Receipt::Fate::kTaken || !notice.progress.needs_person) co_return told;
  co_return co_await put(notice, std::string(kNeedsAttention));
}

}  // namespace consumers::recycle
