// RegionRig: a whole region in process under virtual time, called over its wire protocols without
// signatures (signature_test.cc is about those).
#pragma once

#include "sim/faults.h"
#include "sim/protocol.h"
#include "sim/region.h"
#include "sim/sqs_service.h"
#include "sim/virtual_loop.h"

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sim {

using namespace std::chrono_literals;

class RegionRig : public ::testing::Test {
 protected:
  static WorldConfig unsigned_config() {
    WorldConfig config;
    config.keys.clear();
    return config;
  }
  explicit RegionRig(WorldConfig config = unsigned_config())
      : region(loop.executor(), loop.clock(), std::move(config)) {}

  base::HttpResponse send(base::HttpRequest request) {
    return loop.run(region.handle(std::move(request)));
  }
  static base::HttpRequest json_request(const std::string& target, const std::string& body) {
    return {"POST",
            "/",
            {{"Host", "region.test"},
             {"Content-Type", "application/x-amz-json-1.0"},
             {"X-Amz-Target", target}},
            body};
  }
  static base::HttpRequest query_request(const std::string& form, const std::string& path = "/") {
    return {"POST",
            path,
            {{"Host", "region.test"},
             {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
            form};
  }

  // The answer's JSON whatever the status; "__type" tells errors.
  Json json(const std::string& target, const Json& arguments) {
    const base::HttpResponse response = send(json_request(target, dump_json(arguments)));
    return parse_json(response.body).value_or(Json("not JSON: " + response.body));
  }
  Json sqs(const std::string& operation, const Json& arguments) {
    return json("AmazonSQS." + operation, arguments);
  }
  Json events(const std::string& operation, const Json& arguments) {
    return json("AWSEvents." + operation, arguments);
  }
  std::string query(const std::string& form) { return send(query_request(form)).body; }
  std::string autoscaling(const std::string& form) {
    return query("Version=2011-01-01&Action=" + form);
  }

  std::string create_queue(const std::string& name, const Json& attributes = Json::object()) {
    const Json answer = sqs("CreateQueue", {{"QueueName", name}, {"Attributes", attributes}});
    EXPECT_TRUE(answer.contains("QueueUrl")) << answer;
    return answer.value("QueueUrl", "");
  }
  std::string arn(const std::string& queue) { return region.world().arn("sqs", queue); }
  Json send_message(const std::string& url, const std::string& body, Json more = Json::object()) {
    more["QueueUrl"] = url;
    more["MessageBody"] = body;
    return sqs("SendMessage", more);
  }
  std::vector<Json> receive(const std::string& url, Json more = Json::object()) {
    more["QueueUrl"] = url;
    if (!more.contains("MaxNumberOfMessages")) more["MaxNumberOfMessages"] = 10;
    more["MessageSystemAttributeNames"] = {"All"};
    const Json answer = sqs("ReceiveMessage", more);
    EXPECT_FALSE(answer.contains("__type")) << answer;
    if (!answer.contains("Messages")) return {};
    return answer["Messages"].get<std::vector<Json>>();
  }
  std::vector<std::string> bodies(const std::vector<Json>& messages) {
    std::vector<std::string> out;
    for (const Json& message : messages) out.push_back(message["Body"].get<std::string>());
    return out;
  }
  Json queue_state(const std::string& name) { return region.sqs().describe_for_control()[name]; }
  static std::string error_of(const Json& answer) {
    return answer.value("__type", "no error: " + dump_json(answer));
  }

  VirtualLoop loop;
  Region region;
};

}  // namespace sim
