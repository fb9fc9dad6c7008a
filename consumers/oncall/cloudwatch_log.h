// CloudWatchLog: logs of jobs, or their audit records, in a log group.
#pragma once

#include "aws/logs.h"
#include "consumers/oncall/sinks.h"

#include <string>
#include <utility>

namespace consumers::oncall {

// Of the group: each run's lines in a stream of its own, JOB/REQUEST/ATTEMPT; or, as audit, one
// record for every action in a stream for each day.
class CloudWatchLog final : public LogKeeper {
 public:
  enum class Kind { kLines, kAudit };
  CloudWatchLog(aws::Logs& logs, std::string group, Kind kind)
      : logs_(logs), group_(std::move(group)), kind_(kind) {}

  boost::asio::awaitable<base::Result<std::string>> keep(Outcome outcome,
                                                         std::vector<LogLine> lines) override;

 private:
  aws::Logs& logs_;
  std::string group_;
  Kind kind_;
};

}  // namespace consumers::oncall
