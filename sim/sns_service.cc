#include "sim/sns_service.h"

#include "sim/ec2_support.h"
#include "sim/protocol.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim {
namespace {

constexpr std::size_t kMessageBytesMax = 256U << 10U;

ApiAnswer answer(Json result = Json::object()) { return ApiAnswer{std::move(result), {}, {}}; }

ApiError invalid_parameter(const std::string& what) {
  return api_error("InvalidParameter", "Invalid parameter: " + what);
}

bool is_topic_name(const std::string& name) {
  const std::string stem = name.ends_with(".fifo") ? name.substr(0, name.size() - 5) : name;
  return !stem.empty() && name.size() <= 256 &&
         std::all_of(stem.begin(), stem.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
}

bool is_subject(const std::string& subject) {
  return !subject.empty() && subject.size() < 100 && subject.front() != ' ' &&
         std::ranges::all_of(subject, [](char c) { return c >= ' ' && c < '\x7f'; });
}

// {"Name": n, "Value": {"DataType": "String", "StringValue": v}}, from Query's MessageAttributes.
std::map<std::string, std::string> attributes_of(const Json& arguments) {
  std::map<std::string, std::string> attributes;
  const auto list = arguments.find("MessageAttributes");
  if (list == arguments.end() || !list->is_array()) return attributes;
  for (const Json& entry : *list) {
    const Json value = entry.value("Value", Json::object());
    attributes[entry.value("Name", "")] = value.value("StringValue", "");
  }
  return attributes;
}

}  // namespace

boost::asio::awaitable<ApiOutcome> SnsService::handle(ApiCall call) {
  if (call.operation == "CreateTopic") co_return create(call);
  if (call.operation == "DeleteTopic") co_return remove(call);
  if (call.operation == "ListTopics") co_return list(call);
  if (call.operation == "Publish") co_return publish(call);
  co_return unknown_operation(call);
}

std::string SnsService::create_topic(const std::string& name) {
  const std::string arn = world_.arn("sns", name);
  topics_.try_emplace(arn);
  return arn;
}

const std::deque<SnsService::Message>& SnsService::messages(const std::string& topic_arn) {
  return topics_.at(topic_arn);
}

ApiOutcome SnsService::create(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  const std::string name = args.required_text("Name");
  if (args.error()) return *args.error();
  if (!is_topic_name(name)) return invalid_parameter("Topic Name");
  return answer({{"TopicArn", create_topic(name)}});
}

ApiOutcome SnsService::remove(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  const std::string arn = args.required_text("TopicArn");
  if (args.error()) return *args.error();
  topics_.erase(arn);
  return answer();
}

ApiOutcome SnsService::list(const ApiCall&) {
  Json topics = Json::array();
  for (const auto& [arn, messages] : topics_) topics.push_back({{"TopicArn", arn}});
  return answer({{"Topics", std::move(topics)}});
}

ApiOutcome SnsService::publish(const ApiCall& call) {
  Arguments args(call.arguments, ErrorStyle::kAutoScaling);
  const std::string arn = args.required_text("TopicArn");
  Message message;
  message.body = args.required_text("Message");
  message.subject = args.text_or("Subject", {});
  const std::string group = args.text_or("MessageGroupId", {});
  if (args.error()) return *args.error();
  const auto topic = topics_.find(arn);
  if (topic == topics_.end()) return api_error("NotFound", "Topic does not exist", 404);
  if (message.body.size() > kMessageBytesMax) return invalid_parameter("Message too long");
  if (!message.subject.empty() && !is_subject(message.subject)) return invalid_parameter("Subject");
  if (arn.ends_with(".fifo") && group.empty()) {
    return invalid_parameter("The MessageGroupId parameter is required for FIFO topics");
  }
  message.attributes = attributes_of(call.arguments);
  message.id = world_.random().uuid();
  message.published = world_.clock().now();
  topic->second.push_back(message);
  if (topic->second.size() > kKept) topic->second.pop_front();
  return answer({{"MessageId", message.id}});
}

}  // namespace sim
