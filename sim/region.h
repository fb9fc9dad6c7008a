// Region: a simulated AWS region that answers the real wire protocols.
//
// handle() is the whole interface for clients, in process (tests, virtual time) or behind
// base::HttpServer (sim/main.cc: demo, bench, any AWS client). Paths under /_sim/ are its own
// control interface (docs/simulator.md): faults, state and counters.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>

#include "base/http.h"
#include "sim/world.h"

namespace sim {

class AutoScalingService;
class SqsService;
class Faults;

class Region {
 public:
  Region(boost::asio::any_io_executor executor, base::Clock& clock, WorldConfig config);
  ~Region();

  boost::asio::awaitable<base::HttpResponse> handle(base::HttpRequest request);

  World& world();
  AutoScalingService& auto_scaling();  // for tests: direct looks and interventions
  SqsService& sqs();
  Faults& faults();
  // Mutating API calls seen so far that name this group (SetDesiredCapacity, TerminateInstance...,
  // UpdateAutoScalingGroup, tags, ...): 0 proves that a dry run was one. `by_access_key` empty: all.
  int mutations(const std::string& group_name, const std::string& by_access_key = {}) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sim
