// AWS Systems Manager over AWS JSON 1.1: commands on instances, and parameters.
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/
#pragma once

#include "aws/caller.h"
#include "base/names.h"
#include "base/secret.h"

#include <boost/asio/awaitable.hpp>

#include <map>
#include <string>
#include <vector>

namespace aws {

struct SendCommandOptions {
  std::string document = "AWS-RunShellScript";
  std::vector<base::InstanceId> instances;                     // at most 50
  std::map<std::string, std::vector<std::string>> parameters;  // of the document: "commands", ...
  // How long an instance may take to begin, 30 s to 30 days.
  std::chrono::seconds delivery_timeout{60};
  std::string comment;  // at most 100 characters, for people
};

struct CommandInvocation {
  // "Pending", "InProgress", "Delayed", "Success", "Cancelled", "TimedOut", "Failed", "Cancelling"
  std::string status;
  std::string details;       // more exactly: "DeliveryTimedOut", "ExecutionTimedOut", ...
  int response_code = -1;    // the command's exit code; -1 while it runs or never ran
  std::string output;        // the first 24,000 characters
  std::string error_output;  // the first 8,000 characters
};

class Ssm {
 public:
  explicit Ssm(Caller& caller) : caller_(caller) {}

  // The command's id. Not sent again when the answer is lost: it could run twice. kNotFound
  // "InvalidInstanceId": not there, not running, or its agent does not answer.
  boost::asio::awaitable<base::Result<std::string>> send_command(SendCommandOptions options);
  // kNotFound "InvocationDoesNotExist": no such command there, or sent a moment ago.
  boost::asio::awaitable<base::Result<CommandInvocation>> get_command_invocation(
      std::string command, base::InstanceId instance);
  // Does what it can: what runs may run on.
  boost::asio::awaitable<base::Result<void>> cancel_command(
      std::string command, std::vector<base::InstanceId> instances);
  // Decrypted. kNotFound: no such parameter or version ("name:3").
  boost::asio::awaitable<base::Result<base::Secret>> get_parameter(std::string name);

 private:
  Caller& caller_;
};

}  // namespace aws
