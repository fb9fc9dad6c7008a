#include "tests/consumers/sim_services.h"

#include "consumers/recycle/journal.h"
#include "sim/autoscaling_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace test {

namespace recycle = consumers::recycle;

namespace {

sim::WorldConfig world_config() {
  sim::WorldConfig config;
  config.keys = {{kWorkerKey, "worker-secret"}, {kOperatorKey, "operator-secret"}};
  return config;
}

base::HttpHandler handler_of(sim::Region& region) {
  return [&region](base::HttpRequest request) { return region.handle(std::move(request)); };
}

std::string secret_of(const std::string& key) {
  return key == kWorkerKey ? "worker-secret" : "operator-secret";
}

bool is_reading(const std::string& operation) {
  return operation.starts_with("Describe") || operation.starts_with("Get");
}

std::string action_of(const base::HttpRequest& request) {
  constexpr std::string_view kAction = "Action=";
  if (!request.body.starts_with(kAction)) return {};
  const auto end = request.body.find('&');
  return request.body.substr(kAction.size(), end - kAction.size());
}

}  // namespace

Clients::Clients(sim::Region& region, base::Clock& clock, const std::string& key)
    : http(handler_of(region), clock),
      credentials({key, base::Secret(secret_of(key)), base::Secret(), std::nullopt, "test"}),
      caller(http, credentials, clock, random,
             aws::EndpointConfig{base::Region("eu-west-2"), "http://aws.test", {}}),
      services{auto_scaling, ec2, elb, step_functions, sts, clock, random} {}

SimServices::SimServices()
    : region(loop.executor(), loop.clock(), world_config()),
      worker(region, loop.clock(), kWorkerKey),
      operating(region, loop.clock(), kOperatorKey) {
  config.default_window.allowed = std::nullopt;
  aws::QueryCall call{
      .service = "ec2", .version = "2016-11-15", .operation = "CreateLaunchTemplate"};
  call.add("LaunchTemplateName", kTemplate);
  call.add("LaunchTemplateData.ImageId", "ami-1");
  call.add("LaunchTemplateData.InstanceType", "t3.nano");
  command(std::move(call));
}

aws::XmlAnswer SimServices::command(aws::QueryCall call) {
  std::optional<aws::XmlAnswer> kept;
  const auto work = [](Clients& clients, aws::QueryCall sent,
                       std::optional<aws::XmlAnswer>& out) -> boost::asio::awaitable<void> {
    auto answer = co_await aws::send_query(clients.caller, std::move(sent));
    if (!answer) throw std::runtime_error(answer.error().to_string());
    out.emplace(std::move(*answer));
  };
  loop.run(work(operating, std::move(call), kept));
  return std::move(*kept);
}

std::string SimServices::create_target_group(const std::string& name) {
  aws::QueryCall call{
      .service = "elasticloadbalancing", .version = "2015-12-01", .operation = "CreateTargetGroup"};
  call.add("Name", name);
  call.add("Port", 80);
  call.add("Protocol", "HTTP");
  call.add("VpcId", "vpc-00000000000000001");
  const aws::XmlAnswer answer = command(std::move(call));
  return answer.result().list("TargetGroups", "member").at(0).text("TargetGroupArn");
}

void SimServices::create_state_machine(const std::string& name) {
  const auto work = [](Clients& clients, std::string machine) -> boost::asio::awaitable<void> {
    aws::ApiRequest request;
    request.service = "states";
    request.operation = "CreateStateMachine";
    request.content_type = "application/x-amz-json-1.0";
    request.headers = {{"X-Amz-Target", "AWSStepFunctions.CreateStateMachine"}};
    request.body = fmt::format(
        R"({{"name":"{}","definition":"{{}}","roleArn":"arn:aws:iam::1:role/r"}})", machine);
    const auto answer = co_await clients.caller.call(std::move(request));
    if (!answer) throw std::runtime_error(answer.error().to_string());
  };
  loop.run(work(operating, name));
}

void SimServices::create_group(const GroupSpec& spec) {
  aws::QueryCall call{
      .service = "autoscaling", .version = "2011-01-01", .operation = "CreateAutoScalingGroup"};
  call.add("AutoScalingGroupName", spec.name);
  call.add("LaunchTemplate.LaunchTemplateName", kTemplate);
  call.add("LaunchTemplate.Version", "$Latest");
  call.add("MinSize", spec.min_size);
  call.add("MaxSize", spec.max_size);
  call.add("DesiredCapacity", spec.desired);
  std::vector<std::string> zones;
  for (int zone = 0; zone < spec.zones; ++zone) {
    zones.push_back(std::string("eu-west-2") + static_cast<char>('a' + zone));
  }
  call.add_list("AvailabilityZones.member", zones);
  call.add_list("TargetGroupARNs.member", spec.target_groups);
  command(std::move(call));
  set_tags(spec.name, spec.tags);
  loop.run_for(std::chrono::minutes(10));
}

