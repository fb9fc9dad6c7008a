#include "aws/sns.h"

#include "aws/query.h"

#include <fmt/format.h>

#include <utility>

namespace aws {

namespace {

constexpr std::size_t kSubjectMax = 100;

// "ASCII text that begins with a letter, number or punctuation mark; no line breaks or control
// characters; fewer than 100 characters long".
std::string subject_of(const std::string& text) {
  std::string subject;
  for (const char c : text) {
    const bool plain = c >= ' ' && c < '\x7f';
    if (subject.empty() && c == ' ') continue;
    subject += plain ? c : '?';
    if (subject.size() == kSubjectMax - 1) break;
  }
  return subject;
}

}  // namespace

boost::asio::awaitable<base::Result<std::string>> Sns::publish(SnsMessage message) {
  QueryCall call{.service = "sns", .version = "2010-03-31", .operation = "Publish"};
  call.add("TopicArn", std::move(message.topic_arn));
  call.add("Message", std::move(message.message));
  if (std::string subject = subject_of(message.subject); !subject.empty()) {
    call.add("Subject", std::move(subject));
  }
  int number = 0;
  for (const auto& [name, value] : message.attributes) {
    if (value.empty()) continue;  // SNS refuses empty ones
    const std::string prefix = fmt::format("MessageAttributes.entry.{}.", ++number);
    call.add(prefix + "Name", name);
    call.add(prefix + "Value.DataType", "String");
    call.add(prefix + "Value.StringValue", value);
  }
  if (!message.group_id.empty()) call.add("MessageGroupId", std::move(message.group_id));
  if (!message.deduplication_id.empty()) {
    call.add("MessageDeduplicationId", std::move(message.deduplication_id));
  }
  const auto answer = co_await send_query(caller_, std::move(call));
  if (!answer) co_return answer.error();
  co_return answer->finish(answer->result().text("MessageId"));
}

}  // namespace aws
