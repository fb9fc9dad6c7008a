// Groups tagged autorecycle_step_function_name are recycled by that state machine: it is started
// with the payload that the original autorecycle sent, and its success is its own business.
#pragma once

#include "consumers/recycle/consumer.h"
#include "consumers/recycle/policy.h"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace consumers::recycle {

struct StepFunctionStart {
  std::string state_machine_arn;
  std::string name;  // "payments-20260102030405", 1..80 of [A-Za-z0-9-_]
  std::string input_json;
};

// {"account_id":"123456789012","success_channel":"ops","component":"payments",
//  "auto_scaling_group_name":"payments-asg-1","emoji":":robot_face:","strategy":"in-out", ...}
// Of the optional tags only those that are present. `requested_at` makes the execution's name, so
// that the same request delivered twice starts one execution.
StepFunctionStart step_function_start(const aws::CallerIdentity& identity,
                                      const base::Region& region, const base::GroupName& group,
                                      const Policy& policy, const std::string& success_channel,
                                      base::TimePoint requested_at);

// The execution's ARN, or its name if AWS says that it was started before.
boost::asio::awaitable<base::Result<std::string>> start_step_function(Services services,
                                                                      Config config,
                                                                      base::GroupName group,
                                                                      Policy policy,
                                                                      base::TimePoint requested_at);

}  // namespace consumers::recycle
