"""The guided tour: new launch template versions for five groups, and the worker does the rest.

Starts a simulated region and the real worker as processes, plays the operator with boto3, and shows
each group on its way. Exit code 0 only if every group is new, restored and clean, and the dry-run
group was not touched. --crash kills the worker (kill -9) half way and starts it again.
"""

from __future__ import annotations

import argparse
import datetime
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from processes import Timeout
from stack import (WORKER, Region, Worker, create_queues, create_rules, find_binary,
                   forget_the_users_aws, recyclable, worker_environment)
from view import Row, make_view, print_table

DEADLINE = 120.0        # seconds; a run takes about half a minute
WINDOW_OPENS_IN = 15    # seconds after the start
SETTLED_AFTER = 0.5     # seconds of quiet: the events of the last calls arrive late
JOURNAL = "autorecycle:journal"
# One group per zone; of one component, so that they go one after the other.
SIBLINGS = {"autorecycle_override_component_name": "demo-pay"}


@dataclass
class Group:
    """One group of the demo and what is expected of it."""

    name: str
    strategy: str
    size: int
    template: str
    tags: dict[str, str] = field(default_factory=dict)
    zones: int = 3
    pinned: bool = False        # names its version: recycled on its UpdateAutoScalingGroup
    target_group: str = ""
    old_version: str = "1"
    new_version: str = "2"
    before: dict[str, Any] = field(default_factory=dict)

    @property
    def dry_run(self) -> bool:
        return self.tags.get("autorecycle_dry_run") == "true"


def window_tags(opens_in: int) -> dict[str, str]:
    now = datetime.datetime.now(datetime.timezone.utc)
    opens = now + datetime.timedelta(seconds=opens_in)
    closes = opens + datetime.timedelta(hours=2)
    return {"autorecycle_recycle_window": f"{opens:%H:%M:%S} - {closes:%H:%M:%S}",
            "autorecycle_time_zone": "Etc/UTC"}


def make_groups() -> list[Group]:
    return [
        Group("demo-web-asg-1", "out-in", 4, "web", target_group="demo-web"),
        Group("demo-report-asg-1", "out-in-timed", 3, "report", window_tags(WINDOW_OPENS_IN),
              pinned=True),
        Group("demo-pay_a-asg-1", "in-out", 1, "pay", dict(SIBLINGS), zones=1),
        Group("demo-pay_b-asg-1", "in-out", 1, "pay", dict(SIBLINGS), zones=1),
        Group("demo-ledger-asg-1", "out-in", 2, "ledger", {"autorecycle_dry_run": "true"}),
    ]


def facts(region: Region, name: str) -> dict[str, Any]:
    """What of a group must be as it was."""
    group = region.group(name)
    return {
        "min/desired/max": "/".join(str(group[key]) for key in
                                    ("MinSize", "DesiredCapacity", "MaxSize")),
        "instances": len(group["Instances"]),
        "versions": sorted({one["LaunchTemplate"]["Version"] for one in group["Instances"]}),
        "in service": all(one["LifecycleState"] == "InService" for one in group["Instances"]),
        "protected": sum(one["ProtectedFromScaleIn"] for one in group["Instances"]),
        "suspended": sorted(one["ProcessName"] for one in group["SuspendedProcesses"]),
        "journal": [tag["Key"] for tag in group["Tags"] if tag["Key"].startswith(JOURNAL)],
    }


