// The real AWS clients over an AWS that answers by rote.
#pragma once

#include "consumers/recycle/consumer.h"
#include "tests/support/canned_aws.h"

namespace test {

struct CannedServices : CannedAws {
  aws::AutoScaling auto_scaling{caller};
  aws::Ec2 ec2{caller};
  aws::Elb elb{caller};
  aws::StepFunctions step_functions{caller};
  aws::Sts sts{caller};
  consumers::recycle::Services services{auto_scaling, ec2,          elb,   step_functions,
                                        sts,          loop.clock(), random};
};

}  // namespace test
