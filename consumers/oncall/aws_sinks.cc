#include "consumers/oncall/aws_sinks.h"

#include "consumers/oncall/allow.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace consumers::oncall {

using boost::asio::awaitable;

namespace {

constexpr std::size_t kNameMax = 128;
constexpr std::size_t kPatternsMax = 100;

}  // namespace

AwsReplies::AwsReplies(aws::Sqs& sqs, aws::Sns& sns, const base::QueueUrl& jobs_queue,
                       std::vector<std::string> patterns)
    : sqs_(sqs), sns_(sns), patterns_(std::move(patterns)) {
  base_ = jobs_queue.value.substr(0, jobs_queue.value.rfind('/') + 1);
  const std::string_view path = std::string_view(base_).substr(0, base_.size() - 1);
  account_ = path.substr(path.rfind('/') + 1);
}

bool AwsReplies::allowed(const std::string& name) const {
  return std::ranges::any_of(patterns_,
                             [&name](const std::string& one) { return matches(one, name); });
}

std::string AwsReplies::queue_of(const std::string& to) const {
  if (to.starts_with("arn:")) {
    const aws::SqsArn arn = aws::parse_sqs_arn(to);
    return arn.account == account_ ? arn.name : std::string();
  }
  if (to.find("://") == std::string::npos) return to;
  return to.starts_with(base_) ? to.substr(base_.size()) : std::string();
}

base::Result<void> AwsReplies::check(const std::string& to) const {
  const bool topic = to.starts_with("arn:") && aws::parse_sqs_arn(to).name.empty();
  const std::string name = topic ? to : queue_of(to);
  const bool plain = topic || name_safe(name) == name;
  if (!name.empty() && plain && allowed(name)) return {};
  return base::invalid(fmt::format(
      "found \"{}\", expected a queue of account {} or the ARN of a topic that matches {}",
      to.substr(0, 200), account_, fmt::join(patterns_, ", ")));
}

awaitable<base::Result<void>> AwsReplies::send(std::string to, std::string reply) {
  if (const auto checked = check(to); !checked) co_return checked.error();
  const std::string name = queue_of(to);
  if (name.empty()) {
    aws::SnsMessage message;
    message.topic_arn = to;
    message.message = std::move(reply);
    message.subject = "On-call job";
    const auto sent = co_await sns_.publish(std::move(message));
    if (!sent) co_return sent.error().while_doing("publishing to " + to);
    co_return base::Result<void>();
  }
  aws::SendOptions message;
  message.queue = base::QueueUrl(base_ + name);
  message.body = std::move(reply);
  const auto sent = co_await sqs_.send_message(std::move(message));
  if (!sent) co_return sent.error().while_doing("sending to " + name);
  co_return base::Result<void>();
}

awaitable<base::Result<std::string>> S3Log::keep(Outcome outcome, std::vector<LogLine> lines) {
  const std::string began = base::format_rfc3339(outcome.began);
  std::string date = began.substr(0, 10);
  std::ranges::replace(date, '-', '/');
  aws::ObjectName object;
  object.bucket = bucket_;
  object.key = fmt::format("{}{}/{}/{}-{}-{}.log", prefix_.empty() ? "" : prefix_ + "/", date,
                           outcome.request.job, name_safe(began),
                           name_safe(outcome.request.request_id), outcome.attempt);
  std::string text = audit_of(outcome) + "\n";
  for (const LogLine& line : lines) {
    text += fmt::format("{} {}\n", base::format_rfc3339(line.time), line.text);
  }
  const std::string place = fmt::format("s3://{}/{}", object.bucket, object.key);
  const auto put = co_await s3_.put_object(std::move(object), std::move(text), "text/plain");
  if (!put) co_return put.error().while_doing("putting " + place);
  co_return place;
}

awaitable<base::Result<void>> SnsPager::failed(Outcome outcome) {
  aws::SnsMessage message;
  message.topic_arn = topic_;
  message.subject = fmt::format("On-call job {} failed", outcome.request.job);
  message.message = audit_of(outcome);
  message.attributes = {{"job", outcome.request.job},
                        {"result", std::string(result_of(outcome.answer))}};
  const auto sent = co_await sns_.publish(std::move(message));
  if (!sent) co_return sent.error().while_doing("publishing to " + topic_);
  co_return base::Result<void>();
}

std::string name_safe(std::string_view text) {
  std::string name(text.substr(0, kNameMax));
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    if (!plain) c = '_';
  }
  return name;
}

std::vector<std::string> parse_patterns(std::string_view text) {
  std::vector<std::string> patterns;
  while (!text.empty() && patterns.size() < kPatternsMax) {
    const auto end = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, end);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) patterns.emplace_back(part);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return patterns;
}

}  // namespace consumers::oncall
