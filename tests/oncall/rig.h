// OncallRig: the built-in jobs over the real AWS clients and the simulated region, in process and
// under virtual time.
//
// Every run is watched: a call that the job's entry does not declare is a failure on the spot, as
// is a change by a dry run or by a job that says that it changes nothing. What is declared and
// never called by any test is a failure when all tests have run (catalogue_test.cc).
#pragma once

#include "aws/json_call.h"
#include "aws/logs.h"
#include "consumers/oncall/jobs/built_in.h"
#include "consumers/oncall/jobs/params.h"
#include "consumers/oncall/schema.h"
#include "sim/ecs_service.h"
#include "sim/logs_service.h"
#include "sim/ssm_service.h"
#include "tests/consumers/sim_services.h"
#include "worker/oncall_letters.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace test {

using Json = nlohmann::ordered_json;
using consumers::oncall::Answer;
using namespace std::chrono_literals;

// Answers by URL; an unknown host is a refused connection.
class FakeWeb final : public aws::HttpClient {
 public:
  explicit FakeWeb(base::Clock& clock) : clock_(clock) {}

  struct Page {
    base::Result<base::HttpResponse> answer = base::HttpResponse{200, {}, ""};
    base::Duration latency{0};
  };
  std::map<std::string, Page> pages;
  std::vector<base::HttpRequest> asked;

  boost::asio::awaitable<base::Result<base::HttpResponse>> send(base::HttpRequest request,
                                                                aws::HttpOptions options) override;

 private:
  base::Clock& clock_;
};

class OncallRig : public ::testing::Test {
 public:
  OncallRig();

  struct Outcome {
    int status = 0;
    Json body;  // parsed
    std::vector<std::string> log;
    std::map<std::string, int> calls;  // "ecs:UpdateService" -> how often

    std::string text() const { return body.is_string() ? body.get<std::string>() : body.dump(); }
  };
  struct RunOptions {
    bool dry_run = false;
    std::string request_id = "r-1";
    std::optional<base::Duration> timeout;  // else the entry's
  };
  // Checks the parameters as the runner does, then runs the job to its end.
  Outcome run(const std::string& job, const Json& params, RunOptions options);
  Outcome run(const std::string& job, const Json& params) { return run(job, params, RunOptions()); }
  Outcome dry_run(const std::string& job, const Json& params) {
    return run(job, params, {.dry_run = true, .request_id = "r-1", .timeout = {}});
  }
  consumers::oncall::Job& job(const std::string& name);
  consumers::oncall::Catalogue make_jobs();

  // The stage. As the operator; throws on an error.
  Json call(const std::string& service, const std::string& operation, const Json& arguments);
  Json ecs(const std::string& operation, const Json& arguments) {
    return call("ecs", operation, arguments);
  }
  aws::XmlAnswer query(aws::QueryCall call);
  // A task definition of one container "app" that runs `script`; empty: until it is stopped.
  std::string define_task(const std::string& family, const std::string& script,
                          const std::string& image = "app:1");
  // A service "web" of `family` in cluster "default", steady.
  void create_service(int desired, const std::string& family, Json more = Json::object());
  std::string run_instance();
  std::string create_queue(const std::string& name, const Json& attributes = Json::object());
  void send_message(const std::string& url, const std::string& body);
  void create_bucket(const std::string& name);

  // What every test together has called: {"debug-asg": {"ec2:DescribeInstances", ...}}.
  static std::map<std::string, std::set<std::string>>& used();

  SimServices stage;
  sim::VirtualLoop& loop = stage.loop;
  sim::Region& region = stage.region;
  aws::Ecs ecs_client{stage.worker.caller};
  aws::Logs logs_client{stage.worker.caller};
  aws::Ssm ssm_client{stage.worker.caller};
  aws::S3 s3_client{stage.worker.caller};
  aws::Sqs sqs_client{stage.worker.caller};
  aws::InstancePower power{stage.worker.caller};
  aws::LifecycleHooks hooks{stage.worker.caller};
  aws::LoadBalancers load_balancers{stage.worker.caller};
  FakeWeb web{loop.clock()};
  worker::OncallLetters letters;
  consumers::oncall::BuiltInConfig config;

 private:
  void check_calls(const consumers::oncall::Entry& entry, const Outcome& outcome, bool dry_run);

  std::optional<consumers::oncall::Catalogue> jobs_;
};

// "sqs:ChangeMessageVisibilityBatch" -> "sqs:ChangeMessageVisibility", as IAM calls it.
std::string permission_of(const std::string& call);

}  // namespace test
