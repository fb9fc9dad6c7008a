// CommandSession: what a command that makes a few calls and ends needs to talk to AWS.
#pragma once

#include "base/clock.h"
#include "base/random.h"
#include "worker/aws_session.h"
#include "worker/config.h"
#include "worker/io_loop.h"

#include <memory>

namespace worker {

struct CommandSession {
  explicit CommandSession(const Config& config)
      : aws(loop.run<std::unique_ptr<AwsSession>>(
            AwsSession::open(loop.executor(), clock, random, config))) {}

  IoLoop loop;
  base::RealClock clock;
  base::Random random = base::Random::from_entropy();
  base::Result<std::unique_ptr<AwsSession>> aws;  // the error is for fail_to_start()
};

}  // namespace worker
