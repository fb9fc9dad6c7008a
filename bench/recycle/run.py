#!/usr/bin/env python3
"""What a worker takes that recycles a thousand groups of twenty instances at once.

    bench/recycle/run.py BUILD [--groups 1000] [--size 20] [--templates 10]
                         [--boot 150] [--terminate 150]

The real `autorecycle worker` against `autorecycle-sim`, both of BUILD, in real time: every group
gets a new launch template version, and all of them are recycled together. Prints one JSON object
(the worker's largest resident memory, its CPU seconds, its AWS calls by operation, and whether
every instance is new in the end) and a table of its Describe calls.

What the table compares with is measured: at the same time a second worker recycles one such group
in a region of its own. Alone, every look at the group is one DescribeAutoScalingGroups, so its
count is how often a group is looked at. "Each group with a worker of its own" is that worker's
calls, times the groups: it has nobody to share with, but remembers what it saw. "Each look a call
of each kind" is a poller that remembers nothing: group, launch template and instances at every
look, an instance refresh once.
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


class Stage:
    """A region with its groups, and a worker that recycles them."""

    def __init__(self, build: Path, directory: Path, groups: int, options: argparse.Namespace):
        self.build, self.directory = build, directory
        self.region = Region(build, directory)
        self.worker = None
        self.region.config(launch_lag_ms=1000, reaction_lag_ms=100)
        queues = create_queues(self.region.sqs)
        create_rules(self.region.events, queues.arn(self.region.sqs, "events"))
        count = min(groups, options.templates)
        self.templates = [self.region.create_template(f"bench-{i}") for i in range(count)]
        for i in range(groups):
            self.region.create_group(f"web{i:04}-asg-1", self.templates[i % count], options.size,
                                     recyclable("out-in"))

    def begin(self, options: argparse.Namespace) -> None:
        self.region.config(launch_lag_ms=options.boot * 1000,
                           terminate_lag_ms=options.terminate * 1000)
        self.worker = Worker(self.build, self.directory, self.region.endpoint,
                             "--log-level", "error")
        time.sleep(3)
        self.pid = self.worker.process.child.pid
        self.idle_kib = memory_kib(self.pid, "VmRSS")
        self.most_held = 0
        for template in self.templates:
            self.region.new_version(template)

    def is_over(self) -> bool:
        queues = self.worker.status()["queues"]
        recycles = [queue["in_flight"] for queue in queues if queue["queue"] == "recycles"]
        self.most_held = max([self.most_held, *recycles])
        held = sum(queue["in_flight"] for queue in queues)
        return held == 0 and self.most_held > 0 and count_old(self.region) == 0

    def describe_calls(self) -> dict[str, int]:
        return {name: count for name, count in sorted(aws_calls(self.worker).items())
                if name.startswith("Describe")}

    def kill(self) -> None:
        for one in (self.worker, self.region):
            if one is not None:
                one.process.kill()


def table(ours: dict[str, int], lone: dict[str, int], groups: int) -> str:
    """Our calls beside those of a poller per group that looks as often."""
    looks = lone["DescribeAutoScalingGroups"]  # alone, every look is a call
    polling = {name: (1 if name == "DescribeInstanceRefreshes" else looks) * groups
               for name in ours}
    apart = {name: lone.get(name, 0) * groups for name in ours}
    rows = [(name, ours[name], apart[name], polling[name]) for name in ours]
    rows.append(("sum", *(sum(calls.values()) for calls in (ours, apart, polling))))
    rows.append(("times ours", 1, round(rows[-1][2] / rows[-1][1], 1),
                 round(rows[-1][3] / rows[-1][1], 1)))
    lines = [f"| Describe calls, {groups} groups, {looks} looks each | together "
             "| each group with a worker of its own | each look a call of each kind |",
             "| --- | ---: | ---: | ---: |"]
    return "\n".join(lines + [f"| {name} | {a} | {b} | {c} |" for name, a, b, c in rows])


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=Path)
    parser.add_argument("--groups", type=int, default=1000)
    parser.add_argument("--size", type=int, default=20)
    parser.add_argument("--templates", type=int, default=10)
    parser.add_argument("--boot", type=int, default=150, help="seconds until an instance serves")
    parser.add_argument("--terminate", type=int, default=150, help="seconds until it is gone")
    parser.add_argument("--limit", type=int, default=1800, help="seconds")
    options = parser.parse_args()
    build = options.build.resolve()
    forget_the_users_aws()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        stages = []
        try:
            for role, groups in (("crowd", options.groups), ("lone", 1)):
                (directory / role).mkdir()
                stages.append(Stage(build, directory / role, groups, options))
            time.sleep(10)
            for stage in stages:
                stage.begin(options)
            crowd, lone = stages
            running, began = set(stages), time.monotonic()
            while running and time.monotonic() - began < options.limit:
                time.sleep(5)
                running = {stage for stage in running if not stage.is_over()}
            calls = aws_calls(crowd.worker)
            print(json.dumps({
                "groups": options.groups, "instances_each": options.size,
                "launch_templates": len(crowd.templates),
                "seconds": round(time.monotonic() - began),
                "old_instances_left": sum(count_old(stage.region) for stage in stages),
                "recycles_at_once": crowd.most_held,
                "rss_idle_mib": round(crowd.idle_kib / 1024, 1),
                "rss_largest_mib": round(memory_kib(crowd.pid, "VmHWM") / 1024, 1),
                "cpu_seconds": round(cpu_seconds(crowd.pid), 1),
                "calls": calls}, indent=1))
            print(table(crowd.describe_calls(), lone.describe_calls(), options.groups))
        finally:
            for stage in stages:
                stage.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
