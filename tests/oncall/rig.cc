#include "tests/oncall/rig.h"

#include "aws/sha256.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace test {

namespace oncall = consumers::oncall;

namespace {

bool is_reading(const std::string& call) {
  const std::string operation = call.substr(call.find(':') + 1);
  for (const char* prefix : {"Describe", "Get", "List", "Filter"}) {
    if (operation.starts_with(prefix)) return true;
  }
  // Hides messages for a moment and gives them back.
  return operation == "ReceiveMessage" || operation.starts_with("ChangeMessageVisibility");
}

std::string target_of(const std::string& service) {
  if (service == "ecs") return "AmazonEC2ContainerServiceV20141113";
  if (service == "logs") return "Logs_20140328";
  if (service == "ssm") return "AmazonSSM";
  if (service == "sqs") return "AmazonSQS";
  return service;
}

}  // namespace

std::string permission_of(const std::string& call) {
  std::string permission = call;
  if (permission.ends_with("Batch")) permission.resize(permission.size() - 5);
  if (permission.starts_with("monitoring:")) permission = "cloudwatch:" + permission.substr(11);
  return permission;
}

boost::asio::awaitable<base::Result<base::HttpResponse>> FakeWeb::send(base::HttpRequest request,
                                                                       aws::HttpOptions options) {
  asked.push_back(request);
  const auto page = pages.find(request.url);
  if (page == pages.end()) {
    co_return base::Error{base::ErrorKind::kRetry, "ConnectError", "nobody is there", {}};
  }
  co_await clock_.sleep_for(std::min(page->second.latency, options.timeout));
  if (page->second.latency > options.timeout) {
    co_return base::Error{base::ErrorKind::kRetry, "Timeout", "no answer", {}};
  }
  co_return page->second.answer;
}

OncallRig::OncallRig() : letters({sqs_client, sqs_client, loop.clock(), stage.worker.random}) {}

std::map<std::string, std::set<std::string>>& OncallRig::used() {
  static std::map<std::string, std::set<std::string>> kUsed;
  return kUsed;
}

oncall::Catalogue OncallRig::make_jobs() {
  return oncall::built_in_jobs(
      oncall::Clients{ecs_client, logs_client, ssm_client, s3_client, sqs_client, power, hooks,
                      load_balancers, web, stage.worker.services, stage.config, letters,
                      loop.clock()},
      config);
}

oncall::Job& OncallRig::job(const std::string& name) {
  // Made when it is first asked for, so that a test can set `config` before.
  if (!jobs_) jobs_ = make_jobs();
  for (const auto& one : *jobs_) {
    if (one->entry().name == name) return *one;
  }
  throw std::invalid_argument("no job " + name);
}

OncallRig::Outcome OncallRig::run(const std::string& name, const Json& params, RunOptions options) {
  oncall::Job& chosen = job(name);
  const oncall::Entry& entry = chosen.entry();
  Outcome outcome;
  const auto checked =
      oncall::Schema::parse(entry.params_schema).value().check(oncall::dump(params));
  if (!checked) {
    outcome.status = 400;
    outcome.body = checked.error().message;
    return outcome;
  }
  oncall::Request request;
  request.job = name;
  request.params = *checked;
  request.request_id = options.request_id;
  request.requested_by = "arn:aws:iam::123456789012:user/alice";
  request.dry_run = options.dry_run;
  request.timeout = options.timeout.value_or(entry.timeout);
  const auto before = region.calls(kWorkerKey);
  oncall::JobLog log(loop.clock());
  const base::SteadyPoint started = loop.clock().steady_now();
  const Answer answer = loop.run(chosen.run(request, log));
  EXPECT_LE(loop.clock().steady_now() - started, request.timeout) << "the runner would be first";
  outcome.status = answer.status_code;
  outcome.body = Json::parse(answer.body);
  for (const auto& line : log.lines()) outcome.log.push_back(line.text);
  for (const auto& [operation, count] : region.calls(kWorkerKey)) {
    const auto known = before.find(operation);
    const int more = count - (known == before.end() ? 0 : known->second);
    if (more > 0) outcome.calls[permission_of(operation)] += more;
  }
  check_calls(entry, outcome, options.dry_run);
  return outcome;
}

