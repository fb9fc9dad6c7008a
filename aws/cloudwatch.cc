#include "aws/cloudwatch.h"

#include "aws/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace aws {

namespace {

constexpr std::size_t kNamesPerCall = 100;  // AWS's maximum
constexpr const char* kVersion = "2010-08-01";
constexpr base::Duration kPutTimeout{10'000};

QueryCall put_call() {
  QueryCall call{.service = "monitoring", .version = kVersion, .operation = "PutMetricData"};
  call.idempotent = false;
  call.compress = true;
  call.timeout = kPutTimeout;
  return call;
}

void add_datum(QueryCall& call, const MetricDatum& datum, std::size_t number) {
  const std::string key = fmt::format("MetricData.member.{}.", number);
  call.add(key + "MetricName", datum.name);
  for (std::size_t i = 0; i < datum.dimensions.size(); ++i) {
    const std::string dimension = fmt::format("{}Dimensions.member.{}.", key, i + 1);
    call.add(dimension + "Name", datum.dimensions[i].first);
    call.add(dimension + "Value", datum.dimensions[i].second);
  }
  call.add(key + "Timestamp", base::format_rfc3339(datum.at));
  call.add(key + "Unit", datum.unit);
  if (datum.values.size() == 1 && datum.counts.empty()) {
    call.add(key + "Value", fmt::format("{}", datum.values.front()));
    return;
  }
  for (std::size_t i = 0; i < datum.values.size(); ++i) {
    call.add(fmt::format("{}Values.member.{}", key, i + 1), fmt::format("{}", datum.values[i]));
  }
  for (std::size_t i = 0; i < datum.counts.size(); ++i) {
    call.add(fmt::format("{}Counts.member.{}", key, i + 1), fmt::format("{}", datum.counts[i]));
  }
}

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
    QueryCall call{.service = "monitoring", .version = kVersion, .operation = "DescribeAlarms"};
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

boost::asio::awaitable<base::Result<void>> CloudWatch::put_metric_data(
    std::string name_space, std::vector<MetricDatum> data) {
  QueryCall call = put_call();
  call.add("Namespace", std::move(name_space));
  for (std::size_t i = 0; i < data.size(); ++i) add_datum(call, data[i], i + 1);
  co_return co_await send_query_command(caller_, std::move(call));
}

std::size_t CloudWatch::body_bytes(const MetricDatum& datum) {
  QueryCall call = put_call();
  const std::size_t empty = query_body(call).size();
  add_datum(call, datum, kMetricDataMax);
  return query_body(call).size() - empty;
}

}  // namespace aws
