// bench-recycle: how many Describe calls the recycles of one worker make together.
//
//   bench-recycle GROUPS SIZE TEMPLATES TARGET_GROUPS
//
// Recycles GROUPS groups of SIZE instances at once, out-in, by the real consumers over the
// simulated region, in process and under virtual time; every call takes 40 to 200 ms there and
// back, an instance two and a half minutes to serve and as long to be gone. The groups share
// TEMPLATES launch templates ($Latest) and TARGET_GROUPS target groups (0: none).
//
// Prints one JSON object. "looks" is how often a run looked at its group. "alone" is what the same
// looks would have cost one by one: the group, its instances, its template and its target group.
#include "aws/query.h"
#include "base/log.h"
#include "consumers/recycle/observer.h"
#include "sim/autoscaling_service.h"
#include "sim/region.h"
#include "sim/virtual_loop.h"
#include "tests/support/sim_http_client.h"

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>

namespace {

namespace asio = boost::asio;
namespace recycle = consumers::recycle;

struct Plan {
  int groups = 0;
  int size = 0;
  int templates = 1;
  int target_groups = 0;
};

// The region behind a network.
struct Network {
  sim::Region& region;
  base::Clock& clock;
  base::Random random{11};
  bool slow = false;

  asio::awaitable<base::HttpResponse> handle(base::HttpRequest request) {
    if (slow) co_await clock.sleep_for(base::Duration(20 + static_cast<int>(random.below(80))));
    auto response = co_await region.handle(std::move(request));
    if (slow) co_await clock.sleep_for(base::Duration(20 + static_cast<int>(random.below(80))));
    co_return response;
  }
};

struct Bench {
  explicit Bench(Plan its_plan) : plan(its_plan) {}

  void call(aws::QueryCall query) { loop.run(send(*this, std::move(query))); }
  static asio::awaitable<void> send(Bench& bench, aws::QueryCall query);
  void set_the_stage();
  void new_versions();
  static asio::awaitable<void> run(Bench& bench, recycle::RecycleConsumer& consumer, int number);
  bool all_new();

