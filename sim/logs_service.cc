#include "sim/logs_service.h"

#include "sim/ec2_support.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>

namespace sim {
namespace {

constexpr std::size_t kBatchBytesMax = 1'048'576;
constexpr std::size_t kLineOverhead = 26;
constexpr std::size_t kPageBytesMax = 1'048'576;
constexpr std::int64_t kDay = 24LL * 3600 * 1000;
constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();

ApiAnswer answer(Json result = Json::object()) { return ApiAnswer{std::move(result), {}, {}}; }

ApiError no_such(const char* what) {
  return api_error("ResourceNotFoundException",
                   fmt::format("The specified {} does not exist.", what));
}

ApiError invalid(const std::string& message) {
  return api_error("InvalidParameterException", message);
}

std::optional<std::int64_t> limit_of(Arguments& args, std::int64_t most) {
  const std::int64_t limit = args.integer_or("limit", most);
  if (limit < 1 || limit > most) return std::nullopt;
  return limit;
}

ApiError bad_limit(std::int64_t most) {
  return invalid(
      fmt::format("1 validation error detected: Value at 'limit' failed to satisfy "
                  "constraint: Member must have value between 1 and {}",
                  most));
}

// A token is a position in the list that is paged.
std::optional<std::size_t> position_of(const std::string& token) {
  if (token.empty()) return 0;
  const auto number = parse_integer(token);
  if (!number || *number < 0) return std::nullopt;
  return static_cast<std::size_t>(*number);
}

}  // namespace

std::optional<LogPattern> LogPattern::parse(const std::string& text) {
  LogPattern pattern;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ') continue;
    if (text[i] == '{' || text[i] == '[' || text[i] == '%') return std::nullopt;
    std::vector<std::string>* terms = &pattern.all_;
    if (text[i] == '?' || text[i] == '-') terms = text[i++] == '?' ? &pattern.any_ : &pattern.none_;
    const bool quoted = i < text.size() && text[i] == '"';
    if (quoted) ++i;
    const std::size_t end = std::min(text.find(quoted ? '"' : ' ', i), text.size());
    terms->push_back(text.substr(i, end - i));
    i = end;
  }
  return pattern;
}

bool LogPattern::matches(const std::string& message) const {
  const auto in = [&](const std::string& term) { return message.find(term) != std::string::npos; };
  return std::ranges::all_of(all_, in) && std::ranges::none_of(none_, in) &&
         (any_.empty() || std::ranges::any_of(any_, in));
}

const std::map<std::string, LogsService::Operation>& LogsService::operations() {
  static const std::map<std::string, Operation> kOperations = {
      {"CreateLogGroup", &LogsService::create_log_group},
      {"CreateLogStream", &LogsService::create_log_stream},
      {"DescribeLogGroups", &LogsService::describe_log_groups},
      {"DescribeLogStreams", &LogsService::describe_log_streams},
      {"PutLogEvents", &LogsService::put_log_events},
      {"FilterLogEvents", &LogsService::filter_log_events},
      {"GetLogEvents", &LogsService::get_log_events},
  };
  return kOperations;
}

boost::asio::awaitable<ApiOutcome> LogsService::handle(ApiCall call) {
  const auto found = operations().find(call.operation);
  if (found == operations().end()) {
    co_return api_error("UnknownOperationException",
                        fmt::format("{} is not simulated", call.operation));
  }
  co_return (this->*found->second)(call.arguments);
}

std::int64_t LogsService::now() const {
  return std::chrono::floor<std::chrono::milliseconds>(world_.clock().now())
      .time_since_epoch()
      .count();
}

void LogsService::insert(Stream& stream, Event event) {
  const auto at = std::ranges::upper_bound(stream.events, event.time, {}, &Event::time);
  stream.events.insert(at, std::move(event));
}

void LogsService::write(const std::string& group, const std::string& stream,
                        const std::string& message) {
  write_at(world_.clock().now(), group, stream, message);
}

void LogsService::write_at(base::TimePoint time, const std::string& group,
                           const std::string& stream, const std::string& message) {
  const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(time);
  insert(groups_[group].try_emplace(stream, Stream{{}, now()}).first->second,
         {milliseconds.time_since_epoch().count(), now(), message});
}

ApiOutcome LogsService::create_log_group(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string name = args.required_text("logGroupName");
  if (args.error()) return *args.error();
  if (!groups_.try_emplace(name).second) {
    return api_error("ResourceAlreadyExistsException", "The specified log group already exists");
  }
  return answer();
}

