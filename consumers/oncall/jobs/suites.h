// Suites: the test suites that test-integration may run, by name. Data of the configuration, a JSON
// object:
//
//   {"checkout": {"task_definition": "checkout-tests", "cluster": "tests", "container": "tests",
//                 "command": ["pytest", "-q"], "environment": {"STAGE": "test"},
//                 "launch_type": "FARGATE", "subnets": ["subnet-1"], "security_groups": ["sg-1"],
//                 "junit": "s3://test-reports/checkout/{request_id}.xml"},
//    "smoke-db": {"instance_id": "i-0abc12345678", "commands": ["/opt/tests/run.sh"],
//                 "junit": "output"}}
//
// A suite is an ECS task, or commands on an instance. It has passed when its exit code is 0 and its
// JUnit report, where `junit` says where that is, tells of no failure: an S3 object that the suite
// writes ({request_id} is put in; the task finds the URI in JUNIT_REPORT), or "output": what it
// prints (of a task: its awslogs stream).
#pragma once

#include "base/result.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace consumers::oncall {

struct Suite {
  std::string name;
  // An ECS task.
  std::string task_definition;
  std::string cluster;  // empty: the configured one
  std::string container;
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;
  std::string launch_type;
  std::vector<std::string> subnets;
  std::vector<std::string> security_groups;
  bool assign_public_ip = false;
  // Or commands on an instance.
  std::string instance_id;
  std::vector<std::string> commands;
  // "", "output" or "s3://bucket/key".
  std::string junit;
};

inline constexpr std::size_t kSuitesMax = 200;

// Errors (kInvalid) name the suite and the member.
base::Result<std::vector<Suite>> parse_suites(std::string_view json);

}  // namespace consumers::oncall