void SimServices::create_template_version() {
  aws::QueryCall call{
      .service = "ec2", .version = "2016-11-15", .operation = "CreateLaunchTemplateVersion"};
  call.add("LaunchTemplateName", kTemplate);
  call.add("SourceVersion", "1");
  call.add("LaunchTemplateData.ImageId", "ami-2");
  command(std::move(call));
}

void SimServices::start_instance_refresh(const std::string& group) {
  aws::QueryCall call{
      .service = "autoscaling", .version = "2011-01-01", .operation = "StartInstanceRefresh"};
  call.add("AutoScalingGroupName", group);
  command(std::move(call));
}

void SimServices::set_tags(const std::string& group,
                           const std::map<std::string, std::string>& tags) {
  if (tags.empty()) return;
  const auto done =
      loop.run(operating.auto_scaling.create_or_update_tags(base::GroupName(group), tags));
  if (!done) throw std::runtime_error(done.error().to_string());
}

void SimServices::delete_tag(const std::string& group, const std::string& key) {
  const auto done = loop.run(operating.auto_scaling.delete_tags(base::GroupName(group), {key}));
  if (!done) throw std::runtime_error(done.error().to_string());
}

aws::AutoScalingGroup SimServices::look(const std::string& group) {
  aws::DescribeAutoScalingGroupsOptions options;
  options.names = {base::GroupName(group)};
  const auto groups = loop.run(operating.auto_scaling.describe_auto_scaling_groups(options));
  if (!groups) throw std::runtime_error(groups.error().to_string());
  return groups->at(0);
}

consumers::Verdict SimServices::deliver(const messages::RecycleRequest& request) {
  recycle::RecycleConsumer consumer(
      worker.services, config, [this](const recycle::Progress& step) { progress.push_back(step); });
  consumers::Delivery delivery;
  delivery.queue = "recycles";
  delivery.message_id = "message-1";
  delivery.sent_at = loop.clock().now();
  delivery.message.kind = "recycle-request";
  delivery.message.payload = request;
  return loop.run(consumer.consume(std::move(delivery)));
}

consumers::Verdict SimServices::carry_out(const messages::RecycleRequest& request,
                                          int deliveries_max) {
  for (int delivery = 1;; ++delivery) {
    consumers::Verdict verdict = deliver(request);
    if (delivery == deliveries_max) return verdict;
    if (const auto* retry = std::get_if<consumers::Retry>(&verdict)) {
      loop.run_for(retry->after);
    } else if (const auto* defer = std::get_if<consumers::Defer>(&verdict)) {
      loop.run_for(std::chrono::ceil<base::Duration>(defer->until - loop.clock().now()));
    } else {
      return verdict;
    }
  }
}

void SimServices::record_mutations() {
  worker.http.before = [this](int, const base::HttpRequest& request) {
    const std::string action = action_of(request);
    if (!action.empty() && !is_reading(action)) mutations.push_back(action);
  };
}

int SimServices::serving(const std::string& group) {
  int count = 0;
  for (const auto& entry : region.auto_scaling().describe_for_control()) {
    if (entry.at("name") != group) continue;
    for (const auto& instance : entry.at("instances")) {
      if (instance.at("lifecycle") == "InService" && instance.at("health") == "Healthy") ++count;
    }
  }
  return count;
}

messages::RecycleRequest request_for(const std::string& group) {
  messages::RecycleRequest request;
  request.group = base::GroupName(group);
  request.reason = "a test";
  return request;
}

std::map<std::string, std::string> tags_for(const std::string& strategy) {
  return {{"autorecycle_recycle_on_asg_update", "true"}, {"autorecycle_strategy", strategy}};
}

std::string difference(const aws::AutoScalingGroup& before, const aws::AutoScalingGroup& after,
                       const std::string& version) {
  if (after.min_size != before.min_size) return fmt::format("min is {}", after.min_size);
  if (after.max_size != before.max_size) return fmt::format("max is {}", after.max_size);
  if (after.desired_capacity != before.desired_capacity) {
    return fmt::format("desired is {}", after.desired_capacity);
  }
  if (after.tags != before.tags) return "other tags";
  if (after.suspended_processes.size() != before.suspended_processes.size()) {
    return fmt::format("{} processes are suspended", after.suspended_processes.size());
  }
  int in_service = 0;
  for (const aws::GroupInstance& instance : after.instances) {
    if (instance.lifecycle_state.starts_with("Terminat")) continue;
    if (!instance.launch_template || instance.launch_template->version != version) {
      return instance.id.value + " is not of version " + version;
    }
    if (instance.protected_from_scale_in) return instance.id.value + " is protected";
    in_service += instance.lifecycle_state == "InService" ? 1 : 0;
  }
  if (in_service != after.desired_capacity) return fmt::format("{} are in service", in_service);
  return {};
}

}  // namespace test
