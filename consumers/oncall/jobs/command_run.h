// CommandRun: one command of Systems Manager on some instances, followed to its end.
#pragma once

#include "aws/ssm.h"
#include "base/wait_until.h"
#include "consumers/oncall/jobs/params.h"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <string>
#include <vector>

namespace consumers::oncall {

class CommandRun {
 public:
  CommandRun(aws::Ssm& ssm, base::Clock& clock, std::vector<base::InstanceId> instances)
      : ssm_(ssm), clock_(clock), instances_(std::move(instances)) {}

  // Sends it. `seconds_max` is how long it may run on an instance; `comment` is for people.
  boost::asio::awaitable<base::Result<void>> send(std::vector<std::string> commands,
                                                  std::int64_t seconds_max, std::string comment);
  // Waits until it has ended everywhere. At the deadline what still runs is cancelled, as far as
  // Systems Manager can, and kNotYet comes back.
  boost::asio::awaitable<base::Result<base::Seen>> finish(base::SteadyPoint deadline);

  const std::string& id() const { return id_; }
  bool succeeded() const;  // everywhere
  // instance_id, status, exit_code, output, error_output of each.
  Json results() const;
  // "2 of 3 instances: Failed (exit code 1); ..."
  std::string what_failed() const;
  const std::map<base::InstanceId, aws::CommandInvocation>& invocations() const { return seen_; }

 private:
  boost::asio::awaitable<base::Result<base::Seen>> look();

  aws::Ssm& ssm_;
  base::Clock& clock_;
  std::vector<base::InstanceId> instances_;
  std::string id_;
  base::SteadyPoint sent_;
  std::map<base::InstanceId, aws::CommandInvocation> seen_;
};

}  // namespace consumers::oncall
