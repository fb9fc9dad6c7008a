#include "aws/load_balancers.h"

#include "aws/query.h"

#include <utility>

namespace aws {

namespace {

QueryCall make_call(std::string operation) {
  return {.service = "elasticloadbalancingv2",
          .version = "2015-12-01",
          .operation = std::move(operation)};
}

}  // namespace

boost::asio::awaitable<base::Result<std::vector<TargetGroup>>>
LoadBalancers::describe_target_groups(TargetGroupsOptions options) {
  std::vector<TargetGroup> groups;
  std::string marker;
  for (int page = 0; page < kQueryPagesMax; ++page) {
    QueryCall call = make_call("DescribeTargetGroups");
    call.add_list("Names.member", options.names);
    if (!options.load_balancer_arn.empty()) call.add("LoadBalancerArn", options.load_balancer_arn);
    if (!marker.empty()) call.add("Marker", marker);
    const auto answer = co_await send_query(caller_, std::move(call));
    if (!answer) co_return answer.error();
    const XmlElement result = answer->result();
    for (const XmlElement& member : result.list("TargetGroups", "member")) {
      groups.push_back({member.text("TargetGroupArn"), member.text("TargetGroupName")});
    }
    if (auto problem = answer->problem()) co_return *std::move(problem);
    marker = result.text_or("NextMarker");
    if (marker.empty()) co_return groups;
  }
  co_return base::fatal("DescribeTargetGroups: the pages do not end");
}

boost::asio::awaitable<base::Result<std::string>> LoadBalancers::describe_load_balancers(
    std::string name) {
  QueryCall call = make_call("DescribeLoadBalancers");
  call.add_list("Names.member", {std::move(name)});
  const auto answer = co_await send_query(caller_, std::move(call));
  if (!answer) co_return answer.error();
  std::string arn;
  for (const XmlElement& member : answer->result().list("LoadBalancers", "member")) {
    arn = member.text("LoadBalancerArn");
  }
  co_return answer->finish(std::move(arn));
}

boost::asio::awaitable<base::Result<std::vector<TargetState>>>
LoadBalancers::describe_target_health(std::string target_group_arn) {
  QueryCall call = make_call("DescribeTargetHealth");
  call.add("TargetGroupArn", std::move(target_group_arn));
  const auto answer = co_await send_query(caller_, std::move(call));
  if (!answer) co_return answer.error();
  std::vector<TargetState> targets;
  for (const XmlElement& member : answer->result().list("TargetHealthDescriptions", "member")) {
    TargetState& target = targets.emplace_back();
    const XmlElement who = member.child("Target");
    target.id = who.text("Id");
    target.port = who.number_or("Port", 0);
    const XmlElement health = member.child("TargetHealth");
    target.state = health.text("State");
    target.reason = health.text_or("Reason");
    target.description = health.text_or("Description");
  }
  co_return answer->finish(std::move(targets));
}

}  // namespace aws