ApiOutcome LogsService::create_log_stream(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string group = args.required_text("logGroupName");
  const std::string name = args.required_text("logStreamName");
  if (args.error()) return *args.error();
  const auto found = groups_.find(group);
  if (found == groups_.end()) return no_such("log group");
  if (!found->second.try_emplace(name, Stream{{}, now()}).second) {
    return api_error("ResourceAlreadyExistsException", "The specified log stream already exists");
  }
  return answer();
}

ApiOutcome LogsService::describe_log_groups(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string prefix = args.text_or("logGroupNamePrefix", "");
  Json list = Json::array();
  for (const auto& [name, streams] : groups_) {
    if (!name.starts_with(prefix)) continue;
    list.push_back({{"logGroupName", name}, {"arn", world_.arn("logs", "log-group:" + name)}});
  }
  return answer({{"logGroups", std::move(list)}});
}

ApiOutcome LogsService::describe_log_streams(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string group = args.required_text("logGroupName");
  const std::string prefix = args.text_or("logStreamNamePrefix", "");
  const bool by_time = args.text_or("orderBy", "LogStreamName") == "LastEventTime";
  const bool descending = args.boolean_or("descending", false);
  const auto limit = limit_of(args, 50);
  const auto from = position_of(args.text_or("nextToken", ""));
  if (args.error()) return *args.error();
  if (!limit) return bad_limit(50);
  if (!from) return invalid("The specified nextToken is invalid.");
  if (by_time && !prefix.empty()) {
    return invalid("Cannot order by LastEventTime with a logStreamNamePrefix.");
  }
  const auto found = groups_.find(group);
  if (found == groups_.end()) return no_such("log group");
  std::vector<const Group::value_type*> streams;
  for (const auto& stream : found->second) {
    if (stream.first.starts_with(prefix)) streams.push_back(&stream);
  }
  const auto last_of = [](const auto* stream) {
    return stream->second.events.empty() ? 0 : stream->second.events.back().time;
  };
  if (by_time) std::ranges::stable_sort(streams, {}, last_of);
  if (descending) std::ranges::reverse(streams);
  Json list = Json::array();
  const std::size_t to = std::min(streams.size(), *from + static_cast<std::size_t>(*limit));
  for (std::size_t i = *from; i < to; ++i) {
    const auto& [name, stream] = *streams[i];
    Json shown = {{"logStreamName", name}, {"creationTime", stream.created}};
    if (!stream.events.empty()) {
      shown["firstEventTimestamp"] = stream.events.front().time;
      shown["lastEventTimestamp"] = stream.events.back().time;
    }
    list.push_back(std::move(shown));
  }
  Json result = {{"logStreams", std::move(list)}};
  if (to < streams.size()) result["nextToken"] = std::to_string(to);
  return answer(std::move(result));
}

ApiOutcome LogsService::put_log_events(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string group = args.required_text("logGroupName");
  const std::string name = args.required_text("logStreamName");
  const std::vector<Json> events = args.objects("logEvents");
  if (args.error()) return *args.error();
  const auto found = groups_.find(group);
  if (found == groups_.end()) return no_such("log group");
  const auto stream = found->second.find(name);
  if (stream == found->second.end()) return no_such("log stream");
  if (events.empty() || events.size() > 10'000) {
    return invalid("Log events in a single PutLogEvents request must be 1 to 10000.");
  }
  std::vector<Event> taken;
  std::size_t bytes = 0;
  for (const Json& one : events) {
    Arguments event(one, ErrorStyle::kJson);
    taken.push_back({event.required_integer("timestamp"), now(), event.required_text("message")});
    if (event.error()) return *event.error();
    bytes += taken.back().message.size() + kLineOverhead;
    if (taken.size() > 1 && taken.back().time < taken[taken.size() - 2].time) {
      return invalid("Log events in a single PutLogEvents request must be in chronological order.");
    }
  }
  if (bytes > kBatchBytesMax) return invalid("Upload too large: the limit is 1048576 bytes.");
  if (taken.back().time - taken.front().time > kDay) {
    return invalid(
        "The batch of log events in a single PutLogEvents request cannot span more "
        "than 24 hours.");
  }
  // Not older than 14 days, not further ahead than two hours.
  std::size_t too_old = 0;
  std::size_t too_new = taken.size();
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (taken[i].time < now() - 14 * kDay) too_old = i + 1;
    if (taken[i].time > now() + kDay / 12) too_new = std::min(too_new, i);
  }
  for (std::size_t i = too_old; i < too_new; ++i) insert(stream->second, std::move(taken[i]));
  Json result = {{"nextSequenceToken", world_.random().hex(16)}};
  if (too_old > 0) result["rejectedLogEventsInfo"]["tooOldLogEventEndIndex"] = too_old;
  if (too_new < taken.size()) result["rejectedLogEventsInfo"]["tooNewLogEventStartIndex"] = too_new;
  return answer(std::move(result));
}

