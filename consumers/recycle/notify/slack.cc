#include "consumers/recycle/notify/slack.h"

#include "consumers/recycle/notify/http_receipt.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace consumers::recycle {
namespace {

constexpr std::size_t kFieldMax = 1'000;
constexpr std::size_t kErrorMax = 64;
constexpr const char* kWebhookLane = "webhook";

// https://docs.slack.dev/messaging/formatting-message-text: three characters stand for commands.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text.substr(0, kFieldMax)) {
    if (c == '&') {
      result += "&amp;";
    } else if (c == '<') {
      result += "&lt;";
    } else if (c == '>') {
      result += "&gt;";
    } else {
      result += c;
    }
  }
  return result;
}

// chat.postMessage answers 200 whatever happens: {"ok":false,"error":"channel_not_found"}.
Receipt receipt_of_api(const base::HttpResponse& response) {
  constexpr std::array<std::string_view, 5> kPassing = {
      "ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"};
  const auto json = nlohmann::json::parse(response.body, nullptr, false);
  if (!json.is_object()) {
    return {Receipt::Fate::kAgain, base::Duration(0), "the answer is not JSON"};
  }
  const auto ok = json.find("ok");
  if (ok != json.end() && ok->is_boolean() && ok->get<bool>()) return {};
  const auto error = json.find("error");
  const std::string code =
      error != json.end() && error->is_string() ? error->get<std::string>() : "no error was named";
  const bool again = std::ranges::find(kPassing, code) != kPassing.end();
  return {again ? Receipt::Fate::kAgain : Receipt::Fate::kRefused, base::Duration(0),
          "Slack says " + code.substr(0, kErrorMax)};
}

}  // namespace

std::string slack_message(const Notice& notice, const std::string& environment,
                          const std::string& channel) {
  auto fields = nlohmann::ordered_json::array();
  for (const auto& [title, value] : fields_of(notice, environment)) {
    fields.push_back({{"title", title}, {"value", escaped(value)}, {"short", value.size() <= 40}});
  }
  const std::string text = text_of(notice);
  nlohmann::ordered_json json = {{"username", "AutoRecycling"},
                                 {"icon_emoji", ":robot_face:"},
                                 {"text", "*" + escaped(notice.progress.component) + "*"},
                                 {"attachments",
                                  {{{"text", text},
                                    {"fallback", text},
                                    {"color", color_of(notice)},
                                    {"fields", std::move(fields)}}}}};
  if (!channel.empty()) json["channel"] = channel;
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::optional<std::string> SlackSink::lane_of(const Notice& notice) const {
  if (config_.token.empty()) return kWebhookLane;
  const std::string& own = notice.progress.slack_channel;
  std::string channel;
  if (notice.kind == NoticeKind::kFailed) {
    channel = !own.empty() ? own : config_.failure_channel;
    if (channel.empty()) channel = config_.channel;
  } else {
    channel = config_.channel.empty() ? own : config_.channel;
  }
  if (channel.empty()) return std::nullopt;
  return channel;
}

boost::asio::awaitable<Receipt> SlackSink::send(Notice notice) {
  const bool by_token = !config_.token.empty();
  const std::string channel = by_token ? lane_of(notice).value_or("") : std::string();
  base::HttpRequest request;
  request.method = "POST";
  request.url = by_token ? config_.api + "/chat.postMessage" : config_.webhook.expose();
  request.headers = {{"Content-Type", "application/json; charset=utf-8"},
                     {"User-Agent", "autorecycle"}};
  if (by_token) request.headers.push_back({"Authorization", "Bearer " + config_.token.expose()});
  request.body = slack_message(notice, config_.environment, channel);
  aws::HttpOptions options;
  options.timeout = kNotifyTimeout;
  options.body_bytes_max = 1U << 20U;
  const auto response = co_await http_.send(std::move(request), options);
  Receipt receipt = receipt_of(response);
  if (receipt.fate != Receipt::Fate::kTaken || !by_token) co_return receipt;
  co_return receipt_of_api(*response);
}

}  // namespace consumers::recycle
