// Rollout: watches one deployment of an ECS service until it is steady or has failed, and finds out
// why.
#pragma once

#include "aws/ecs.h"
#include "base/wait_until.h"
#include "consumers/oncall/job.h"

#include <boost/asio/awaitable.hpp>

#include <optional>
#include <string>

namespace consumers::oncall {

// The parameters that name a service, for a params_schema.
inline constexpr const char* kServiceProperties =
    R"json("service_name": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,255}$",
    "description": "Name of the ECS service"},
  "cluster": {"type": "string", "pattern": "^[A-Za-z0-9:/_-]{1,255}$",
    "description": "Name or ARN of its cluster"})json";

// Reasons of tasks that stopped, the commonest first: "3 x Essential container in task exited
// (app: exit code 1)".
std::string stop_reasons(const std::vector<aws::EcsTask>& tasks, std::size_t most);

class Rollout {
 public:
  // `service` as UpdateService answered it. References outlive it.
  Rollout(aws::Ecs& ecs, JobLog& log, std::string cluster, aws::EcsService service);

  // Whether it is steady. Errors: kFatal "DeploymentFailed" with ECS's reason and that of the
  // tasks; kInvalid "Superseded" when somebody deploys something else meanwhile; kNotFound.
  boost::asio::awaitable<base::Result<base::Seen>> look();

  const aws::EcsService& service() const { return service_; }
  const std::string& deployment() const { return deployment_; }
  // "2 of 3 tasks run; (service web) was unable to place a task ..."
  std::string where_it_stands() const;

 private:
  boost::asio::awaitable<std::string> with_stop_reasons(std::string reason);
  base::Result<base::Seen> judge(bool& failed) const;
  void note_events();

  aws::Ecs& ecs_;
  JobLog& log_;
  std::string cluster_;
  aws::EcsService service_;
  std::string deployment_;
  std::optional<base::TimePoint> created_;  // of the deployment
  std::optional<base::TimePoint> told_;     // events until then are in the log
};

}  // namespace consumers::oncall
