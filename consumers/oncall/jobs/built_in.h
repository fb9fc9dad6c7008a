// The built-in on-call jobs: each a file in this folder, over the clients in aws/.
#pragma once

#include "aws/ecs.h"
#include "aws/http_client.h"
#include "aws/instance_power.h"
#include "aws/lifecycle_hooks.h"
#include "aws/load_balancers.h"
#include "aws/logs.h"
#include "aws/s3.h"
#include "aws/sqs.h"
#include "aws/ssm.h"
#include "consumers/oncall/job.h"
#include "consumers/oncall/jobs/letters.h"
#include "consumers/oncall/jobs/suites.h"
#include "consumers/recycle/consumer.h"

#include <string>
#include <vector>

namespace consumers::oncall {

// References outlive the jobs.
struct Clients {
  aws::Ecs& ecs;
  aws::Logs& logs;
  aws::Ssm& ssm;
  aws::S3& s3;
  aws::Sqs& sqs;
  aws::InstancePower& power;
  aws::LifecycleHooks& hooks;
  aws::LoadBalancers& load_balancers;
  // For URLs that a request names: with aws::CurlOptions::routable_only.
  aws::HttpClient& http;
  recycle::Services recycle;
  recycle::Config recycle_config;
  LetterSample& letters;
  base::Clock& clock;
};

// What the worker's configuration says; the defaults are those of docs/jobs.
struct BuiltInConfig {
  std::string cluster = "default";                  // ECS's, where a request names none
  std::vector<Suite> suites;                        // what test-integration may run
  std::string events_queue = "autorecycle-events";  // name or URL: where recycles are asked for
  std::string owner = "autorecycle";
};

std::unique_ptr<Job> make_test_smoke(const Clients& clients, const BuiltInConfig& config);
std::unique_ptr<Job> make_test_integration(const Clients& clients, const BuiltInConfig& config);
std::unique_ptr<Job> make_debug_logs(const Clients& clients, const BuiltInConfig& config);
std::unique_ptr<Job> make_debug_errors(const Clients& clients, const BuiltInConfig& config);
std::unique_ptr<Job> make_debug_service(const Clients& clients, const BuiltInConfig& config);
std::unique_ptr<Job> make_debug_asg(const Clients& clients, const BuiltInConfig& config);
std::unique_ptr<Job> make_debug_queue(const Clients& clients, const BuiltInConfig& config);
std::unique_ptr<Job> make_restart_service(const Clients& clients, const BuiltInConfig& config);
std::unique_ptr<Job> make_scale_service(const Clients& clients, const BuiltInConfig& config);
std::unique_ptr<Job> make_check_health(const Clients& clients, const BuiltInConfig& config);
std::unique_ptr<Job> make_recycle_asg(const Clients& clients, const BuiltInConfig& config);
std::unique_ptr<Job> make_restore_asg(const Clients& clients, const BuiltInConfig& config);
std::unique_ptr<Job> make_complete_lifecycle(const Clients& clients, const BuiltInConfig& config);
std::unique_ptr<Job> make_run_command(const Clients& clients, const BuiltInConfig& config);
std::unique_ptr<Job> make_reboot_instance(const Clients& clients, const BuiltInConfig& config);

// All of them, by name.
Catalogue built_in_jobs(const Clients& clients, const BuiltInConfig& config);

}  // namespace consumers::oncall
