#include "aws/cloudwatch.h"

#include "aws/query.h"

#include <algorithm>
#include <utility>

namespace aws {

namespace {

constexpr std::size_t kNamesPerCall = 100;  // AWS's maximum

void read_alarms(const XmlElement& result, const char* list, std::vector<MetricAlarm>& alarms) {
  for (const XmlElement& member : result.list(list, "member")) {
    MetricAlarm& alarm = alarms.emplace_back();
    alarm.name = member.text("AlarmName");
    alarm.state = member.text("StateValue");
    const bool exact = !member.text_or("StateTransitionedTimestamp").empty();
    alarm.since = member.time(exact ? "StateTransitionedTimestamp" : "StateUpdatedTimestamp");
  }
}

boost::asio::awaitable<base::Result<void>> describe_chunk(Caller& caller,
                                                          std::vector<std::string> names,
                                                          std::vector<MetricAlarm>& alarms) {
  std::string token;
  for (int page = 0; page < kQueryPagesMax; ++page) {
    QueryCall call{.service = "monitoring", .version = "2010-08-01", .operation = "DescribeAlarms"};
    call.add_list("AlarmNames.member", names);
    // Unless asked for, composite alarms are left out.
    call.add_list("AlarmTypes.member", {"CompositeAlarm", "MetricAlarm"});
    call.add("MaxRecords", static_cast<int>(kNamesPerCall));
    if (!token.empty()) call.add("NextToken", token);
    const auto answer = co_await send_query(caller, std::move(call));
    if (!answer) co_return answer.error();
    read_alarms(answer->result(), "MetricAlarms", alarms);
    read_alarms(answer->result(), "CompositeAlarms", alarms);
    token = answer->result().text_or("NextToken");
    if (auto problem = answer->problem()) co_return *std::move(problem);
    if (token.empty()) co_return base::Result<void>();
  }
  co_return base::fatal("DescribeAlarms: the pages do not end");
}

}  // namespace

boost::asio::awaitable<base::Result<std::vector<MetricAlarm>>> CloudWatch::describe_alarms(
    std::vector<std::string> names) {
  std::vector<MetricAlarm> alarms;
  for (std::size_t from = 0; from < names.size(); from += kNamesPerCall) {
    const std::size_t to = std::min(names.size(), from + kNamesPerCall);
    std::vector<std::string> chunk(names.begin() + static_cast<std::ptrdiff_t>(from),
                                   names.begin() + static_cast<std::ptrdiff_t>(to));
    const auto read = co_await describe_chunk(caller_, std::move(chunk), alarms);
    if (!read) co_return read.error();
  }
  co_return alarms;
}

}  // namespace aws
