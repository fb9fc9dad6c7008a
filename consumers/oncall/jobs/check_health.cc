// oncall-check-health: how the targets behind load balancers are, and why those that are not well
// are not.
#include "consumers/oncall/jobs/built_in.h"
#include "consumers/oncall/jobs/params.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace consumers::oncall {

namespace {

constexpr const char* kDoing = "checking health";
constexpr std::size_t kPoolsMax = 50;
constexpr std::size_t kTargetsShown = 400;  // of all; those that are not well come first

constexpr const char* kOutput =
    R"json({
  "type": "object",
  "properties": {
    "message": {"type": "string", "description": "The result, for people"},
    "healthy": {"type": "boolean", "description": "There are targets, and all of them are healthy"},
    "pools": {"type": "array", "description": "name (of the target group or classic load )json"
    R"json(balancer), healthy and total, and targets: id, port, state, reason, description, )json"
    R"json(those that are not healthy first"}
  }
})json";

Entry make_entry(const BuiltInConfig& config) {
  Entry entry;
  entry.name = "oncall-check-health";
  entry.purpose = "Says which targets of load balancers are healthy and why the others are not";
  Json schema = Json::parse(R"json({
    "type": "object",
    "additionalProperties": false,
    "properties": {
      "target_group": {"type": "string", "minLength": 1, "maxLength": 300,
                       "description": "Name or ARN of a target group"},
      "load_balancer": {"type": "string", "minLength": 1, "maxLength": 300,
                        "description": "Instead: name or ARN of a load balancer, for all )json"
                            R"json(behind it"},
      "classic_load_balancer": {"type": "string", "minLength": 1, "maxLength": 32,
                                "description": "Instead: name of a Classic Load Balancer"},
      "group": {"type": "string", "minLength": 1, "maxLength": 255,
                "description": "Instead: all that an Auto Scaling group is attached to"},
      "service_name": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,255}$",
                       "description": "Instead: all that an ECS service is attached to"},
      "cluster": {"type": "string", "pattern": "^[A-Za-z0-9:/_-]{1,255}$",
                  "description": "Cluster of that service"}
    }
  })json");
  schema["properties"]["cluster"]["default"] = config.cluster;
  entry.params_schema = dump(schema);
  entry.output_schema = kOutput;
  entry.example = R"({"target_group":"web"})";
  entry.owner = config.owner;
  entry.timeout = std::chrono::minutes(2);
  entry.permissions = {
      "autoscaling:DescribeAutoScalingGroups",       "ecs:DescribeServices",
      "elasticloadbalancing:DescribeInstanceHealth", "elasticloadbalancing:DescribeLoadBalancers",
      "elasticloadbalancing:DescribeTargetGroups",   "elasticloadbalancing:DescribeTargetHealth"};
  entry.safe_to_retry = true;
  return entry;
}

// Target groups by ARN and classic load balancers by name.
struct Pools {
  std::vector<std::string> arns;
  std::vector<std::string> classic;
  std::size_t size() const { return arns.size() + classic.size(); }
};

class CheckHealthJob final : public Job {
 public:
  CheckHealthJob(const Clients& clients, const BuiltInConfig& config)
      : ecs_(clients.ecs),
        balancers_(clients.load_balancers),
        classic_(clients.recycle.elb),
        auto_scaling_(clients.recycle.auto_scaling),
        entry_(make_entry(config)) {}

  const Entry& entry() const override { return entry_; }
  boost::asio::awaitable<Answer> run(Request request, JobLog& log) override;

 private:
  boost::asio::awaitable<base::Result<Pools>> find(Params params);
  boost::asio::awaitable<base::Result<Pools>> named_target_groups(aws::TargetGroupsOptions options);
  boost::asio::awaitable<base::Result<Pools>> of_load_balancer(std::string name);
  boost::asio::awaitable<base::Result<Pools>> of_group(std::string name);
  boost::asio::awaitable<base::Result<Pools>> of_service(std::string cluster, std::string name);

  aws::Ecs& ecs_;
  aws::LoadBalancers& balancers_;
  aws::Elb& classic_;
  aws::AutoScaling& auto_scaling_;
  Entry entry_;
};

bool is_arn(const std::string& text) { return text.starts_with("arn:"); }

boost::asio::awaitable<base::Result<Pools>> CheckHealthJob::named_target_groups(
    aws::TargetGroupsOptions options) {
  const auto groups = co_await balancers_.describe_target_groups(std::move(options));
  if (!groups) co_return groups.error();
  Pools pools;
  for (const aws::TargetGroup& group : *groups) pools.arns.push_back(group.arn);
  co_return pools;
}

boost::asio::awaitable<base::Result<Pools>> CheckHealthJob::of_load_balancer(std::string name) {
  aws::TargetGroupsOptions options;
  options.load_balancer_arn = name;
  if (!is_arn(name)) {
    auto arn = co_await balancers_.describe_load_balancers(name);
    if (!arn) co_return arn.error();
    options.load_balancer_arn = std::move(*arn);
  }
  co_return co_await named_target_groups(std::move(options));
}

