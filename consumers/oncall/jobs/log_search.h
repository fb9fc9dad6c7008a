// LogSearch: all pages of a search in CloudWatch Logs, within limits: for debug-logs, debug-errors
// and what a test run printed.
#pragma once

#include "aws/logs.h"
#include "consumers/oncall/jobs/params.h"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <functional>
#include <string>

namespace consumers::oncall {

// The parameters that name a log group, for a params_schema.
inline constexpr const char* kLogGroupProperties =
    R"json("service_name": {"type": "string", "pattern": "^[A-Za-z0-9_./-]{1,200}$",
    "description": "Of the log group /aws/lambda/<service_name>"},
  "log_group": {"type": "string", "pattern": "^[A-Za-z0-9_./#-]{1,512}$",
    "description": "Another log group, instead"})json";
// `log_group`, else /aws/lambda/<service_name>. kInvalid: neither.
base::Result<std::string> log_group_of(const Params& params);

struct SearchLimits {
  std::size_t events_max = 1000;
  // Pages without anything in them count too: a rare pattern in a large group.
  int pages_max = 500;
};

struct Searched {
  std::size_t events = 0;
  int pages = 0;
  bool complete = true;  // else a limit ended it
};

// Calls `take` for each event, oldest first; false from it ends the search, which is incomplete
// then. Errors: kNotFound: no such group.
boost::asio::awaitable<base::Result<Searched>> search_logs(
    aws::Logs& logs, aws::FilterLogEventsOptions options, SearchLimits limits,
    std::function<bool(const aws::LogEvent&)> take);

}  // namespace consumers::oncall
