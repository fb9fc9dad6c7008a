// Control: the region's own interface under /_sim/, unsigned, JSON. docs/simulator.md lists it.
#pragma once

#include "base/http.h"
#include "sim/service.h"
#include "sim/trail.h"
#include "sim/world.h"

#include <string>

namespace sim {

class AutoScalingService;
class SqsService;
class StsService;

class Control {
 public:
  Control(World& world, AutoScalingService& auto_scaling, SqsService& sqs, StsService& sts,
          Trail& trail)
      : world_(world), auto_scaling_(auto_scaling), sqs_(sqs), sts_(sts), trail_(trail) {}

  base::HttpResponse handle(const base::HttpRequest& request);

 private:
  base::HttpResponse health();
  base::HttpResponse groups();
  base::HttpResponse mutations(const base::HttpRequest& request);
  base::HttpResponse queues();
  base::HttpResponse faults(const base::HttpRequest& request);
  base::HttpResponse credentials(const base::HttpRequest& request);
  base::HttpResponse configure(const base::HttpRequest& request);

  World& world_;
  AutoScalingService& auto_scaling_;
  SqsService& sqs_;
  StsService& sts_;
  Trail& trail_;
};

}  // namespace sim
