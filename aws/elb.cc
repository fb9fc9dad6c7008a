#include "aws/elb.h"

#include "aws/query.h"

namespace aws {

namespace {

// Both APIs share the host and the signing name and differ in version; their endpoints can be set
// apart (AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING and ..._V2).
constexpr const char* kClassicService = "elasticloadbalancing";
constexpr const char* kService2 = "elasticloadbalancingv2";
constexpr const char* kClassicVersion = "2012-06-01";
constexpr const char* kVersion2 = "2015-12-01";

}  // namespace

boost::asio::awaitable<base::Result<std::vector<TargetHealth>>> Elb::describe_target_health(
    std::string target_group_arn) {
  QueryCall call{.service = kService2, .version = kVersion2, .operation = "DescribeTargetHealth"};
  call.add("TargetGroupArn", std::move(target_group_arn));
  const auto answer = co_await send_query(caller_, std::move(call));
  if (!answer) co_return answer.error();
  std::vector<TargetHealth> targets;
  for (const XmlElement& member : answer->result().list("TargetHealthDescriptions", "member")) {
    TargetHealth& target = targets.emplace_back();
    target.target = base::InstanceId(member.child("Target").text("Id"));
    const XmlElement health = member.child("TargetHealth");
    target.state = health.text("State");
    target.reason = health.text_or("Reason");
  }
  co_return answer->finish(std::move(targets));
}

boost::asio::awaitable<base::Result<std::vector<TargetHealth>>> Elb::describe_instance_health(
    std::string load_balancer_name) {
  QueryCall call{.service = kClassicService,
                 .version = kClassicVersion,
                 .operation = "DescribeInstanceHealth"};
  call.add("LoadBalancerName", std::move(load_balancer_name));
  const auto answer = co_await send_query(caller_, std::move(call));
  if (!answer) co_return answer.error();
  std::vector<TargetHealth> targets;
  for (const XmlElement& member : answer->result().list("InstanceStates", "member")) {
    TargetHealth& target = targets.emplace_back();
    target.target = base::InstanceId(member.text("InstanceId"));
    target.state = member.text("State");
    target.reason = member.text_or("ReasonCode");
  }
  co_return answer->finish(std::move(targets));
}

}  // namespace aws
