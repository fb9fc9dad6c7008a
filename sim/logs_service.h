// LogsService: log groups, streams and their events, paged as CloudWatch Logs pages them: a page of
// FilterLogEvents may be empty and not be the last one, and the end of GetLogEvents is a token that
// stays the same. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/
#pragma once

#include "sim/service.h"
#include "sim/world.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sim {

class LogsService final : public Service {
 public:
  explicit LogsService(World& world) : world_(world) {}
  boost::asio::awaitable<ApiOutcome> handle(ApiCall call) override;

  // What runs in the region writes here; makes group and stream where there are none.
  void write(const std::string& group, const std::string& stream, const std::string& message);
  void write_at(base::TimePoint time, const std::string& group, const std::string& stream,
                const std::string& message);
  // How many events one FilterLogEvents looks at before it answers.
  void set_scan_max(std::size_t events) { scan_max_ = events; }

 private:
  struct Event {
    std::int64_t time = 0;  // milliseconds
    std::int64_t taken = 0;
    std::string message;
  };
  struct Stream {
    std::vector<Event> events;  // by time
    std::int64_t created = 0;
  };
  using Group = std::map<std::string, Stream>;
  using Operation = ApiOutcome (LogsService::*)(const Json&);
  static const std::map<std::string, Operation>& operations();

  ApiOutcome create_log_group(const Json& arguments);
  ApiOutcome create_log_stream(const Json& arguments);
  ApiOutcome describe_log_groups(const Json& arguments);
  ApiOutcome describe_log_streams(const Json& arguments);
  ApiOutcome put_log_events(const Json& arguments);
  ApiOutcome filter_log_events(const Json& arguments);
  ApiOutcome get_log_events(const Json& arguments);
  std::int64_t now() const;
  void insert(Stream& stream, Event event);

  World& world_;
  std::map<std::string, Group> groups_;
  std::size_t scan_max_ = 10'000;
};

// A filter pattern of terms: all of those without a mark, one of those with '?', none of those with
// '-'; "in quotes" with spaces. None for a pattern of JSON or columns: those are not simulated.
class LogPattern {
 public:
  static std::optional<LogPattern> parse(const std::string& text);
  bool matches(const std::string& message) const;

 private:
  std::vector<std::string> all_;
  std::vector<std::string> any_;
  std::vector<std::string> none_;
};

}  // namespace sim
