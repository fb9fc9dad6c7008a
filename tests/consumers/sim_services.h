// The real AWS clients over the simulated region, in process and under virtual time: two callers
// with keys of their own, the worker under test and the operator who sets the stage.
#pragma once

#include "aws/query.h"
#include "consumers/recycle/consumer.h"
#include "sim/region.h"
#include "sim/virtual_loop.h"
#include "tests/support/sim_http_client.h"

#include <memory>
#include <string>
#include <vector>

namespace test {

inline constexpr const char* kWorkerKey = "AKIDWORKER";
inline constexpr const char* kOperatorKey = "AKIDOPERATOR";
inline constexpr const char* kTemplate = "web";

struct GroupSpec {
  std::string name;
  int min_size = 2;
  int max_size = 8;
  int desired = 4;
  int zones = 2;
  std::map<std::string, std::string> tags;
  std::vector<std::string> target_groups = {};
};

// One set of clients with its own key.
struct Clients {
  Clients(sim::Region& region, base::Clock& clock, const std::string& key);

  SimHttpClient http;
  aws::StaticCredentials credentials;
  base::Random random{7};
  aws::Caller caller;
  aws::AutoScaling auto_scaling{caller};
  aws::Ec2 ec2{caller};
  aws::Elb elb{caller};
  aws::StepFunctions step_functions{caller};
  aws::Sts sts{caller};
  consumers::recycle::Services services;
};

struct SimServices {
  SimServices();

  sim::VirtualLoop loop;
  sim::Region region;
  Clients worker;
  Clients operating;
  consumers::recycle::Config config;
  std::vector<consumers::recycle::Progress> progress;

  // The stage. All of it waits until the region has settled.
  std::string create_target_group(const std::string& name);
  void create_state_machine(const std::string& name);
  void create_group(const GroupSpec& spec);  // launches from kTemplate, $Latest
  void create_template_version();
  void start_instance_refresh(const std::string& group);
  void set_tags(const std::string& group, const std::map<std::string, std::string>& tags);
  void delete_tag(const std::string& group, const std::string& key);
  // As the operator; throws on an error.
  aws::AutoScalingGroup look(const std::string& group);

  // One delivery of a request to a fresh RecycleConsumer.
  consumers::Verdict deliver(const messages::RecycleRequest& request);
  // As the worker does: Retry and Defer are delivered again, at most `deliveries_max` times.
  consumers::Verdict carry_out(const messages::RecycleRequest& request, int deliveries_max = 20);

  // Mutating calls that the worker sends from here on, in order.
  void record_mutations();
  std::vector<std::string> mutations;
  // Instances in service and healthy at this moment, by a direct look.
  int serving(const std::string& group);

 private:
  aws::XmlAnswer command(aws::QueryCall call);
};

messages::RecycleRequest request_for(const std::string& group);
std::map<std::string, std::string> tags_for(const std::string& strategy);
// Empty if `after` is what a recycle makes of `before`: all new, everything else as it was.
std::string difference(const aws::AutoScalingGroup& before, const aws::AutoScalingGroup& after,
                       const std::string& version);

}  // namespace test
