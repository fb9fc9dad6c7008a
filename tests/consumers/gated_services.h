// SimServices with all that gates and hooks reach: alarms, web servers on the instances, programs
// that are functions of the test.
#pragma once

#include "consumers/recycle/gates/outside.h"
#include "sim/cloudwatch_service.h"
#include "sim/ec2_service.h"
#include "sim/instance_http.h"
#include "tests/consumers/sim_services.h"

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace test {

struct GatedServices : SimServices {
  struct Run {
    std::vector<std::string> words;
    std::string input;
  };

  sim::InstanceHttp instances{region.ec2()};
  // Everything but the instances: where hooks are posted to.
  base::HttpHandler elsewhere;
  SimHttpClient http{[this](base::HttpRequest request) { return reach(*this, std::move(request)); },
                     loop.clock()};
  aws::CloudWatch cloudwatch{worker.caller};
  consumers::recycle::AlarmBook alarms{cloudwatch, loop.clock()};
  std::vector<Run> runs;
  std::function<aws::ProcessOutput(const Run&)> program;
  consumers::recycle::Outside outside{
      alarms, http, [this](std::vector<std::string> words, aws::ProcessLimits limits) {
        return run_program(*this, std::move(words), std::move(limits));
      }};

  GatedServices() { worker.services.outside = &outside; }

 private:
  static boost::asio::awaitable<base::HttpResponse> reach(GatedServices& self,
                                                          base::HttpRequest request) {
    const auto host = base::find_header(request.headers, "Host").value_or("");
    if (self.elsewhere && host.ends_with(".test")) {
      co_return co_await self.elsewhere(std::move(request));
    }
    co_return co_await self.instances.handle(std::move(request));
  }
  static boost::asio::awaitable<base::Result<aws::ProcessOutput>> run_program(
      GatedServices& self, std::vector<std::string> words, aws::ProcessLimits limits) {
    self.runs.push_back({std::move(words), std::move(limits.input)});
    if (!self.program) co_return aws::ProcessOutput{};
    co_return self.program(self.runs.back());
  }
};

}  // namespace test
