#include "sim/load_balancers_service.h"

#include "sim/ec2_support.h"

#include <fmt/format.h>

#include <algorithm>

namespace sim {
namespace {

constexpr const char* kVersion2 = "2015-12-01";

ApiAnswer answer(Json result) { return ApiAnswer{std::move(result), {}, {}}; }

ApiError no_such_load_balancer() {
  return api_error("LoadBalancerNotFound", "One or more load balancers not found");
}

}  // namespace

boost::asio::awaitable<ApiOutcome> LoadBalancersService::handle(ApiCall call) {
  if (call.api_version == kVersion2) {
    if (call.operation == "CreateLoadBalancer") co_return create_load_balancer(call.arguments);
    if (call.operation == "CreateListener") co_return create_listener(call.arguments);
    if (call.operation == "DescribeLoadBalancers") {
      co_return describe_load_balancers(call.arguments);
    }
    if (call.operation == "DescribeTargetGroups" && call.arguments.contains("LoadBalancerArn")) {
      Arguments args(call.arguments, ErrorStyle::kAutoScaling);
      const auto found = load_balancers_.find(args.text_or("LoadBalancerArn", ""));
      if (found == load_balancers_.end()) co_return no_such_load_balancer();
      if (found->second.target_groups.empty()) co_return answer({{"TargetGroups", Json::array()}});
      call.arguments = {{"TargetGroupArns", found->second.target_groups}};
    }
  }
  co_return co_await elb_.handle(std::move(call));
}

ApiOutcome LoadBalancersService::create_load_balancer(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kAutoScaling);
  const std::string name = args.required_text("Name");
  if (args.error()) return *args.error();
  auto known = std::ranges::find_if(load_balancers_,
                                    [&](const auto& one) { return one.second.name == name; });
  if (known == load_balancers_.end()) {
    const std::string arn =
        world_.arn("elasticloadbalancing",
                   fmt::format("loadbalancer/app/{}/{}", name, world_.random().hex(16)));
    LoadBalancer balancer{.name = name, .described = {}, .target_groups = {}};
    balancer.described = {{"LoadBalancerArn", arn},
                          {"LoadBalancerName", name},
                          {"DNSName", name + ".elb.simulated"},
                          {"Type", "application"},
                          {"Scheme", args.text_or("Scheme", "internal")},
                          {"State", {{"Code", "active"}}}};
    known = load_balancers_.emplace(arn, std::move(balancer)).first;
  }
  return answer({{"LoadBalancers", Json::array({known->second.described})}});
}

ApiOutcome LoadBalancersService::create_listener(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kAutoScaling);
  const auto balancer = load_balancers_.find(args.required_text("LoadBalancerArn"));
  const std::vector<Json> actions = args.objects("DefaultActions");
  if (args.error()) return *args.error();
  if (balancer == load_balancers_.end()) return no_such_load_balancer();
  for (const Json& action : actions) {
    Arguments one(action, ErrorStyle::kAutoScaling);
    const std::string arn = one.text_or("TargetGroupArn", "");
    if (arn.empty()) continue;
    if (!elb_.has_pool(arn)) {
      return api_error("TargetGroupNotFound", "One or more target groups not found");
    }
    auto& behind = balancer->second.target_groups;
    if (std::ranges::find(behind, arn) == behind.end()) behind.push_back(arn);
  }
  Json listener = {
      {"ListenerArn", world_.arn("elasticloadbalancing", "listener/" + world_.random().hex(16))},
      {"LoadBalancerArn", balancer->first}};
  return answer({{"Listeners", Json::array({std::move(listener)})}});
}

ApiOutcome LoadBalancersService::describe_load_balancers(const Json& arguments) {
  Arguments args(arguments, ErrorStyle::kAutoScaling);
  const std::vector<std::string> names = args.texts("Names");
  const std::vector<std::string> arns = args.texts("LoadBalancerArns");
  if (args.error()) return *args.error();
  Json list = Json::array();
  for (const auto& [arn, balancer] : load_balancers_) {
    const bool named = std::ranges::find(names, balancer.name) != names.end() ||
                       std::ranges::find(arns, arn) != arns.end();
    if (named || (names.empty() && arns.empty())) list.push_back(balancer.described);
  }
  if (list.size() < names.size() + arns.size()) return no_such_load_balancer();
  return answer({{"LoadBalancers", std::move(list)}});
}

}  // namespace sim
