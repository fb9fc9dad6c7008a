// Sqs: queues as a whole, asked for now and then.
#include "aws/json.h"
#include "aws/sqs.h"
#include "aws/sqs_wire.h"

#include <algorithm>
#include <utility>

namespace aws {

namespace asio = boost::asio;

namespace {

constexpr int kPage = 1'000;  // SQS gives out a token for the next page only if asked for a size

using Urls = base::Result<std::vector<base::QueueUrl>>;

// `member` is spelt differently by the two lists.
asio::awaitable<Urls> all_pages(Caller& caller, std::string operation, Json arguments,
                                std::string member) {
  std::vector<base::QueueUrl> urls;
  arguments["MaxResults"] = kPage;
  while (true) {
    auto body = to_text(operation, arguments);
    if (!body) co_return body.error();
    const auto response = co_await caller.call(wire::sqs_request(operation, std::move(*body)));
    if (!response) co_return response.error();
    const auto answer = parse_object(operation, response->body);
    if (!answer) co_return answer.error();
    if (const auto list = answer->find(member); list != answer->end() && list->is_array()) {
      for (const Json& url : *list) {
        if (url.is_string()) urls.emplace_back(url.get<std::string>());
      }
    }
    const std::string token = text_member(*answer, "NextToken");
    if (token.empty() || urls.size() >= Sqs::kListMax) break;
    arguments["NextToken"] = token;
  }
  if (urls.size() > Sqs::kListMax) urls.resize(Sqs::kListMax);
  co_return urls;
}

asio::awaitable<base::Result<void>> call_on_queue(Caller& caller, std::string operation,
                                                  base::QueueUrl queue) {
  const Json arguments = {{"QueueUrl", queue.value}};
  auto body = to_text(operation, arguments);
  if (!body) co_return body.error();
  const auto response = co_await caller.call(wire::sqs_request(operation, std::move(*body)));
  if (!response) co_return response.error();
  co_return base::Result<void>();
}

}  // namespace

asio::awaitable<Urls> Sqs::list_queues(std::string name_prefix) {
  Json arguments = Json::object();
  if (!name_prefix.empty()) arguments["QueueNamePrefix"] = std::move(name_prefix);
  co_return co_await all_pages(caller_, "ListQueues", std::move(arguments), "QueueUrls");
}

asio::awaitable<Urls> Sqs::list_dead_letter_source_queues(base::QueueUrl queue) {
  Json arguments = {{"QueueUrl", queue.value}};
  co_return co_await all_pages(caller_, "ListDeadLetterSourceQueues", std::move(arguments),
                               "queueUrls");
}

asio::awaitable<base::Result<void>> Sqs::purge_queue(base::QueueUrl queue) {
  co_return co_await call_on_queue(caller_, "PurgeQueue", std::move(queue));
}

asio::awaitable<base::Result<void>> Sqs::delete_queue(base::QueueUrl queue) {
  co_return co_await call_on_queue(caller_, "DeleteQueue", std::move(queue));
}

asio::awaitable<base::Result<base::QueueUrl>> Sqs::create_queue(
    std::string name, std::map<std::string, std::string> attributes) {
  Json arguments = {{"QueueName", std::move(name)}};
  if (!attributes.empty()) arguments["Attributes"] = attributes;
  auto body = to_text("CreateQueue", arguments);
  if (!body) co_return body.error();
  const auto response = co_await caller_.call(wire::sqs_request("CreateQueue", std::move(*body)));
  if (!response) co_return response.error();
  const auto answer = parse_object("CreateQueue", response->body);
  if (!answer) co_return answer.error();
  co_return base::QueueUrl(text_member(*answer, "QueueUrl"));
}

SqsArn parse_sqs_arn(std::string_view arn) {
  std::vector<std::string_view> parts;
  for (std::size_t from = 0; from <= arn.size() && parts.size() < 7;) {
    const auto to = std::min(arn.find(':', from), arn.size());
    parts.push_back(arn.substr(from, to - from));
    from = to + 1;
  }
  if (parts.size() != 6 || parts[0] != "arn" || parts[2] != "sqs" || parts[5].empty()) return {};
  return {std::string(parts[3]), std::string(parts[4]), std::string(parts[5])};
}

}  // namespace aws
