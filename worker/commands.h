// The commands, as functions: what they read and write are parameters, the answer is the exit code
// (worker/cli.h). Errors go to `err` as one line that starts with "autorecycle: ".
#pragma once

#include "base/result.h"
#include "consumers/consumer.h"
#include "consumers/recycle/consumer.h"
#include "worker/config.h"
#include "worker/context.h"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace worker {

using ConsumerList = std::vector<std::unique_ptr<consumers::Consumer>>;
// The concrete consumers; named in worker/main.cc only.
using ConsumerFactory =
    std::function<ConsumerList(consumers::recycle::Services, consumers::recycle::Config,
                               consumers::recycle::ProgressObserver)>;

int run_decode(const std::string& body, Output output, std::ostream& out, std::ostream& err);
int run_window(const Config& config, base::TimePoint now, std::ostream& out, std::ostream& err);
int run_enqueue(const Config& config, std::ostream& out, std::ostream& err);
int run_plan(const Config& config, std::ostream& out, std::ostream& err);
int run_credentials(const Config& config, std::ostream& out, std::ostream& err);
int run_worker(const Config& config, const ConsumerFactory& consumers, std::ostream& err);

// Parts of the above that need no process around them.

// Checks the request and sends it; the new message's id.
boost::asio::awaitable<base::Result<std::string>> enqueue_recycle(Config config, Context context);
// Prints the report; kExitOk, or kExitFailed when the plan ends in an abort.
int print_plan(const consumers::recycle::PlanReport& report, Output output, std::ostream& out);

// What `credentials` shows: never a secret.
struct CredentialsReport {
  std::string source;         // "profile 'payments' (assume-role arn:aws:iam::...)"
  std::string access_key_id;  // masked but for its end
  std::optional<base::TimePoint> expiration;
  std::string account;
  std::string arn;
  std::optional<base::Error> identity_error;  // why account and arn are not known
  std::string region;
  std::vector<std::pair<std::string, std::string>> endpoints;  // service and URL
};
void print_credentials(const CredentialsReport& report, Output output, std::ostream& out);

base::Result<consumers::recycle::WindowRule> window_rule(const Config& config);
base::Result<consumers::recycle::Config> recycle_config(const Config& config);
// --asg and --strategy as given to enqueue and plan.
base::Result<void> check_request(const Config& config);

int fail(std::ostream& err, const base::Error& error);
// Before anything was asked of AWS: kExitUsage when the configuration is at fault.
int fail_to_start(std::ostream& err, const base::Error& error);

}  // namespace worker