boost::asio::awaitable<base::Result<Pools>> CheckHealthJob::of_group(std::string name) {
  aws::DescribeAutoScalingGroupsOptions options;
  options.names = {base::GroupName(name)};
  options.include_instances = false;
  const auto groups = co_await auto_scaling_.describe_auto_scaling_groups(std::move(options));
  if (!groups) co_return groups.error();
  if (groups->empty()) {
    co_return base::Error{base::ErrorKind::kNotFound,
                          "GroupNotFound",
                          fmt::format("there is no Auto Scaling group {}", name),
                          {}};
  }
  co_return Pools{groups->front().target_group_arns, groups->front().load_balancer_names};
}

boost::asio::awaitable<base::Result<Pools>> CheckHealthJob::of_service(std::string cluster,
                                                                       std::string name) {
  const auto service = co_await ecs_.describe_services(std::move(cluster), std::move(name));
  if (!service) co_return service.error();
  co_return Pools{service->target_groups, {}};
}

boost::asio::awaitable<base::Result<Pools>> CheckHealthJob::find(Params params) {
  int ways = 0;
  for (const char* way :
       {"target_group", "load_balancer", "classic_load_balancer", "group", "service_name"}) {
    ways += params.has(way) ? 1 : 0;
  }
  if (ways != 1) {
    co_return base::invalid(
        "target_group: expected one of target_group, load_balancer, classic_load_balancer, group "
        "and service_name");
  }
  if (params.has("load_balancer")) {
    co_return co_await of_load_balancer(params.text("load_balancer"));
  }
  if (params.has("classic_load_balancer")) {
    co_return Pools{{}, {params.text("classic_load_balancer")}};
  }
  if (params.has("group")) co_return co_await of_group(params.text("group"));
  if (params.has("service_name")) {
    co_return co_await of_service(params.text("cluster"), params.text("service_name"));
  }
  const std::string name = params.text("target_group");
  if (is_arn(name)) co_return Pools{{name}, {}};
  aws::TargetGroupsOptions options;
  options.names = {name};
  co_return co_await named_target_groups(std::move(options));
}

bool is_healthy(const aws::TargetState& target) {
  return target.state == "healthy" || target.state == "InService";
}

// "arn:...:targetgroup/web/0123" -> "web"
std::string pool_name(const std::string& pool) {
  const std::size_t from = pool.find("targetgroup/");
  if (!is_arn(pool) || from == std::string::npos) return pool;
  const std::string rest = pool.substr(from + std::string_view("targetgroup/").size());
  return rest.substr(0, rest.find('/'));
}

Json describe(const std::string& pool, std::vector<aws::TargetState> targets, std::size_t most) {
  std::ranges::stable_partition(targets, [](const auto& one) { return !is_healthy(one); });
  Json shown = {{"name", pool_name(pool)},
                {"healthy", std::ranges::count_if(targets, is_healthy)},
                {"total", targets.size()},
                {"targets", Json::array()}};
  for (std::size_t i = 0; i < std::min(targets.size(), most); ++i) {
    const aws::TargetState& target = targets[i];
    Json one = {{"id", target.id}};
    if (target.port != 0) one["port"] = target.port;
    one["state"] = target.state;
    if (!is_healthy(target)) {
      one["reason"] = target.reason;
      one["description"] = cut(target.description, 200);
    }
    shown["targets"].push_back(std::move(one));
  }
  return shown;
}

boost::asio::awaitable<Answer> CheckHealthJob::run(Request request, JobLog& log) {
  const auto pools = co_await find(Params(request.params));
  if (!pools) co_return answer_failed(pools.error(), kDoing);
  if (pools->size() > kPoolsMax) {
    co_return failed(
        409, kDoing,
        fmt::format("{} target groups; expected at most {}", pools->size(), kPoolsMax));
  }
  Json body = {{"message", ""}, {"healthy", false}, {"pools", Json::array()}};
  const std::size_t share = kTargetsShown / std::max<std::size_t>(1, pools->size());
  for (const std::string& arn : pools->arns) {
    auto targets = co_await balancers_.describe_target_health(arn);
    if (!targets) co_return answer_failed(targets.error(), kDoing);
    body["pools"].push_back(describe(arn, std::move(*targets), share));
  }
  for (const std::string& name : pools->classic) {
    const auto instances = co_await classic_.describe_instance_health(name);
    if (!instances) co_return answer_failed(instances.error(), kDoing);
    std::vector<aws::TargetState> targets;
    for (const aws::TargetHealth& one : *instances) {
      targets.push_back({one.target.value, 0, one.state, one.reason, {}});
    }
    body["pools"].push_back(describe(name, std::move(targets), share));
  }
  std::int64_t healthy = 0;
  std::int64_t total = 0;
  for (const Json& pool : body["pools"]) {
    healthy += pool["healthy"].get<std::int64_t>();
    total += pool["total"].get<std::int64_t>();
  }
  body["healthy"] = total > 0 && healthy == total;
  body["message"] =
      fmt::format("{} of {} targets in {} pools are healthy", healthy, total, pools->size());
  log.line(body["message"].get<std::string>());
  co_return done(body);
}

}  // namespace

std::unique_ptr<Job> make_check_health(const Clients& clients, const BuiltInConfig& config) {
  return std::make_unique<CheckHealthJob>(clients, config);
}

}  // namespace consumers::oncall
