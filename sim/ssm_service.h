// SsmService: commands on the simulated instances, and parameters.
//
// Every running instance has an agent. What a command says is run by sim/mini_shell.h, and takes
// the time that it asks for; AWS-RunShellScript is the only document. A command that was sent a
// moment ago is not known to GetCommandInvocation yet, as with AWS.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/
#pragma once

#include "sim/service.h"
#include "sim/world.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace sim {

class Ec2Service;

class SsmService final : public Service {
 public:
  SsmService(World& world, const Ec2Service& ec2) : world_(world), ec2_(ec2) {}
  boost::asio::awaitable<ApiOutcome> handle(ApiCall call) override;

  // Its agent does not answer: commands are taken and never begin.
  void lose_agent(const std::string& instance) { lost_.insert(instance); }
  // In order; the commands of each.
  const std::vector<std::string>& sent() const { return sent_; }

 private:
  struct Invocation {
    std::string status = "Pending";
    std::string details = "Pending";
    int response_code = -1;
    std::string output;
    std::string error_output;
  };
  struct Command {
    std::string id;
    base::TimePoint sent;
    std::string document;
    std::string comment;
    std::map<std::string, Invocation> invocations;  // by instance
  };
  struct Parameter {
    std::string type;
    std::vector<std::string> versions;  // the first is number 1
  };
  using Operation = ApiOutcome (SsmService::*)(const Json&);
  static const std::map<std::string, Operation>& operations();

  ApiOutcome send_command(const Json& arguments);
  ApiOutcome get_command_invocation(const Json& arguments);
  ApiOutcome cancel_command(const Json& arguments);
  ApiOutcome put_parameter(const Json& arguments);
  ApiOutcome get_parameter(const Json& arguments);
  ApiOutcome delete_parameter(const Json& arguments);
  void run(const std::string& command, const std::string& instance, const std::string& script,
           base::Duration execution_timeout);
  // None when it is over already.
  Invocation* running(const std::string& command, const std::string& instance);

  World& world_;
  const Ec2Service& ec2_;
  std::map<std::string, Command> commands_;
  std::map<std::string, Parameter> parameters_;
  std::set<std::string> lost_;
  std::vector<std::string> sent_;
};

}  // namespace sim
