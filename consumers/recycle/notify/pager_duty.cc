#include "consumers/recycle/notify/pager_duty.h"

#include "consumers/recycle/notify/http_receipt.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace consumers::recycle {
namespace {

constexpr std::size_t kSummaryMax = 1'024;

}  // namespace

base::Secret pager_duty_event(const Notice& notice, const PagerDutyConfig& config) {
  const bool resolves = notice.kind == NoticeKind::kDone;
  nlohmann::ordered_json json = {{"routing_key", config.routing_key.expose()},
                                 {"event_action", resolves ? "resolve" : "trigger"},
                                 {"dedup_key", dedup_key_of(notice, config.region)}};
  if (!resolves) {
    const Progress& run = notice.progress;
    auto details = nlohmann::ordered_json::object();
    for (const auto& [title, value] : fields_of(notice, config.environment)) details[title] = value;
    const std::string summary = fmt::format(
        "Autorecycling of {} has failed. Please investigate. {}", run.component, run.step);
    json["client"] = "autorecycle";
    json["payload"] = {{"summary", summary.substr(0, kSummaryMax)},
                       {"source", run.group},
                       {"severity", run.needs_person ? "critical" : "error"},
                       {"timestamp", base::format_rfc3339(notice.at)},
                       {"component", run.component},
                       {"class", "recycle"},
                       {"custom_details", std::move(details)}};
    if (!run.team.empty()) json["payload"]["group"] = run.team;
  }
  return base::Secret(json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

std::optional<std::string> PagerDutySink::lane_of(const Notice& notice) const {
  const bool concerns = notice.kind == NoticeKind::kFailed || notice.kind == NoticeKind::kDone;
  if (!concerns || !notice.progress.notify_pager_duty) return std::nullopt;
  return dedup_key_of(notice, config_.region);
}

boost::asio::awaitable<Receipt> PagerDutySink::send(Notice notice) {
  base::HttpRequest request;
  request.method = "POST";
  request.url = config_.url;
  request.headers = {{"Content-Type", "application/json"}, {"User-Agent", "autorecycle"}};
  request.body = pager_duty_event(notice, config_).expose();
  aws::HttpOptions options;
  options.timeout = kNotifyTimeout;
  options.body_bytes_max = 1U << 20U;
  co_return receipt_of(co_await http_.send(std::move(request), options));
}

}  // namespace consumers::recycle
