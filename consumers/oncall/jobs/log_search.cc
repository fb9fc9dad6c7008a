#include "consumers/oncall/jobs/log_search.h"

#include <fmt/format.h>

#include <utility>

namespace consumers::oncall {

base::Result<std::string> log_group_of(const Params& params) {
  if (params.has("log_group")) return params.text("log_group");
  if (params.has("service_name")) return "/aws/lambda/" + params.text("service_name");
  return base::invalid(
      "service_name: missing; expected service_name (of /aws/lambda/<service_name>) or log_group");
}

boost::asio::awaitable<base::Result<Searched>> search_logs(
    aws::Logs& logs, aws::FilterLogEventsOptions options, SearchLimits limits,
    std::function<bool(const aws::LogEvent&)> take) {
  Searched searched;
  while (searched.pages < limits.pages_max) {
    const auto page = co_await logs.filter_log_events(options);
    if (!page) co_return page.error();
    ++searched.pages;
    for (const aws::LogEvent& event : page->events) {
      if (searched.events == limits.events_max || !take(event)) {
        searched.complete = false;
        co_return searched;
      }
      ++searched.events;
    }
    if (page->next_token.empty()) co_return searched;
    options.next_token = page->next_token;
  }
  searched.complete = false;
  co_return searched;
}

}  // namespace consumers::oncall
