// The commands, as functions: what they read and write are parameters, the answer is the exit code
// (worker/cli.h). Errors go to `err` as one line that starts with "autorecycle: ".
#pragma once

#include "base/result.h"
#include "consumers/consumer.h"
#include "consumers/recycle/consumer.h"
#include "consumers/recycle/history.h"
#include "consumers/recycle/status.h"
#include "worker/config.h"
#include "worker/context.h"
#include "worker/jobs.h"

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace worker {

class AwsSession;

using ConsumerList = std::vector<std::unique_ptr<consumers::Consumer>>;
// The concrete consumers; named in worker/main.cc only.
using ConsumerFactory =
    std::function<ConsumerList(consumers::recycle::Services, consumers::recycle::Config,
                               consumers::recycle::ProgressObserver, Jobs&)>;
// What worker/main.cc brings.
struct Factories {
  ConsumerFactory consumers;
  JobFactory jobs;
};

int run_decode(const std::string& body, Output output, std::ostream& out, std::ostream& err);
int run_window(const Config& config, base::TimePoint now, std::ostream& out, std::ostream& err);
int run_enqueue(const Config& config, std::ostream& out, std::ostream& err);
int run_plan(const Config& config, std::ostream& out, std::ostream& err);
// With --watch: until the process is interrupted, or standard output is closed.
int run_status(const Config& config, std::vector<std::string> groups, std::ostream& out,
               std::ostream& err);
enum class ControlWish { kPause, kResume, kCancel };
int run_control(const Config& config, ControlWish wish, std::ostream& out, std::ostream& err);
int run_history(const Config& config, std::ostream& out, std::ostream& err);
int run_credentials(const Config& config, std::ostream& out, std::ostream& err);
int run_worker(const Config& config, const Factories& factories, const Settings& environment,
               std::ostream& err);

// Parts of the above that need no process around them.

// What `status` shows: groups, and how many messages each queue holds.
struct QueueDepth {
  std::string role;
  std::string name;
  std::string problem;  // why the figures are not known; empty if they are
  long long waiting = 0;
  long long in_hand = 0;
};
struct StatusReport {
  std::vector<consumers::recycle::GroupStatus> groups;
  std::vector<QueueDepth> queues;
};
std::string render_status(const StatusReport& report, Output output, base::TimePoint now);

// The one mutation that an operator's command makes; what was done, for people. Errors: kNotFound
// for a group that does not exist, kInvalid when nothing is running on it.
boost::asio::awaitable<base::Result<std::string>> control_run(aws::AutoScaling& auto_scaling,
                                                              base::GroupName group,
                                                              ControlWish wish, bool restore);

std::string render_history(const std::vector<consumers::recycle::PastRun>& runs, Output output);

// Finds the events queue and sends the request; the new message's id.
boost::asio::awaitable<base::Result<std::string>> send_request(Config config, AwsSession& session,
                                                               base::Clock& clock,
                                                               base::Random& random,
                                                               messages::RecycleRequest request);

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
