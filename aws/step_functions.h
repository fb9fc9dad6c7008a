// AWS Step Functions over AWS JSON 1.0.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
#pragma once

#include "aws/caller.h"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace aws {

class StepFunctions {
 public:
  explicit StepFunctions(Caller& caller) : caller_(caller) {}
  // Idempotent for the same name and input. Returns the execution's ARN.
  // name: 1..80 characters of [A-Za-z0-9-_].
  boost::asio::awaitable<base::Result<std::string>> start_execution(std::string state_machine_arn,
                                                                    std::string name,
                                                                    std::string input_json);

 private:
  Caller& caller_;
};

}  // namespace aws
