// client-calls: calls of the clients of ECS, CloudWatch Logs, Systems Manager and Secrets Manager,
// one JSON object a line on standard input, made to the endpoint and with the keys of AWS's
// variables; one object a line back.
//
//   {"call":"describe_services","cluster":"main","service":"web"} -> {"desired":2,...}
//   errors -> {"error":"ServiceNotFoundException","kind":"not-found","message":".."}
#include "aws/caller.h"
#include "aws/curl_http_client.h"
#include "aws/ecs.h"
#include "aws/environment.h"
#include "aws/json.h"
#include "aws/logs.h"
#include "aws/profile.h"
#include "aws/secrets_manager.h"
#include "aws/ssm.h"
#include "base/random.h"
#include "worker/io_loop.h"

#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

namespace {

using aws::Json;

template <class T, class Show>
Json told(const base::Result<T>& result, Show show) {
  if (result) return show(*result);
  const base::Error error = result.error();
  return {{"error", error.code}, {"kind", base::to_string(error.kind)}, {"message", error.message}};
}

Json told(const base::Result<void>& result) {
  if (result) return Json::object();
  const base::Error error = result.error();
  return {{"error", error.code}, {"kind", base::to_string(error.kind)}, {"message", error.message}};
}

Json shown(const aws::EcsService& service) {
  return {{"name", service.name},
          {"status", service.status},
          {"desired", service.desired},
          {"deployments", service.deployments.size()}};
}

Json shown(const aws::LogEventsPage& page) {
  Json events = Json::array();
  for (const aws::LogEvent& event : page.events) {
    events.push_back({{"stream", event.stream},
                      {"time", base::format_rfc3339(event.time)},
                      {"message", event.message}});
  }
  return {{"events", std::move(events)}, {"next_token", page.next_token}};
}

struct Clients {
  worker::IoLoop& loop;
  aws::Caller& caller;
  aws::Ecs ecs{caller};
  aws::Logs logs{caller};
  aws::Ssm ssm{caller};
  aws::SecretsManager secrets{caller};

  Json perform(const Json& step);
  Json of_ecs(const std::string& call, const Json& step);
  Json of_logs(const std::string& call, const Json& step);
  Json of_ssm(const std::string& call, const Json& step);
};

Json Clients::perform(const Json& step) {
  const auto call = step.at("call").get<std::string>();
  for (const auto part : {&Clients::of_ecs, &Clients::of_logs, &Clients::of_ssm}) {
    const Json answer = (this->*part)(call, step);
    if (!answer.is_null()) return answer;
  }
  if (call == "get_secret_value") {
    return told(loop.run(secrets.get_secret_value(step.at("secret"))),
                [](const base::Secret& secret) -> Json {
                  return {{"secret", secret.expose()}};
                });
  }
  return {{"error", "no such call: " + call}};
}

Json Clients::of_ecs(const std::string& call, const Json& step) {
  if (call == "describe_services") {
    return told(loop.run(ecs.describe_services(step.at("cluster"), step.at("service"))),
                [](const aws::EcsService& service) { return shown(service); });
  }
  if (call == "update_service") {
    aws::UpdateServiceOptions options;
    options.cluster = step.at("cluster");
    options.service = step.at("service");
    options.desired_count = step.at("desired").get<int>();
    return told(loop.run(ecs.update_service(std::move(options))),
                [](const aws::EcsService& service) { return shown(service); });
  }
  if (call == "describe_task_definition") {
    return told(
        loop.run(ecs.describe_task_definition(step.at("definition"))),
        [](const std::vector<aws::EcsContainerDefinition>& containers) -> Json {
          return {{"group", containers.at(0).log_group}, {"prefix", containers.at(0).log_prefix}};
        });
  }
  if (call == "list_tasks") {
    aws::ListTasksOptions options;
    options.cluster = step.at("cluster");
    return told(loop.run(ecs.list_tasks(std::move(options), 100)),
                [](const std::vector<std::string>& tasks) -> Json {
                  return {{"tasks", tasks}};
                });
  }
  return nullptr;
}

Json Clients::of_logs(const std::string& call, const Json& step) {
  if (call == "create_log_stream") {
    return told(loop.run(logs.create_log_stream(step.at("group"), step.at("stream"))));
  }
  if (call == "put_log_events") {
    std::vector<aws::LogLine> lines;
    for (const Json& message : step.at("messages")) {
      lines.push_back({base::RealClock().now(), message.get<std::string>()});
    }
    return told(loop.run(logs.put_log_events(step.at("group"), step.at("stream"), lines)),
                [](std::size_t refused) -> Json {
                  return {{"refused", refused}};
                });
  }
  if (call == "filter_log_events") {
    aws::FilterLogEventsOptions options;
    options.group = step.at("group");
    options.pattern = step.value("pattern", "");
    return told(loop.run(logs.filter_log_events(std::move(options))),
                [](const aws::LogEventsPage& page) { return shown(page); });
  }
  if (call == "get_log_events") {
    aws::GetLogEventsOptions options;
    options.group = step.at("group");
    options.stream = step.at("stream");
    options.next_token = step.value("next_token", "");
    return told(loop.run(logs.get_log_events(std::move(options))),
                [](const aws::LogEventsPage& page) { return shown(page); });
  }
  if (call == "describe_log_streams") {
    aws::LogStreamsOptions options;
    options.group = step.at("group");
    return told(loop.run(logs.describe_log_streams(std::move(options))),
                [](const aws::LogStreamsPage& page) -> Json {
                  Json names = Json::array();
                  for (const aws::LogStream& stream : page.streams) names.push_back(stream.name);
                  return {{"streams", std::move(names)}};
                });
  }
  return nullptr;
}

Json Clients::of_ssm(const std::string& call, const Json& step) {
  if (call == "send_command") {
    aws::SendCommandOptions options;
    options.instances = {base::InstanceId(step.at("instance").get<std::string>())};
    options.parameters = {{"commands", {"uptime"}}};
    return told(loop.run(ssm.send_command(std::move(options))), [](const std::string& id) -> Json {
      return {{"command", id}};
    });
  }
  if (call == "get_command_invocation") {
    const base::InstanceId instance(step.at("instance").get<std::string>());
    return told(loop.run(ssm.get_command_invocation(step.at("command"), instance)),
                [](const aws::CommandInvocation& one) -> Json {
                  return {{"status", one.status}};
                });
  }
  if (call == "get_parameter") {
    return told(loop.run(ssm.get_parameter(step.at("name"))),
                [](const base::Secret& value) -> Json {
                  return {{"value", value.expose()}};
                });
  }
  return nullptr;
}

int fail(const std::string& message) {
  std::fprintf(stderr, "client-calls: %s\n", message.c_str());
  return 1;
}

}  // namespace

int main() {
  worker::IoLoop loop;
  const aws::Environment environment = aws::process_environment();
  const auto endpoints = aws::load_endpoint_config(environment, aws::Profile{});
  if (!endpoints) return fail(endpoints.error().message);
  auto http = aws::CurlHttpClient::create(loop.executor(), aws::curl_options(environment));
  if (!http) return fail(http.error().message);
  aws::StaticCredentials credentials(
      {environment("AWS_ACCESS_KEY_ID").value_or(""),
       base::Secret(environment("AWS_SECRET_ACCESS_KEY").value_or("")), base::Secret(),
       std::nullopt, "environment"});
  base::RealClock clock;
  base::Random random = base::Random::from_entropy();
  aws::Caller caller(**http, credentials, clock, random, *endpoints);
  Clients clients{loop, caller};
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << clients.perform(Json::parse(line)).dump() << std::endl;
  }
  return 0;
}
