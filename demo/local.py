"""A simulated region and a worker to play with until Ctrl-C; prints what to type."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

from stack import (OPERATOR, REGION, Region, Worker, create_queues, create_rules, find_binary,
                   forget_the_users_aws, recyclable)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="the build whose programs run")
    build = parser.parse_args().build
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    forget_the_users_aws()
    directory = Path(tempfile.mkdtemp(prefix="autorecycle-local-"))
    region = Region(build, directory)
    worker = None
    try:
        region.config(launch_lag_ms=5000, terminate_lag_ms=5000)
        queues = create_queues(region.sqs)
        create_rules(region.events, queues.arn(region.sqs, "events"))
        template = region.create_template("web")
        region.create_group("web-asg-1", template, 3, recyclable("out-in"))
        worker = Worker(build, directory, region.endpoint, "--recycle-interval", "1s")
        print(f"""
The region has a group of three, web-asg-1, that follows the latest version of its launch template.
In another terminal:

  export AWS_ENDPOINT_URL={region.endpoint} AWS_REGION={REGION} AWS_DEFAULT_REGION={REGION}
  export AWS_ACCESS_KEY_ID={OPERATOR[0]} AWS_SECRET_ACCESS_KEY={OPERATOR[1]}
  .venv/bin/aws ec2 create-launch-template-version --launch-template-id {template} \\
      --source-version 1 --launch-template-data ImageId=ami-00000002
  {find_binary(build, "autorecycle")} plan --asg web-asg-1
  curl {worker.url}/status

Logs: {worker.process.log_path} and {region.process.log_path}. Ctrl-C ends it.
""", flush=True)
        while region.process.running() and worker.process.running():
            time.sleep(0.5)
        print("the region or the worker ended; see the logs")
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        for one in (worker, region):
            if one and one.process.running():
                one.process.kill()


if __name__ == "__main__":
    sys.exit(main())