class Demo:
    def __init__(self, build: Path, directory: Path, crash: bool):
        self.build = build
        self.directory = directory
        self.crash = crash
        self.crashed_at: float | None = None
        self.started = time.monotonic()
        self.view = make_view()
        self.groups = make_groups()
        self.region: Region | None = None
        self.worker: Worker | None = None
        self.templates: dict[str, str] = {}

    def seconds(self) -> float:
        return time.monotonic() - self.started

    # The operator's part.

    def build_region(self) -> None:
        self.region = Region(self.build, self.directory, "--seed", "1")
        self.region.config(launch_lag_ms=1800, terminate_lag_ms=1200, reaction_lag_ms=300,
                           target_healthy_lag_ms=700, deregistration_delay_ms=700)
        self.queues = create_queues(self.region.sqs)
        for group in self.groups:
            if group.template not in self.templates:
                self.templates[group.template] = self.region.create_template(
                    f"demo-{group.template}")
            more: dict[str, Any] = {}
            if group.target_group:
                more["TargetGroupARNs"] = [self.create_target_group(group.target_group)]
            self.region.create_group(
                group.name, self.templates[group.template], group.size,
                recyclable(group.strategy, **group.tags), zones=group.zones,
                version="1" if group.pinned else "$Latest", **more)
        for group in self.groups:
            self.region.wait_in_service(group.name, group.size)
            group.before = facts(self.region, group.name)
        create_rules(self.region.events, self.queues.arn(self.region.sqs, "events"))

    def create_target_group(self, name: str) -> str:
        answer = self.region.elbv2.create_target_group(
            Name=name, Protocol="HTTP", Port=80, VpcId="vpc-00000001", TargetType="instance")
        return answer["TargetGroups"][0]["TargetGroupArn"]

    def start_worker(self) -> None:
        self.worker = Worker(
            self.build, self.directory, self.region.endpoint, "--recycle-interval", "300ms",
            "--poll-wait", "2s", "--visibility-timeout", "6s", "--retry-base", "500ms",
            "--drain-deadline", "5s")

    def change_launch_templates(self) -> None:
        for template in self.templates.values():
            self.region.new_version(template)
        for group in self.groups:
            if group.pinned:
                self.region.autoscaling.update_auto_scaling_group(
                    AutoScalingGroupName=group.name,
                    LaunchTemplate={"LaunchTemplateId": self.templates[group.template],
                                    "Version": group.new_version})

    # Looking.

    def runs(self) -> dict[str, dict[str, str]] | None:
        """What the worker says about each group; None while it does not answer."""
        try:
            return {run["group"]: run for run in self.worker.status()["recycles"]}
        except OSError:
            return None

    def row(self, group: Group, runs: dict[str, dict[str, str]] | None) -> Row:
        now = self.region.group(group.name)
        states = [(one["LifecycleState"], one["LaunchTemplate"]["Version"] != group.old_version)
                  for one in now["Instances"]]
        run = (runs or {}).get(group.name, {})
        phase, reason = run.get("phase", ""), run.get("reason", "")
        if group.dry_run:
            phase, reason = "dry run", "the plan is in the log; nothing is changed"
        elif self.unfinished(group) == []:
            phase, reason = "done", "new, restored and clean"
        elif runs is None:
            phase, reason = "worker down", "kill -9" if self.crashed_at else ""
        return Row(
            group.name, group.strategy,
            old=sum(state == "InService" and not new for state, new in states),
            new=sum(state == "InService" and new for state, new in states),
            coming=sum(state.startswith("Pending") for state, _ in states),
            going=sum(state.startswith("Terminating") for state, _ in states),
            bounds="/".join(str(now[key]) for key in ("MinSize", "DesiredCapacity", "MaxSize")),
            phase=phase or "waiting", reason=reason or "for its turn")

    def unfinished(self, group: Group) -> list[str]:
        """What is not as it must be in the end; empty when all is well."""
        now = facts(self.region, group.name)
        expected = dict(group.before)
        if not group.dry_run:
            expected["versions"] = [group.new_version]
        problems = [f"{key} is {now[key]}, not {value}" for key, value in expected.items()
                    if now[key] != value]
        if group.dry_run and (count := self.worker_mutations(group)):
            problems.append(f"the dry run made {count} mutating calls")
        if group.target_group and not problems:
            problems += self.bad_targets(group)
        return problems

    def bad_targets(self, group: Group) -> list[str]:
        arn = self.region.group(group.name)["TargetGroupARNs"][0]
        health = self.region.elbv2.describe_target_health(TargetGroupArn=arn)
        states = {one["Target"]["Id"]: one["TargetHealth"]["State"]
                  for one in health["TargetHealthDescriptions"]}
        mine = {one["InstanceId"] for one in self.region.group(group.name)["Instances"]}
        return [f"target {target} is {states.get(target, 'not registered')}"
                for target in sorted(mine | states.keys())
                if states.get(target) not in ({"healthy"} if target in mine else {"draining"})]

    def worker_mutations(self, group: Group) -> int:
        return sum(self.region.mutations(group.name, WORKER[0]).values())

    def waiting_messages(self) -> dict[str, int]:
        """Messages that no queue should hold in the end."""
        counts = {}
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
                 "ApproximateNumberOfMessagesDelayed"]
        for role, url in self.queues.urls.items():
            answer = self.region.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)
            if count := sum(int(value) for value in answer["Attributes"].values()):
                counts[role] = count
        return counts

    # The run.

    def maybe_crash(self, rows: list[Row]) -> None:
        if not self.crash:
            return
        half_way = any(row.phase in ("grow", "cull") and row.new + row.coming for row in rows)
        if self.crashed_at is None and half_way:
            self.crashed_at = self.seconds()
            self.worker.kill()
            self.view.say(f"{self.seconds():5.1f} s  kill -9 of the worker")
        elif self.crashed_at and self.seconds() > self.crashed_at + 2 \
                and not self.worker.process.running():
            self.start_worker()
            self.view.say(f"{self.seconds():5.1f} s  the worker is started again")

    def watch(self) -> None:
        deadline = time.monotonic() + DEADLINE
        done_since: float | None = None
        while True:
            runs = self.runs()
            rows = [self.row(group, runs) for group in self.groups]
            self.view.show(self.seconds(), rows, "recycling")
            self.maybe_crash(rows)
            finished = all(row.phase in ("done", "dry run") for row in rows)
            done = finished and not self.waiting_messages() and self.worker.process.running()
            if not done:
                done_since = None
            elif done_since is None:
                done_since = time.monotonic()
            elif time.monotonic() - done_since > SETTLED_AFTER:
                return
            if not self.crash and not self.worker.process.running():
                raise Timeout(f"the worker ended with {self.worker.process.child.returncode}")
            if time.monotonic() > deadline:
                raise Timeout(f"not done after {DEADLINE:g} s")
            time.sleep(0.2)

    def run(self) -> list[str]:
        """The problems; none when everything went well."""
        with self.view:
            self.view.say(f"a simulated region, queues, rules and {len(self.groups)} groups ...")
            self.build_region()
            self.start_worker()
            self.change_launch_templates()
            self.view.say("new launch template versions; the region's own events reach the worker")
            try:
                self.watch()
            except Timeout as problem:
                return [str(problem)] + self.problems()
            problems = self.problems()
            code = self.worker.stop()
        return problems + ([f"the worker exited with {code}"] if code else [])

    def problems(self) -> list[str]:
        found = [f"{group.name}: {problem}" for group in self.groups
                 for problem in self.unfinished(group)]
        found += [f"{count} messages are left in the {role} queue"
                  for role, count in self.waiting_messages().items()]
        if self.crash and self.crashed_at is None:
            found.append("the worker was never killed: no group was seen half way")
        return found

    def report(self) -> None:
        rows = []
        for group in self.groups:
            now = facts(self.region, group.name)
            rows.append([
                group.name, group.strategy + (" (dry run)" if group.dry_run else ""),
                change(group.before, now, "min/desired/max"), change(group.before, now, "versions"),
                change(group.before, now, "suspended"), str(len(now["journal"])),
                str(self.worker_mutations(group))])
        print_table(
            f"before -> after, {self.seconds():.0f} s",
            ["group", "strategy", "min/desired/max", "versions", "suspended", "journal tags",
             "mutations by the worker"], rows)

    def show_dry_run_plan(self) -> None:
        name = next(group.name for group in self.groups if group.dry_run)
        answer = subprocess.run(
            [find_binary(self.build, "autorecycle"), "plan", "--asg", name],
            env=worker_environment(self.directory, self.region.endpoint), capture_output=True,
            text=True, timeout=30, check=False)
        print(f"\nThe dry run's group, as `autorecycle plan --asg {name}` still sees it:")
        print(answer.stdout or answer.stderr)

    def stop(self) -> None:
        for one in (self.worker, self.region):
            if one and one.process.running():
                one.process.kill()


def change(before: dict[str, Any], after: dict[str, Any], key: str) -> str:
    old, new = (", ".join(value) if isinstance(value := one[key], list) else str(value)
                for one in (before, after))
    return old or "none" if old == new else f"{old or 'none'} -> {new or 'none'}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, required=True, help="the build whose programs run")
    parser.add_argument("--crash", action="store_true", help="kill -9 the worker half way")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    forget_the_users_aws()
    directory = Path(tempfile.mkdtemp(prefix="autorecycle-demo-"))
    demo = Demo(arguments.build, directory, arguments.crash)
    try:
        problems = demo.run()
        demo.report()
        if not problems:
            demo.show_dry_run_plan()
    except KeyboardInterrupt:
        print("\ninterrupted")
        return 130
    except (FileNotFoundError, Timeout) as problem:
        problems = [str(problem)]
    finally:
        demo.stop()
    for problem in problems:
        print(f"FAILED: {problem}")
    if problems:
        print(f"logs: {directory}")
        return 1
    print("Every group is new, restored and clean; the dry-run group was not touched."
          f" Logs: {directory}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
