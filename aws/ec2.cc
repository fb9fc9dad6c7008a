#include "aws/ec2.h"

#include "aws/query.h"

#include <fmt/format.h>

#include <algorithm>

namespace aws {

namespace {

constexpr std::size_t kIdsPerCall = 200;  // a filter takes no more values

QueryCall make_call(std::string operation) {
  return {.service = "ec2", .version = "2016-11-15", .operation = std::move(operation)};
}

// Asks for page after page of `call` until there is none.
template <class T>
boost::asio::awaitable<base::Result<std::vector<T>>> read_pages(
    Caller& caller, QueryCall call, void (*read_page)(const XmlElement&, std::vector<T>&)) {
  std::vector<T> items;
  std::string token;
  for (int page = 0; page < kQueryPagesMax; ++page) {
    QueryCall next = call;
    if (!token.empty()) next.add("NextToken", token);
    const auto answer = co_await send_query(caller, std::move(next));
    if (!answer) co_return answer.error();
    const XmlElement result = answer->result();
    read_page(result, items);
    if (auto problem = answer->problem()) co_return *std::move(problem);
    token = result.text_or("nextToken");
    if (token.empty()) co_return items;
  }
  co_return base::fatal(
      fmt::format("{} did not end after {} pages", call.operation, kQueryPagesMax));
}

void read_templates(const XmlElement& page, std::vector<LaunchTemplate>& templates) {
  for (const XmlElement& item : page.list("launchTemplates", "item")) {
    LaunchTemplate& launch_template = templates.emplace_back();
    launch_template.id = item.text("launchTemplateId");
    launch_template.name = item.text_or("launchTemplateName");
    launch_template.latest_version = item.number("latestVersionNumber");
    launch_template.default_version = item.number("defaultVersionNumber");
  }
}

void read_instances(const XmlElement& page, std::vector<Ec2Instance>& instances) {
  for (const XmlElement& reservation : page.list("reservationSet", "item")) {
    for (const XmlElement& item : reservation.list("instancesSet", "item")) {
      Ec2Instance& instance = instances.emplace_back();
      instance.id = base::InstanceId(item.text("instanceId"));
      instance.state = item.child("instanceState").text("name");
      instance.launch_time = item.time("launchTime");
      instance.private_ip = item.text_or("privateIpAddress");
    }
  }
}

}  // namespace

boost::asio::awaitable<base::Result<std::vector<LaunchTemplate>>> Ec2::describe_launch_templates(
    DescribeLaunchTemplatesOptions options) {
  // Without any, EC2 would list all of the account's.
  if (options.ids.empty() && options.names.empty()) co_return std::vector<LaunchTemplate>();
  QueryCall call = make_call("DescribeLaunchTemplates");
  call.add_list("LaunchTemplateId", options.ids);
  call.add_list("LaunchTemplateName", options.names);
  co_return co_await read_pages(caller_, std::move(call), read_templates);
}

boost::asio::awaitable<base::Result<std::vector<Ec2Instance>>> Ec2::describe_instances(
    std::vector<base::InstanceId> ids) {
  std::vector<Ec2Instance> found;
  for (std::size_t from = 0; from < ids.size(); from += kIdsPerCall) {
    // By filter: given as InstanceId.N, one unknown id makes EC2 refuse the whole call.
    QueryCall call = make_call("DescribeInstances");
    call.add("Filter.1.Name", "instance-id");
    const std::size_t to = std::min(ids.size(), from + kIdsPerCall);
    for (std::size_t i = from; i < to; ++i) {
      call.add(fmt::format("Filter.1.Value.{}", i - from + 1), ids[i].value);
    }
    const auto chunk = co_await read_pages(caller_, std::move(call), read_instances);
    if (!chunk) co_return chunk.error();
    found.insert(found.end(), chunk->begin(), chunk->end());
  }
  co_return found;
}

}  // namespace aws