  Plan plan;
  sim::VirtualLoop loop;
  sim::Region region{loop.executor(), loop.clock(), {}};
  Network network{region, loop.clock()};
  test::SimHttpClient http{
      [this](base::HttpRequest request) { return network.handle(std::move(request)); },
      loop.clock()};
  aws::StaticCredentials credentials{{.access_key_id = "AKIDSIMULATED",
                                      .secret_access_key = base::Secret("simulated-secret"),
                                      .session_token = {},
                                      .expiration = {},
                                      .source = "bench"}};
  base::Random random{7};
  aws::Caller caller{http, credentials, loop.clock(), random,
                     aws::EndpointConfig{base::Region("eu-west-2"), "http://aws.test", {}}};
  aws::AutoScaling auto_scaling{caller};
  aws::Ec2 ec2{caller};
  aws::Elb elb{caller};
  aws::StepFunctions step_functions{caller};
  aws::Sts sts{caller};
  recycle::Services services{auto_scaling, ec2, elb, step_functions, sts, loop.clock(), random};
  std::string last;  // ARN of the target group that was made last
  int running = 0;
  int done = 0;
  std::map<std::string, std::string> failed;
};

aws::QueryCall query(std::string service, std::string version, std::string operation) {
  return {.service = std::move(service),
          .version = std::move(version),
          .operation = std::move(operation)};
}

asio::awaitable<void> Bench::send(Bench& bench, aws::QueryCall query) {
  const auto answer = co_await aws::send_query(bench.caller, std::move(query));
  if (!answer) throw std::runtime_error(answer.error().to_string());
  for (const aws::XmlElement& group : answer->result().list("TargetGroups", "member")) {
    bench.last = group.text("TargetGroupArn");
  }
}

std::string group_name(int number) { return fmt::format("web-{:04}", number); }

void Bench::set_the_stage() {
  for (int i = 0; i < plan.templates; ++i) {
    auto create = query("ec2", "2016-11-15", "CreateLaunchTemplate");
    create.add("LaunchTemplateName", fmt::format("template-{}", i));
    create.add("LaunchTemplateData.ImageId", "ami-1");
    call(std::move(create));
  }
  std::vector<std::string> targets;
  for (int i = 0; i < plan.target_groups; ++i) {
    auto create = query("elasticloadbalancing", "2015-12-01", "CreateTargetGroup");
    create.add("Name", fmt::format("targets-{}", i));
    create.add("Port", 80);
    create.add("Protocol", "HTTP");
    create.add("VpcId", "vpc-00000000000000001");
    call(std::move(create));
    targets.push_back(last);
  }
  for (int i = 0; i < plan.groups; ++i) {
    auto create = query("autoscaling", "2011-01-01", "CreateAutoScalingGroup");
    create.add("AutoScalingGroupName", group_name(i));
    create.add("LaunchTemplate.LaunchTemplateName", fmt::format("template-{}", i % plan.templates));
    create.add("LaunchTemplate.Version", "$Latest");
    create.add("MinSize", plan.size);
    create.add("MaxSize", plan.size * 2);
    create.add("DesiredCapacity", plan.size);
    create.add_list("AvailabilityZones.member", {"eu-west-2a", "eu-west-2b"});
    if (!targets.empty()) {
      create.add_list("TargetGroupARNs.member",
                      {targets[static_cast<std::size_t>(i % plan.target_groups)]});
    }
    create.add("Tags.member.1.Key", std::string(recycle::kTagRecycleOnUpdate));
    create.add("Tags.member.1.Value", "true");
    create.add("Tags.member.2.Key", std::string(recycle::kTagStrategy));
    create.add("Tags.member.2.Value", "out-in");
    call(std::move(create));
  }
  loop.run_for(std::chrono::minutes(15));
}

void Bench::new_versions() {
  for (int i = 0; i < plan.templates; ++i) {
    auto create = query("ec2", "2016-11-15", "CreateLaunchTemplateVersion");
    create.add("LaunchTemplateName", fmt::format("template-{}", i));
    create.add("SourceVersion", "1");
    create.add("LaunchTemplateData.ImageId", "ami-2");
    call(std::move(create));
  }
}

asio::awaitable<void> Bench::run(Bench& bench, recycle::RecycleConsumer& consumer, int number) {
  consumers::Delivery delivery;
  delivery.queue = "recycles";
  delivery.message_id = std::to_string(number);
  delivery.sent_at = bench.loop.clock().now();
  messages::RecycleRequest request;
  request.group = base::GroupName(group_name(number));
  delivery.message.payload = request;
  // As they come out of a queue: not all in one instant.
  co_await bench.loop.clock().sleep_for(
      base::Duration(static_cast<int>(bench.random.below(30'000))));
  const auto verdict = co_await consumer.consume(std::move(delivery));
  --bench.running;
  if (std::holds_alternative<consumers::Done>(verdict)) {
    ++bench.done;
  } else if (const auto* poison = std::get_if<consumers::Poison>(&verdict)) {
    bench.failed[request.group.value] = poison->reason;
  } else {
    bench.failed[request.group.value] = "not ended";
  }
}

bool Bench::all_new() {
  for (const auto& group : region.auto_scaling().describe_for_control()) {
    int fresh = 0;
    for (const auto& instance : group.at("instances")) {
      fresh += instance.at("lifecycle") == "InService" && instance.at("version") == "2" ? 1 : 0;
    }
    if (fresh != plan.size) return false;
  }
  return true;
}

nlohmann::ordered_json measure(Bench& bench) {
  bench.set_the_stage();
  bench.region.auto_scaling().configure(
      {{"launch_lag_ms", 150'000}, {"terminate_lag_ms", 150'000}});
  bench.new_versions();
  bench.network.slow = true;
  std::map<std::string, std::size_t> calls;
  bench.http.before = [&](int, const base::HttpRequest& request) {
    const std::string_view body = request.body;
    constexpr std::string_view kAction = "Action=";
    if (!body.starts_with(kAction)) return;
    ++calls[std::string(body.substr(kAction.size(), body.find('&') - kAction.size()))];
  };
  const auto eyes = recycle::make_observer(bench.services);
  recycle::RecycleConsumer consumer(bench.services, {}, {}, eyes);
  const auto begun = bench.loop.clock().steady_now();
  bench.running = bench.plan.groups;
  for (int i = 0; i < bench.plan.groups; ++i) {
    asio::co_spawn(bench.loop.executor(), Bench::run(bench, consumer, i),
                   [](std::exception_ptr error) {
                     if (error) std::rethrow_exception(error);
                   });
  }
  if (!bench.loop.run_until([&] { return bench.running == 0; }, std::chrono::hours(6))) {
    throw std::runtime_error("not all recycles ended");
  }
  const auto took = bench.loop.clock().steady_now() - begun;

  nlohmann::ordered_json json = {
      {"groups", bench.plan.groups},
      {"instances_each", bench.plan.size},
      {"launch_templates", bench.plan.templates},
      {"target_groups", bench.plan.target_groups},
      {"done", bench.done},
      {"all_instances_new", bench.all_new()},
      {"virtual_seconds", std::chrono::duration_cast<std::chrono::seconds>(took).count()}};
  if (!bench.failed.empty()) json["first_failure"] = bench.failed.begin()->second;
  std::size_t describes = 0;
  std::size_t mutations = 0;
  nlohmann::ordered_json by_operation;
  for (const auto& [operation, count] : calls) {
    (operation.starts_with("Describe") ? describes : mutations) += count;
    if (operation.starts_with("Describe")) by_operation[operation] = count;
  }
  const std::size_t looks = eyes->tally("DescribeAutoScalingGroups").asked;
  const std::size_t each = 3 + (bench.plan.target_groups > 0 ? 1 : 0);
  json["looks"] = looks;
  json["mutations"] = mutations;
  json["describe_calls"] = describes;
  json["by_operation"] = by_operation;
  json["describe_calls_alone"] = looks * each;
  json["groups_ratio"] = static_cast<double>(looks) / static_cast<double>(std::max<std::size_t>(
                                                          1, calls["DescribeAutoScalingGroups"]));
  json["ratio"] =
      static_cast<double>(looks * each) / static_cast<double>(std::max<std::size_t>(1, describes));
  return json;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "bench-recycle GROUPS SIZE TEMPLATES TARGET_GROUPS\n");
    return 2;
  }
  try {
    base::configure_log(base::LogLevel::kError, base::LogFormat::kText);
    const Plan plan{std::atoi(argv[1]), std::atoi(argv[2]), std::max(1, std::atoi(argv[3])),
                    std::atoi(argv[4])};
    Bench bench(plan);
    std::printf("%s\n", measure(bench).dump(1).c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench-recycle: %s\n", error.what());
    return 1;
  }
}
