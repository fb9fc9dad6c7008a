#include "aws/logs.h"

#include "aws/json_call.h"

#include <algorithm>
#include <utility>

namespace aws {

namespace asio = boost::asio;

namespace {

JsonCall make_call(std::string operation, Json arguments) {
  return {.service = "logs",
          .target = "Logs_20140328",
          .operation = std::move(operation),
          .arguments = std::move(arguments)};
}

std::int64_t milliseconds_of(base::TimePoint time) {
  return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}

void add_range(Json& arguments, std::optional<base::TimePoint> from,
               std::optional<base::TimePoint> to) {
  if (from) arguments["startTime"] = milliseconds_of(*from);
  if (to) arguments["endTime"] = milliseconds_of(*to);
}

// None where one of them has no time.
std::optional<std::vector<LogEvent>> read_events(const Json& answer, const std::string& stream) {
  std::vector<LogEvent> events;
  for (const Json& one : objects_member(answer, "events")) {
    const auto time = milliseconds_member(one, "timestamp");
    if (!time) return std::nullopt;
    std::string of = text_member(one, "logStreamName");
    events.push_back({*time, of.empty() ? stream : std::move(of), text_member(one, "message")});
  }
  return events;
}

// How many lines from `from` on go into one call.
std::size_t batch_size(const std::vector<LogLine>& lines, std::size_t from) {
  std::size_t bytes = 0;
  std::size_t count = 0;
  for (std::size_t i = from; i < lines.size() && count < kLogBatchEventsMax; ++i, ++count) {
    bytes += lines[i].message.size() + kLogLineOverhead;
    if (bytes > kLogBatchBytesMax) break;
    if (lines[i].time - lines[from].time >= kLogBatchSpanMax) break;
  }
  return count;
}

// Lines of one batch that AWS took the call for but not the line.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_RejectedLogEventsInfo.html
std::size_t rejected(const Json& answer, std::size_t sent) {
  const Json info = answer.value("rejectedLogEventsInfo", Json::object());
  const auto bounded = [&](const char* name, std::int64_t fallback) {
    const std::int64_t count = static_cast<std::int64_t>(sent);
    return std::clamp<std::int64_t>(number_member(info, name, fallback), 0, count);
  };
  // The ends of what is too old or has expired, and the start of what is too new.
  const std::int64_t old =
      std::max(bounded("tooOldLogEventEndIndex", 0), bounded("expiredLogEventEndIndex", 0));
  const std::int64_t fresh = bounded("tooNewLogEventStartIndex", static_cast<std::int64_t>(sent));
  return sent - static_cast<std::size_t>(std::max<std::int64_t>(fresh - old, 0));
}

}  // namespace

asio::awaitable<base::Result<LogStreamsPage>> Logs::describe_log_streams(
    LogStreamsOptions options) {
  Json arguments = {{"logGroupName", std::move(options.group)}, {"limit", options.limit}};
  if (!options.prefix.empty()) arguments["logStreamNamePrefix"] = std::move(options.prefix);
  if (options.newest_first) {
    arguments["orderBy"] = "LastEventTime";
    arguments["descending"] = true;
  }
  if (!options.next_token.empty()) arguments["nextToken"] = std::move(options.next_token);
  const auto answer =
      co_await call_json(caller_, make_call("DescribeLogStreams", std::move(arguments)));
  if (!answer) co_return answer.error();
  LogStreamsPage page;
  page.next_token = text_member(*answer, "nextToken");
  for (const Json& one : objects_member(*answer, "logStreams")) {
    page.streams.push_back({text_member(one, "logStreamName"),
                            milliseconds_member(one, "firstEventTimestamp"),
                            milliseconds_member(one, "lastEventTimestamp")});
  }
  co_return page;
}

asio::awaitable<base::Result<LogEventsPage>> Logs::filter_log_events(
    FilterLogEventsOptions options) {
  Json arguments = {{"logGroupName", std::move(options.group)}, {"limit", options.limit}};
  if (!options.streams.empty()) arguments["logStreamNames"] = std::move(options.streams);
  if (!options.stream_prefix.empty()) {
    arguments["logStreamNamePrefix"] = std::move(options.stream_prefix);
  }
  if (!options.pattern.empty()) arguments["filterPattern"] = std::move(options.pattern);
  add_range(arguments, options.from, options.to);
  if (!options.next_token.empty()) arguments["nextToken"] = std::move(options.next_token);
  const auto answer =
      co_await call_json(caller_, make_call("FilterLogEvents", std::move(arguments)));
  if (!answer) co_return answer.error();
  auto events = read_events(*answer, {});
  if (!events) co_return malformed_answer("FilterLogEvents", "an event without its time");
  co_return LogEventsPage{std::move(*events), text_member(*answer, "nextToken")};
}

asio::awaitable<base::Result<LogEventsPage>> Logs::get_log_events(GetLogEventsOptions options) {
  Json arguments = {{"logGroupName", std::move(options.group)},
                    {"logStreamName", options.stream},
                    {"limit", options.limit},
                    {"startFromHead", true}};
  add_range(arguments, options.from, options.to);
  if (!options.next_token.empty()) arguments["nextToken"] = options.next_token;
  const auto answer = co_await call_json(caller_, make_call("GetLogEvents", std::move(arguments)));
  if (!answer) co_return answer.error();
  auto events = read_events(*answer, options.stream);
  if (!events) co_return malformed_answer("GetLogEvents", "an event without its time");
  LogEventsPage page{std::move(*events), text_member(*answer, "nextForwardToken")};
  // At the end of the stream AWS answers with the token that it was given.
  if (page.next_token == options.next_token) page.next_token.clear();
  co_return page;
}

asio::awaitable<base::Result<std::size_t>> Logs::put_log_events(std::string group,
                                                                std::string stream,
                                                                std::vector<LogLine> lines) {
  for (const LogLine& line : lines) {
    if (line.message.empty() || line.message.size() + kLogLineOverhead > kLogBatchBytesMax) {
      co_return base::invalid(fmt::format("PutLogEvents: a line of {} bytes; accepted are 1 to {}",
                                          line.message.size(),
                                          kLogBatchBytesMax - kLogLineOverhead));
    }
  }
  std::ranges::stable_sort(lines, {}, &LogLine::time);  // AWS takes no other order
  std::size_t refused = 0;
  for (std::size_t from = 0; from < lines.size();) {
    const std::size_t count = batch_size(lines, from);
    Json events = Json::array();
    for (std::size_t i = from; i < from + count; ++i) {
      events.push_back({{"timestamp", milliseconds_of(lines[i].time)},
                        {"message", std::move(lines[i].message)}});
    }
    const auto answer =
        co_await call_json(caller_, make_call("PutLogEvents", {{"logGroupName", group},
                                                               {"logStreamName", stream},
                                                               {"logEvents", std::move(events)}}));
    if (!answer) co_return answer.error();
    refused += rejected(*answer, count);
    from += count;
  }
  co_return refused;
}

asio::awaitable<base::Result<void>> Logs::create_log_stream(std::string group, std::string stream) {
  JsonCall call = make_call("CreateLogStream", {{"logGroupName", std::move(group)},
                                                {"logStreamName", std::move(stream)}});
  call.answer_code = "ResourceAlreadyExistsException";
  const auto answer = co_await call_json(caller_, std::move(call));
  if (!answer) co_return answer.error();
  co_return base::Result<void>();
}

}  // namespace aws
