// debug-errors: what goes wrong most often in a log group.
#include "consumers/oncall/jobs/built_in.h"
#include "consumers/oncall/jobs/error_pattern.h"
#include "consumers/oncall/jobs/log_search.h"
#include "consumers/oncall/jobs/params.h"

#include <fmt/format.h>

#include <utility>

namespace consumers::oncall {

namespace {

constexpr const char* kDoing = "reading logs";

constexpr const char* kOutput = R"json({
  "type": "object",
  "properties": {
    "log_group": {"type": "string", "description": "The log group"},
    "from": {"type": "string", "description": "Begin of the period"},
    "to": {"type": "string", "description": "Its end"},
    "events": {"type": "integer", "description": "Events that were read"},
    "events_complete": {"type": "boolean", "description": "false: there are more events"},
    "patterns": {"type": "integer", "description": "Different patterns among them"},
    "top": {"type": "array", "description": "pattern, count, first_seen, last_seen, streams )json"
                                R"json(and an example, the commonest first"}
  }
})json";

Entry make_entry(const BuiltInConfig& config) {
  Entry entry;
  entry.name = "debug-errors";
  entry.purpose =
      "Counts the errors in a log group by what they say, whatever their numbers and ids";
  entry.params_schema = std::string(R"json({
    "type": "object",
    "additionalProperties": false,
    "properties": {
      )json") + kLogGroupProperties +
                        R"json(,
      "pattern": {"type": "string", "maxLength": 1024,
                  "default": "?ERROR ?Error ?error ?FATAL ?Exception ?exception ?Traceback ?panic",
                  "description": "Filter pattern of CloudWatch Logs: what counts as an error"},
      "top": {"type": "integer", "minimum": 1, "maximum": 100, "default": 10,
              "description": "How many patterns"},
      "events": {"type": "integer", "minimum": 1, "maximum": 100000, "default": 20000,
                 "description": "At most so many events are read"},
      )json" + kTimeRangeProperties +
                        "}}";
  entry.output_schema = kOutput;
  entry.example = R"({"log_group":"/ecs/web","since":"2h","top":5})";
  entry.owner = config.owner;
  entry.timeout = std::chrono::minutes(5);
  entry.permissions = {"logs:FilterLogEvents"};
  entry.safe_to_retry = true;
  return entry;
}

class DebugErrorsJob final : public Job {
 public:
  DebugErrorsJob(const Clients& clients, const BuiltInConfig& config)
      : logs_(clients.logs), clock_(clients.clock), entry_(make_entry(config)) {}

  const Entry& entry() const override { return entry_; }
  boost::asio::awaitable<Answer> run(Request request, JobLog& log) override;

 private:
  aws::Logs& logs_;
  base::Clock& clock_;
  Entry entry_;
};

boost::asio::awaitable<Answer> DebugErrorsJob::run(Request request, JobLog& log) {
  const Params params(request.params);
  const auto group = log_group_of(params);
  if (!group) co_return answer_failed(group.error(), kDoing);
  const auto range = time_range_of(params, clock_.now());
  if (!range) co_return answer_failed(range.error(), kDoing);
  aws::FilterLogEventsOptions options;
  options.group = *group;
  options.pattern = params.text("pattern");
  options.from = range->from;
  options.to = range->to;
  SearchLimits limits;
  limits.events_max = static_cast<std::size_t>(params.number("events", 20'000));
  ErrorPatterns patterns;
  const auto searched = co_await search_logs(
      logs_, std::move(options), limits, [&patterns](const aws::LogEvent& event) {
        patterns.add(event.time, event.stream, event.message);
        return true;
      });
  if (!searched) co_return answer_failed(searched.error(), kDoing);
  log.line(fmt::format("{} events of {} on {} pages, {} patterns", searched->events, *group,
                       searched->pages, patterns.patterns()));
  Json body = {{"log_group", *group},
               {"from", base::format_rfc3339(range->from)},
               {"to", base::format_rfc3339(range->to)},
               {"events", searched->events},
               {"events_complete", searched->complete && patterns.others() == 0},
               {"patterns", patterns.patterns()},
               {"top", Json::array()}};
  for (const auto& one : patterns.top(static_cast<std::size_t>(params.number("top", 10)))) {
    body["top"].push_back({{"pattern", one.text},
                           {"count", one.count},
                           {"first_seen", base::format_rfc3339(one.first_seen)},
                           {"last_seen", base::format_rfc3339(one.last_seen)},
                           {"streams", one.streams},
                           {"example", cut(one.example, 500)}});
  }
  co_return done(body);
}

}  // namespace

std::unique_ptr<Job> make_debug_errors(const Clients& clients, const BuiltInConfig& config) {
  return std::make_unique<DebugErrorsJob>(clients, config);
}

}  // namespace consumers::oncall