void OncallRig::check_calls(const oncall::Entry& entry, const Outcome& outcome, bool dry_run) {
  for (const auto& [permission, count] : outcome.calls) {
    const auto& declared = entry.permissions;
    EXPECT_TRUE(std::ranges::find(declared, permission) != declared.end())
        << entry.name << " calls " << permission << " and does not declare it";
    if (dry_run || !entry.changes) {
      EXPECT_TRUE(is_reading(permission)) << entry.name << " must not call " << permission;
    }
    used()[entry.name].insert(permission);
  }
}

Json OncallRig::call(const std::string& service, const std::string& operation,
                     const Json& arguments) {
  aws::JsonCall request;
  request.service = service;
  request.target = target_of(service);
  request.operation = operation;
  request.arguments = aws::Json::parse(arguments.dump());
  const auto answer = loop.run(aws::call_json(stage.operating.caller, std::move(request)));
  if (!answer) throw std::runtime_error(answer.error().to_string());
  return Json::parse(answer->dump());
}

aws::XmlAnswer OncallRig::query(aws::QueryCall call) {
  std::optional<aws::XmlAnswer> kept;
  const auto work = [](aws::Caller& caller, aws::QueryCall sent,
                       std::optional<aws::XmlAnswer>& out) -> boost::asio::awaitable<void> {
    auto answer = co_await aws::send_query(caller, std::move(sent));
    if (!answer) throw std::runtime_error(answer.error().to_string());
    out.emplace(std::move(*answer));
  };
  loop.run(work(stage.operating.caller, std::move(call), kept));
  return std::move(*kept);
}

std::string OncallRig::define_task(const std::string& family, const std::string& script,
                                   const std::string& image) {
  Json container = {
      {"name", "app"},
      {"image", image},
      {"logConfiguration",
       {{"logDriver", "awslogs"},
        {"options", {{"awslogs-group", "/ecs/" + family}, {"awslogs-stream-prefix", "ecs"}}}}}};
  if (!script.empty()) container["command"] = {"sh", "-c", script};
  const Json answer = ecs("RegisterTaskDefinition",
                          {{"family", family}, {"containerDefinitions", Json::array({container})}});
  return answer["taskDefinition"]["taskDefinitionArn"].get<std::string>();
}

void OncallRig::create_service(int desired, const std::string& family, Json more) {
  more["serviceName"] = "web";
  more["taskDefinition"] = family;
  more["desiredCount"] = desired;
  ecs("CreateService", more);
  loop.run_for(5min);
}

std::string OncallRig::run_instance() {
  aws::QueryCall call{.service = "ec2", .version = "2016-11-15", .operation = "RunInstances"};
  call.add("MinCount", 1);
  call.add("MaxCount", 1);
  call.add("ImageId", "ami-1");
  const aws::XmlAnswer answer = query(std::move(call));
  const std::string id = answer.result().list("instancesSet", "item").at(0).text("instanceId");
  loop.run_for(1min);
  return id;
}

std::string OncallRig::create_queue(const std::string& name, const Json& attributes) {
  return call("sqs", "CreateQueue", {{"QueueName", name}, {"Attributes", attributes}})["QueueUrl"]
      .get<std::string>();
}

void OncallRig::send_message(const std::string& url, const std::string& body) {
  call("sqs", "SendMessage", {{"QueueUrl", url}, {"MessageBody", body}});
}

void OncallRig::create_bucket(const std::string& name) {
  aws::ApiRequest request;
  request.service = "s3";
  request.operation = "CreateBucket";
  request.method = "PUT";
  request.path = "/" + name;
  request.headers.push_back({"x-amz-content-sha256", aws::to_hex(aws::sha256(""))});
  const auto answer = loop.run(stage.operating.caller.call(std::move(request)));
  if (!answer) throw std::runtime_error(answer.error().to_string());
}

}  // namespace test
