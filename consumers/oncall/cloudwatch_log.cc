#include "consumers/oncall/cloudwatch_log.h"

#include "consumers/oncall/aws_sinks.h"

#include <fmt/format.h>

namespace consumers::oncall {

boost::asio::awaitable<base::Result<std::string>> CloudWatchLog::keep(Outcome outcome,
                                                                      std::vector<LogLine> lines) {
  const bool audit = kind_ == Kind::kAudit;
  const std::string day = base::format_rfc3339(outcome.began).substr(0, 10);
  const std::string stream =
      audit ? day
            : fmt::format("{}/{}/{}", outcome.request.job, name_safe(outcome.request.request_id),
                          outcome.attempt);
  std::vector<aws::LogLine> kept;
  if (audit) kept.push_back({outcome.began, audit_of(outcome)});
  for (LogLine& line : lines) {
    // AWS takes no empty lines.
    if (!line.text.empty()) kept.push_back({line.time, std::move(line.text)});
  }
  const std::string place = fmt::format("{}:{}", group_, stream);
  if (kept.empty()) co_return place;
  const auto created = co_await logs_.create_log_stream(group_, stream);
  if (!created) co_return created.error().while_doing("creating " + place);
  const auto put = co_await logs_.put_log_events(group_, stream, std::move(kept));
  if (!put) co_return put.error().while_doing("writing to " + place);
  co_return place;
}

}  // namespace consumers::oncall
