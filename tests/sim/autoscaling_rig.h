// AutoScalingRig: Auto Scaling, EC2 and ELB in process under virtual time, with a template and
// helpers that read like the story that a test tells.
#pragma once

#include "sim/autoscaling_service.h"
#include "sim/ec2_service.h"
#include "sim/elb_service.h"
#include "sim/faults.h"
#include "sim/virtual_loop.h"
#include "sim/world.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sim {

using namespace std::chrono_literals;

class AutoScalingRig : public ::testing::Test {
 protected:
  AutoScalingRig() {
    world.listen([this](const Json& event) { events.push_back(event); });
    ec2_ok("CreateLaunchTemplate",
           {{"LaunchTemplateName", "web"}, {"LaunchTemplateData", {{"ImageId", "ami-1"}}}});
  }

  ApiOutcome call(Service& service, const std::string& operation, Json arguments,
                  const std::string& version = "") {
    ApiCall api_call;
    api_call.operation = operation;
    api_call.arguments = std::move(arguments);
    api_call.api_version = version;
    api_call.request_id = "request-1";
    return loop.run(service.handle(std::move(api_call)));
  }
  ApiOutcome as(const std::string& operation, Json arguments) {
    return call(auto_scaling, operation, std::move(arguments));
  }
  // The answer's result; a refusal fails the test.
  Json ok(ApiOutcome outcome) {
    if (const auto* error = std::get_if<ApiError>(&outcome)) {
      ADD_FAILURE() << error->code << ": " << error->message;
      return Json::object();
    }
    return std::get<ApiAnswer>(outcome).result;
  }
  Json as_ok(const std::string& operation, Json arguments) {
    return ok(as(operation, std::move(arguments)));
  }
  Json ec2_ok(const std::string& operation, Json arguments) {
    return ok(call(ec2, operation, std::move(arguments)));
  }
  Json elb_ok(const std::string& operation, Json arguments) {
    return ok(call(elb, operation, std::move(arguments), "2015-12-01"));
  }
  // "Code: message", or "" when the call was accepted.
  static std::string refusal(const ApiOutcome& outcome) {
    const auto* error = std::get_if<ApiError>(&outcome);
    return error == nullptr ? "" : error->code + ": " + error->message;
  }

  // A group "web" over three zones on the template's $Latest, with its instances in service.
  void given_group(int min, int max, int desired, Json more = Json::object()) {
    Json arguments = {{"AutoScalingGroupName", "web"},
                      {"MinSize", min},
                      {"MaxSize", max},
                      {"DesiredCapacity", desired},
                      {"LaunchTemplate", {{"LaunchTemplateName", "web"}, {"Version", "$Latest"}}},
                      {"AvailabilityZones", {"eu-west-2a", "eu-west-2b", "eu-west-2c"}}};
    arguments.update(more);
    as_ok("CreateAutoScalingGroup", arguments);
    loop.run_for(30s);
  }
  void new_template_version() {
    ec2_ok("CreateLaunchTemplateVersion", {{"LaunchTemplateName", "web"},
                                           {"SourceVersion", "$Latest"},
                                           {"LaunchTemplateData", {{"ImageId", "ami-2"}}}});
  }
  std::string given_target_group(const std::string& name = "web") {
    return elb_ok("CreateTargetGroup", {{"Name", name}})["TargetGroups"][0]["TargetGroupArn"];
  }

  Json group(const std::string& name = "web") {
    Json list = as_ok("DescribeAutoScalingGroups", {{"AutoScalingGroupNames", {name}}});
    return list["AutoScalingGroups"].empty() ? Json() : list["AutoScalingGroups"][0];
  }
  Json instances() { return group()["Instances"]; }
  std::vector<std::string> ids(const std::string& state = "InService") {
    std::vector<std::string> found;
    for (const auto& instance : instances()) {
      if (instance["LifecycleState"] == state) found.push_back(instance["InstanceId"]);
    }
    return found;
  }
  std::string state_of(const std::string& id) {
    for (const auto& instance : instances()) {
      if (instance["InstanceId"] == id) return instance["LifecycleState"];
    }
    return "gone";
  }
  int desired() { return group()["DesiredCapacity"]; }
  Json activities() {
    return as_ok("DescribeScalingActivities", {{"AutoScalingGroupName", "web"}})["Activities"];
  }
  std::vector<Json> events_of(const std::string& detail_type) {
    std::vector<Json> found;
    for (const auto& event : events) {
      if (event["detail-type"] == detail_type) found.push_back(event);
    }
    return found;
  }
  ApiOutcome terminate(const std::string& id, bool decrement) {
    return as("TerminateInstanceInAutoScalingGroup",
              {{"InstanceId", id}, {"ShouldDecrementDesiredCapacity", decrement}});
  }
  void suspend(const std::string& process) {
    as_ok("SuspendProcesses", {{"AutoScalingGroupName", "web"}, {"ScalingProcesses", {process}}});
  }
  void resume(const std::string& process) {
    as_ok("ResumeProcesses", {{"AutoScalingGroupName", "web"}, {"ScalingProcesses", {process}}});
  }
  void set_desired(int to) {
    as_ok("SetDesiredCapacity", {{"AutoScalingGroupName", "web"}, {"DesiredCapacity", to}});
  }
  std::string target_state(const std::string& arn, const std::string& id) {
    return elb_ok(
        "DescribeTargetHealth",
        {{"TargetGroupArn", arn},
         {"Targets", {{{"Id", id}}}}})["TargetHealthDescriptions"][0]["TargetHealth"]["State"];
  }

  VirtualLoop loop;
  World world{loop.executor(), loop.clock(), WorldConfig{}};
  Ec2Service ec2{world};
  ElbService elb{world};
  AutoScalingService auto_scaling{world, ec2, elb};
  std::vector<Json> events;
};

}  // namespace sim