ApiOutcome LogsService::filter_log_events(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string group = args.required_text("logGroupName");
  const std::vector<std::string> names = args.texts("logStreamNames");
  const std::string prefix = args.text_or("logStreamNamePrefix", "");
  const auto pattern = LogPattern::parse(args.text_or("filterPattern", ""));
  const std::int64_t begin = args.integer_or("startTime", 0);
  const std::int64_t end = args.integer_or("endTime", kForever);
  const auto limit = limit_of(args, 10'000);
  const auto from = position_of(args.text_or("nextToken", ""));
  if (args.error()) return *args.error();
  if (!limit) return bad_limit(10'000);
  if (!from) return invalid("The specified nextToken is invalid.");
  if (!pattern) return invalid("The simulator knows filter patterns of terms only.");
  if (names.size() > 100) return invalid("At most 100 logStreamNames.");
  if (!names.empty() && !prefix.empty()) {
    return invalid("logStreamNames and logStreamNamePrefix are mutually exclusive.");
  }
  const auto found = groups_.find(group);
  if (found == groups_.end()) return no_such("log group");
  for (const std::string& name : names) {
    if (!found->second.contains(name)) return no_such("log stream");
  }
  using Seen = std::tuple<std::int64_t, const std::string*, const Event*>;
  std::vector<Seen> seen;
  for (const auto& [name, stream] : found->second) {
    if (!name.starts_with(prefix)) continue;
    if (!names.empty() && std::ranges::find(names, name) == names.end()) continue;
    for (const Event& event : stream.events) {
      if (event.time >= begin && event.time <= end) seen.emplace_back(event.time, &name, &event);
    }
  }
  std::ranges::stable_sort(seen, {}, [](const Seen& one) { return std::get<0>(one); });
  Json list = Json::array();
  std::size_t bytes = 0;
  std::size_t at = *from;
  for (; at < seen.size() && at < *from + scan_max_; ++at) {
    if (static_cast<std::int64_t>(list.size()) == *limit) break;
    const auto& [time, name, event] = seen[at];
    if (!pattern->matches(event->message)) continue;
    bytes += event->message.size() + kLineOverhead;
    if (bytes > kPageBytesMax && !list.empty()) break;
    list.push_back({{"logStreamName", *name},
                    {"timestamp", time},
                    {"ingestionTime", event->taken},
                    {"message", event->message},
                    {"eventId", fmt::format("{:056}", at)}});
  }
  Json result = {{"events", std::move(list)}, {"searchedLogStreams", Json::array()}};
  if (at < seen.size()) result["nextToken"] = std::to_string(at);
  return answer(std::move(result));
}

ApiOutcome LogsService::get_log_events(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kJson);
  const std::string group = args.required_text("logGroupName");
  const std::string name = args.required_text("logStreamName");
  const std::int64_t begin = args.integer_or("startTime", 0);
  const std::int64_t end = args.integer_or("endTime", kForever);
  const auto limit = limit_of(args, 10'000);
  std::string token = args.text_or("nextToken", "f/0");
  if (args.error()) return *args.error();
  if (!limit) return bad_limit(10'000);
  const auto from = token.starts_with("f/") ? position_of(token.substr(2)) : std::nullopt;
  if (!from) return invalid("The specified nextToken is invalid.");
  const auto found = groups_.find(group);
  if (found == groups_.end()) return no_such("log group");
  const auto stream = found->second.find(name);
  if (stream == found->second.end()) return no_such("log stream");
  Json list = Json::array();
  std::size_t at = *from;
  for (; at < stream->second.events.size(); ++at) {
    if (static_cast<std::int64_t>(list.size()) == *limit) break;
    const Event& event = stream->second.events[at];
    if (event.time < begin || event.time >= end) continue;
    list.push_back(
        {{"timestamp", event.time}, {"ingestionTime", event.taken}, {"message", event.message}});
  }
  return answer({{"events", std::move(list)},
                 {"nextForwardToken", fmt::format("f/{}", at)},
                 {"nextBackwardToken", fmt::format("b/{}", *from)}});
}

}  // namespace sim
