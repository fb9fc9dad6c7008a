// debug-logs: the log streams of a service and the events of a period that fit a pattern.
#include "consumers/oncall/jobs/built_in.h"
#include "consumers/oncall/jobs/log_search.h"
#include "consumers/oncall/jobs/params.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace consumers::oncall {

namespace {

constexpr const char* kDoing = "reading logs";
constexpr int kStreamPagesMax = 200;
constexpr int kStreamsPerPage = 50;
constexpr std::size_t kMessageBytesMax = 2'000;
constexpr std::size_t kBodyBytesMax = 150'000;  // an answer has to fit into a message

constexpr const char* kOutput = R"json({
  "type": "object",
  "properties": {
    "log_group": {"type": "string", "description": "The log group"},
    "from": {"type": "string", "description": "Begin of the period"},
    "to": {"type": "string", "description": "Its end"},
    "streams": {"type": "array", "description": "name, first_event and last_event of the )json"
                                R"json(streams, those with the newest events first"},
    "streams_complete": {"type": "boolean", "description": "false: there are more streams"},
    "events": {"type": "array", "description": "time, stream and message, oldest first"},
    "events_complete": {"type": "boolean", "description": "false: there are more events"}
  }
})json";

Entry make_entry(const BuiltInConfig& config) {
  Entry entry;
  entry.name = "debug-logs";
  entry.purpose = "Reads the log streams and events of a service from CloudWatch Logs";
  entry.params_schema = std::string(R"json({
    "type": "object",
    "additionalProperties": false,
    "properties": {
      )json") + kLogGroupProperties +
                        R"json(,
      "pattern": {"type": "string", "maxLength": 1024, "default": "",
                  "description": "Filter pattern of CloudWatch Logs, as ERROR or \"timed out\""},
      "stream": {"type": "string", "maxLength": 512, "description": "Only streams that begin so"},
      "streams": {"type": "integer", "minimum": 0, "maximum": 1000, "default": 50,
                  "description": "At most so many streams"},
      "events": {"type": "integer", "minimum": 0, "maximum": 5000, "default": 200,
                 "description": "At most so many events"},
      )json" + kTimeRangeProperties +
                        "}}";
  entry.output_schema = kOutput;
  entry.example = R"({"service_name":"checkout","pattern":"ERROR","since":"30m"})";
  entry.owner = config.owner;
  entry.timeout = std::chrono::minutes(5);
  entry.permissions = {"logs:DescribeLogStreams", "logs:FilterLogEvents"};
  entry.safe_to_retry = true;
  return entry;
}

class DebugLogsJob final : public Job {
 public:
  DebugLogsJob(const Clients& clients, const BuiltInConfig& config)
      : logs_(clients.logs), clock_(clients.clock), entry_(make_entry(config)) {}

  const Entry& entry() const override { return entry_; }
  boost::asio::awaitable<Answer> run(Request request, JobLog& log) override;

 private:
  // Into body["streams"]; whether these are all.
  boost::asio::awaitable<base::Result<bool>> read_streams(std::string group, std::string prefix,
                                                          std::size_t most, Json& body);

  aws::Logs& logs_;
  base::Clock& clock_;
  Entry entry_;
};

boost::asio::awaitable<base::Result<bool>> DebugLogsJob::read_streams(std::string group,
                                                                      std::string prefix,
                                                                      std::size_t most,
                                                                      Json& body) {
  aws::LogStreamsOptions options;
  options.group = std::move(group);
  options.newest_first = prefix.empty();
  options.prefix = std::move(prefix);
  options.limit = kStreamsPerPage;
  for (int page = 0; page < kStreamPagesMax; ++page) {
    const auto found = co_await logs_.describe_log_streams(options);
    if (!found) co_return found.error();
    for (const aws::LogStream& stream : found->streams) {
      if (body["streams"].size() == most) co_return false;
      body["streams"].push_back({{"name", stream.name},
                                 {"first_event", time_or_null(stream.first_event)},
                                 {"last_event", time_or_null(stream.last_event)}});
    }
    if (found->next_token.empty()) co_return true;
    options.next_token = found->next_token;
  }
  co_return false;
}

boost::asio::awaitable<Answer> DebugLogsJob::run(Request request, JobLog& log) {
  const Params params(request.params);
  const auto group = log_group_of(params);
  if (!group) co_return answer_failed(group.error(), kDoing);
  const auto range = time_range_of(params, clock_.now());
  if (!range) co_return answer_failed(range.error(), kDoing);
  const std::string prefix = params.text("stream");
  Json body = {{"log_group", *group},
               {"from", base::format_rfc3339(range->from)},
               {"to", base::format_rfc3339(range->to)},
               {"streams", Json::array()},
               {"streams_complete", true},
               {"events", Json::array()},
               {"events_complete", true}};
  const auto streams = co_await read_streams(
      *group, prefix, static_cast<std::size_t>(params.number("streams", 50)), body);
  if (!streams) co_return answer_failed(streams.error(), kDoing);
  body["streams_complete"] = *streams;

  aws::FilterLogEventsOptions options;
  options.group = *group;
  options.stream_prefix = prefix;
  options.pattern = params.text("pattern");
  options.from = range->from;
  options.to = range->to;
  SearchLimits limits;
  limits.events_max = static_cast<std::size_t>(params.number("events", 200));
  std::size_t bytes = 0;
  Json& events = body["events"];
  const auto searched =
      co_await search_logs(logs_, std::move(options), limits, [&](const aws::LogEvent& event) {
        const std::string message = cut(event.message, kMessageBytesMax);
        bytes += message.size() + event.stream.size() + 80;
        if (bytes > kBodyBytesMax) return false;
        events.push_back({{"time", base::format_rfc3339(event.time)},
                          {"stream", event.stream},
                          {"message", message}});
        return true;
      });
  if (!searched) co_return answer_failed(searched.error(), kDoing);
  body["events_complete"] = searched->complete;
  log.line(fmt::format("{} events of {} on {} pages{}", searched->events, *group, searched->pages,
                       searched->complete ? "" : ", there are more"));
  co_return done(body);
}

}  // namespace

std::unique_ptr<Job> make_debug_logs(const Clients& clients, const BuiltInConfig& config) {
  return std::make_unique<DebugLogsJob>(clients, config);
}

}  // namespace consumers::oncall
