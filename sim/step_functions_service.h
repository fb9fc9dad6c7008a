// StepFunctionsService: state machines that are never run. Executions are recorded, stay RUNNING
// and can be read back, which is what a client that starts one needs to be tested.
// https://docs.aws.amazon.com/step-functions/latest/apireference/
#pragma once

#include "sim/service.h"
#include "sim/world.h"

#include <map>
#include <string>
#include <vector>

namespace sim {

class StepFunctionsService final : public Service {
 public:
  struct Execution {
    std::string arn;
    std::string name;
    std::string state_machine_arn;
    std::string input;
    base::TimePoint started;
  };

  explicit StepFunctionsService(World& world) : world_(world) {}
  boost::asio::awaitable<ApiOutcome> handle(ApiCall call) override;

  // In the order of their start.
  const std::vector<Execution>& executions() const { return executions_; }

 private:
  ApiOutcome create_state_machine(const Json& arguments);
  ApiOutcome start_execution(const Json& arguments);
  ApiOutcome describe_execution(const Json& arguments);
  ApiOutcome list_executions(const Json& arguments);

  World& world_;
  std::map<std::string, Json> state_machines_;  // by ARN
  std::vector<Execution> executions_;
};

}  // namespace sim
