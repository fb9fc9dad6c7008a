// Surroundings: what gates and hooks reach besides AWS: instances that answer HTTP once they are
// up, programs. Shared by the workers of a run; each reaches them over its own line.
#pragma once

#include "aws/child_process.h"
#include "aws/http_client.h"
#include "sim/ec2_service.h"
#include "sim/region.h"
#include "tests/recycle_proof/line.h"
#include "tests/recycle_proof/scenario.h"

#include <boost/asio/awaitable.hpp>

#include <set>
#include <string>

namespace proof {

inline constexpr const char* kAlarm = "web-errors";
inline constexpr const char* kProbe = "probe";  // the command of the gate, by name and as a program
inline constexpr const char* kHook = "tell";

struct Surroundings {
  sim::Region& region;
  base::Duration passes_after{0};  // its launch -> an instance is up
  int failures_left = 0;           // of hooks
  // Hooks that ran: "before_start", "before_terminate/i-...", "after_end".
  std::set<std::string> told = {};

  // Null if there is none, or if it does not run.
  const sim::Ec2Instance* running(const std::string& instance) const;
  bool is_up(const sim::Ec2Instance& instance) const;
};

class Outdoors final : public aws::HttpClient {
 public:
  Outdoors(Surroundings& surroundings, Line& line) : surroundings_(surroundings), line_(line) {}

  boost::asio::awaitable<base::Result<base::HttpResponse>> send(base::HttpRequest request,
                                                                aws::HttpOptions options) override;
  boost::asio::awaitable<base::Result<aws::ProcessOutput>> run(std::vector<std::string> words,
                                                               aws::ProcessLimits limits);

 private:
  bool probe(const std::string& input);
  bool hook(const std::string& input);

  Surroundings& surroundings_;
  Line& line_;
};

}  // namespace proof
