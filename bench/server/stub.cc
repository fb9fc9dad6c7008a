#include "bench/server/stub.h"

#include "bench/floor/stamp.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace bench {
namespace {

using boost::asio::awaitable;

constexpr std::size_t kNumberDigits = 11;
constexpr base::Duration kLook{20};  // a waiting receive looks again

std::string md5(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_md5(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

std::string quoted(std::string_view text) {
  std::string json;
  for (const char c : text) {
    if (c == '"') json.push_back('\\');
    json.push_back(c);
  }
  return json;
}

base::HttpResponse reply(std::string body) {
  return {200, {{"Content-Type", "application/x-amz-json-1.0"}}, std::move(body)};
}

long long number_member(std::string_view json, std::string_view name, long long fallback) {
  const auto at = json.find('"' + std::string(name) + '"');
  if (at == std::string_view::npos) return fallback;
  const auto digits = json.find_first_of("0123456789", at + name.size());
  if (digits == std::string_view::npos) return fallback;
  std::from_chars(json.data() + digits, json.data() + json.size(), fallback);
  return fallback;
}

// {"Successful":[{"Id":"0"},...]} for the entries of a batch request.
std::string all_successful(std::string_view body) {
  std::string answer = R"({"Failed":[],"Successful":[)";
  for (const std::string_view id : string_members(body, "Id")) {
    if (answer.back() != '[') answer.push_back(',');
    answer.append(R"({"Id":")").append(id).append("\"}");
  }
  return answer + "]}";
}

}  // namespace

std::vector<std::string_view> string_members(std::string_view json, std::string_view name) {
  const std::string quoted_name = '"' + std::string(name) + '"';
  std::vector<std::string_view> values;
  for (auto at = json.find(quoted_name); at != std::string_view::npos;
       at = json.find(quoted_name, at)) {
    at = json.find_first_not_of(": \t\r\n", at + quoted_name.size());
    if (at == std::string_view::npos) break;
    if (json[at] != '"') continue;
    const auto end = json.find('"', at + 1);
    values.push_back(json.substr(at + 1, end - at - 1));
    at = end;
  }
  return values;
}

std::string queue_of(std::string_view body) {
  const auto urls = string_members(body, "QueueUrl");
  return urls.empty() ? "" : std::string(urls[0].substr(urls[0].rfind('/') + 1));
}

Stub::Stub(base::Clock& clock, const Shape& shape) : clock_(clock) {
  const std::string body = make_body(0);
  const std::string digits(kNumberDigits, '0');
  message_ = R"({"MessageId":"6c1f8a52-0d3e-4b7a-9c55-0)";
  id_at_ = message_.size();
  message_ += digits + R"(","ReceiptHandle":"AQEB)";
  handle_at_ = message_.size();
  message_ += digits;
  for (std::size_t i = 4 + kNumberDigits; i < shape.handle_bytes; ++i) {
    message_.push_back("0123456789+/ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"[i % 64]);
  }
  message_ += R"(","MD5OfBody":")" + md5(body) + R"(","Body":")" + quoted(body) +
              R"(","Attributes":{"SenderId":"AIDASSYFHUBOBT7F4XT75","ApproximateReceiveCount":"1",)"
              R"("ApproximateFirstReceiveTimestamp":"1795162487673",)"
              R"("SentTimestamp":"1795162487500")";
  if (!shape.group.empty()) {
    message_ +=
        R"(,"MessageGroupId":")" + shape.group + R"(","SequenceNumber":"18849496460467696")";
  }
  message_ += "}}";
}

std::string Stub::render(std::uint64_t count) {
  if (count == 0) return "{}";
  std::string answer = R"({"Messages":[)";
  answer.reserve(count * (message_.size() + 1) + 32);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (i > 0) answer.push_back(',');
    std::array<char, kNumberDigits + 1> digits;
    fmt::format_to_n(digits.data(), kNumberDigits, "{:011}", ++received_);
    std::copy_n(digits.data(), kNumberDigits, message_.data() + id_at_);
    std::copy_n(digits.data(), kNumberDigits, message_.data() + handle_at_);
    answer += message_;
  }
  return answer + "]}";
}

awaitable<std::string> Stub::receive(std::string body) {
  std::uint64_t& backlog = backlog_[queue_of(body)];
  const auto wait = std::chrono::seconds(number_member(body, "WaitTimeSeconds", 0));
  const auto wanted = static_cast<std::uint64_t>(number_member(body, "MaxNumberOfMessages", 1));
  const auto deadline = clock_.steady_now() + wait;
  while (backlog == 0 && clock_.steady_now() < deadline) co_await clock_.sleep_for(kLook);
  const std::uint64_t count = std::min(wanted, backlog);
  backlog -= count;
  co_return render(count);
}

awaitable<base::HttpResponse> Stub::handle(base::HttpRequest request) {
  const std::string target(base::find_header(request.headers, "x-amz-target").value_or(""));
  const std::string operation = target.substr(target.find('.') + 1);
  const std::string& body = request.body;
  if (operation == "ReceiveMessage") co_return reply(co_await receive(std::move(request.body)));
  if (operation.starts_with("Send")) {
    backlog_[queue_of(body)] += string_members(body, "MessageBody").size();
    co_return reply(all_successful(body));
  }
  if (operation.ends_with("Batch")) co_return reply(all_successful(body));
  if (operation == "GetQueueAttributes") co_return reply(R"({"Attributes":{}})");
  if (operation == "GetQueueUrl" || operation == "CreateQueue") {
    const auto names = string_members(body, "QueueName");
    const std::string host(base::find_header(request.headers, "host").value_or(""));
    co_return reply(R"({"QueueUrl":"http://)" + host + "/123456789012/" +
                    std::string(names.empty() ? "" : names[0]) + "\"}");
  }
  co_return reply("{}");
}

}  // namespace bench
