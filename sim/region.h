// Region: a simulated AWS region that answers the real wire protocols.
//
// handle() is the whole interface for clients, in process (tests, virtual time) or behind
// base::HttpServer (sim/main.cc: demo, bench, any AWS client). The request's URL may be absolute or
// in origin form. Paths under /_sim/ are its own control interface (docs/simulator.md): faults,
// state and counters. A response of status 0 means that the connection is to be closed without an
// answer: the call was carried out, the response is lost.
#pragma once

#include "base/http.h"
#include "sim/world.h"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <memory>
#include <string>

namespace sim {

class AutoScalingService;
class CloudWatchService;
class DynamoDbService;
class Ec2Service;
class EcsService;
class ElbService;
class EventsService;
class Faults;
class LogsService;
class S3Service;
class SnsService;
class SqsService;
class SsmService;
class StepFunctionsService;

class Region {
 public:
  Region(boost::asio::any_io_executor executor, base::Clock& clock, WorldConfig config);
  ~Region();

  boost::asio::awaitable<base::HttpResponse> handle(base::HttpRequest request);

  World& world();
  // For tests: direct looks and interventions.
  AutoScalingService& auto_scaling();
  Ec2Service& ec2();
  ElbService& elb();
  SqsService& sqs();
  EventsService& events();
  StepFunctionsService& step_functions();
  S3Service& s3();
  DynamoDbService& dynamodb();
  CloudWatchService& cloudwatch();
  SnsService& sns();
  LogsService& logs();
  EcsService& ecs();
  SsmService& ssm();
  Faults& faults();
  // Calls that were decoded and signed as they should be, whatever became of them:
  // {"ecs:UpdateService": 1}.
  const std::map<std::string, int>& calls(const std::string& by_access_key) const;
  // Mutating API calls seen so far that name this group (SetDesiredCapacity, TerminateInstance...,
  // UpdateAutoScalingGroup, tags, ...): 0 proves that a dry run was one. `by_access_key` empty:
  // all.
  int mutations(const std::string& group_name, const std::string& by_access_key = {}) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sim
