#include "dlq/targets.h"

#include <utility>

namespace dlq {

namespace asio = boost::asio;

asio::awaitable<base::Result<Target>> find_queue(aws::Sqs& sqs, std::string queue) {
  Target target;
  target.fifo = queue.ends_with(".fifo");
  if (queue.find("://") != std::string::npos) {
    target.url = base::QueueUrl(queue);
    const auto there = co_await sqs.get_queue_attributes(target.url);
    // Whoever may only send to it may not ask for its attributes.
    const bool denied = !there && there.error().kind == base::ErrorKind::kDenied;
    if (!there && !denied) co_return there.error().while_doing("queue '" + queue + "'");
    co_return target;
  }
  const aws::SqsArn arn = aws::parse_sqs_arn(queue);
  const std::string name = arn.name.empty() ? queue : arn.name;
  auto url = co_await sqs.get_queue_url(name, arn.account);
  if (!url) co_return url.error();
  target.url = std::move(*url);
  co_return target;
}

Targets::Targets(aws::Sqs& sqs, base::QueueUrl letters, std::string to,
                 std::vector<base::QueueUrl> sources)
    : sqs_(sqs), letters_(std::move(letters)), to_(std::move(to)), sources_(std::move(sources)) {}

std::string Targets::name_for(const Letter& letter) const {
  if (!to_.empty()) return to_;
  if (!letter.source_arn.empty()) return letter.source_arn;
  if (!letter.record.source_queue.empty()) return letter.record.source_queue;
  if (sources_.size() == 1) return sources_.front().value;
  return {};
}

asio::awaitable<base::Result<Target>> Targets::find(Letter letter) {
  const std::string name = name_for(letter);
  const auto none = [](std::string why) {
    return base::Error{base::ErrorKind::kNotFound, "NoTarget", std::move(why), {}};
  };
  if (name.empty()) {
    co_return none("nothing says which queue the letter came from; name one with --to");
  }
  const auto known = known_.find(name);
  if (known != known_.end()) co_return known->second;
  auto target = co_await find_queue(sqs_, name);
  if (target && queue_name(target->url.value) == queue_name(letters_.value)) {
    target = none("the letter's target is the dead-letter queue itself");
  }
  // What is passing is asked again.
  if (target || !target.error().is_transient()) known_.emplace(name, target);
  co_return target;
}

}  // namespace dlq
