// Amazon CloudWatch Logs over AWS JSON 1.1.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/
#pragma once

#include "aws/caller.h"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>
#include <vector>

namespace aws {

struct LogStream {
  std::string name;
  std::optional<base::TimePoint> first_event;  // none while it is empty
  std::optional<base::TimePoint> last_event;   // AWS updates it within an hour or so
};

struct LogStreamsOptions {
  std::string group;
  std::string prefix;         // of the streams' names
  bool newest_first = false;  // by last event; AWS refuses it together with a prefix
  int limit = 50;             // of a page, at most 50
  std::string next_token;
};

struct LogStreamsPage {
  std::vector<LogStream> streams;
  std::string next_token;  // empty: there is no more
};

struct LogEvent {
  base::TimePoint time;
  std::string stream;
  std::string message;
};

struct FilterLogEventsOptions {
  std::string group;
  std::vector<std::string> streams;  // at most 100; empty: all
  std::string stream_prefix;         // instead of names
  std::string pattern;               // a filter pattern of CloudWatch Logs; empty: every event
  std::optional<base::TimePoint> from;
  std::optional<base::TimePoint> to;
  int limit = 10'000;  // of a page, at most 10,000 and 1 MB
  std::string next_token;
};

struct LogEventsPage {
  std::vector<LogEvent> events;  // oldest first; a page may be empty and not be the last
  std::string next_token;        // empty: there is no more
};

struct GetLogEventsOptions {
  std::string group;
  std::string stream;
  std::optional<base::TimePoint> from;
  std::optional<base::TimePoint> to;
  int limit = 10'000;
  std::string next_token;
};

struct LogLine {
  base::TimePoint time;
  std::string message;  // not empty; with its 26 bytes of overhead at most 1 MiB
};

// The limits of one PutLogEvents.
inline constexpr std::size_t kLogBatchEventsMax = 10'000;
inline constexpr std::size_t kLogBatchBytesMax = 1U << 20U;
inline constexpr std::size_t kLogLineOverhead = 26;
inline constexpr base::Duration kLogBatchSpanMax = std::chrono::hours(24);

class Logs {
 public:
  explicit Logs(Caller& caller) : caller_(caller) {}

  // One page each; kNotFound: no such group (or stream).
  boost::asio::awaitable<base::Result<LogStreamsPage>> describe_log_streams(
      LogStreamsOptions options);
  boost::asio::awaitable<base::Result<LogEventsPage>> filter_log_events(
      FilterLogEventsOptions options);
  // Of one stream, from its beginning; at its end next_token is empty.
  boost::asio::awaitable<base::Result<LogEventsPage>> get_log_events(GetLogEventsOptions options);
  // As many calls as the limits ask for, in the order of time; how many lines AWS refused because
  // they were too old, too new or expired. Sent again after a lost answer: lines may be there
  // twice. kInvalid: a line that is empty or too long.
  boost::asio::awaitable<base::Result<std::size_t>> put_log_events(std::string group,
                                                                   std::string stream,
                                                                   std::vector<LogLine> lines);
  // A success too when it exists.
  boost::asio::awaitable<base::Result<void>> create_log_stream(std::string group,
                                                               std::string stream);

 private:
  Caller& caller_;
};

}  // namespace aws
