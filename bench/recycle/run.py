#!/usr/bin/env python3
"""What a worker takes that recycles a thousand groups of twenty instances at once.

    bench/recycle/run.py BUILD [--groups 1000] [--size 20] [--templates 10]

The real `autorecycle worker` against `autorecycle-sim`, both of BUILD, in real time: every group
gets a new launch template version, and all of them are recycled together. Prints one JSON object:
the worker's largest resident memory, its CPU seconds, its AWS calls by operation, and whether every
instance is new in the end.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "demo"))

from stack import (Region, Worker, create_queues, create_rules, forget_the_users_aws,  # noqa: E402
                   get_json, recyclable)


def memory_kib(pid: int, what: str) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(what + ":"):
            return int(line.split()[1])
    return 0


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def aws_calls(worker: Worker) -> dict[str, int]:
    calls: dict[str, int] = {}
    found = re.findall(r"^autorecycle_aws_requests_total\{(.*)\} (\S+)$", worker.metrics(), re.M)
    for labels, value in found:
        operation = re.search(r'operation="([^"]*)"', labels)[1]
        calls[operation] = calls.get(operation, 0) + int(float(value))
    return calls


def count_old(region: Region) -> int:
    groups = get_json(region.endpoint + "/_sim/groups")
    groups = groups["groups"] if isinstance(groups, dict) else groups
    return sum(1 for group in groups for one in group["instances"] if str(one["version"]) != "2")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=Path)
    parser.add_argument("--groups", type=int, default=1000)
    parser.add_argument("--size", type=int, default=20)
    parser.add_argument("--templates", type=int, default=10)
    parser.add_argument("--limit", type=int, default=1800, help="seconds")
    options = parser.parse_args()
    forget_the_users_aws()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        region = Region(options.build.resolve(), directory)
        worker = None
        try:
            region.config(launch_lag_ms=1000, reaction_lag_ms=100)
            queues = create_queues(region.sqs)
            create_rules(region.events, queues.arn(region.sqs, "events"))
            templates = [region.create_template(f"bench-{i}") for i in range(options.templates)]
            for i in range(options.groups):
                region.create_group(f"web{i:04}-asg-1", templates[i % len(templates)], options.size,
                                    recyclable("out-in"))
            time.sleep(10)
            region.config(launch_lag_ms=20_000, terminate_lag_ms=20_000)
            worker = Worker(options.build.resolve(), directory, region.endpoint,
                            "--log-level", "error")
            time.sleep(3)
            idle = memory_kib(worker.process.child.pid, "VmRSS")
            for template in templates:
                region.new_version(template)
            began, most_held = time.monotonic(), 0
            while time.monotonic() - began < options.limit:
                time.sleep(5)
                status = worker.status()
                most_held = max([most_held] + [queue["in_flight"] for queue in status["queues"]
                                               if queue["queue"] == "recycles"])
                held = sum(queue["in_flight"] for queue in status["queues"])
                if held == 0 and most_held > 0 and count_old(region) == 0:
                    break
            calls = aws_calls(worker)
            print(json.dumps({
                "groups": options.groups, "instances_each": options.size,
                "seconds": round(time.monotonic() - began),
                "old_instances_left": count_old(region),
                "recycles_at_once": most_held,
                "rss_idle_mib": round(idle / 1024, 1),
                "rss_largest_mib": round(memory_kib(worker.process.child.pid, "VmHWM") / 1024, 1),
                "cpu_seconds": round(cpu_seconds(worker.process.child.pid), 1),
                "describe_calls": sum(n for name, n in calls.items()
                                      if name.startswith("Describe")),
                "calls": calls}, indent=1))
        finally:
            for one in (worker, region):
                if one is not None:
                    one.process.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
