"""The whole, as processes: a simulated region whose own events reach the worker, which recycles."""

from __future__ import annotations

import datetime
import threading

import pytest
from deployment import Deployment
from processes import wait_until
from stack import client


@pytest.fixture
def deployment(region, build, directory) -> Deployment:
    return Deployment(region, build, directory)


class Watch:
    """Samples a group until it is stopped: the least that was in service, the most that existed."""

    def __init__(self, deployment: Deployment, name: str):
        self.least, self.most = 1 << 30, 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(deployment, name), daemon=True)

    def run(self, deployment, name):
        autoscaling = client("autoscaling", deployment.region.endpoint)
        while not self.stopped.is_set():
            (group,) = autoscaling.describe_auto_scaling_groups(
                AutoScalingGroupNames=[name])["AutoScalingGroups"]
            states = [one["LifecycleState"] for one in group["Instances"]]
            self.least = min(self.least, states.count("InService"))
            self.most = max(self.most, len(states))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()


def test_out_in_replaces_every_instance_and_never_serves_with_less(deployment, start_worker):
    deployment.add_recyclable("web-asg-1", "out-in", size=4)
    worker = start_worker()
    with Watch(deployment, "web-asg-1") as watch:
        deployment.new_version("web-asg-1")
        deployment.wait_recycled("web-asg-1")
    assert watch.least >= 4
    assert watch.most > 4
    deployment.wait_empty()
    assert deployment.count("events-dlq") == deployment.count("recycles-dlq") == 0
    assert worker.stop() == 0


def test_out_in_waits_for_the_target_group(deployment, start_worker):
    answer = deployment.region.elbv2.create_target_group(
        Name="web", Protocol="HTTP", Port=80, VpcId="vpc-00000001", TargetType="instance")
    arn = answer["TargetGroups"][0]["TargetGroupArn"]
    deployment.add_recyclable("web-asg-1", "out-in", TargetGroupARNs=[arn])
    start_worker()
    deployment.new_version("web-asg-1")
    deployment.wait_recycled("web-asg-1")
    ids = {one["InstanceId"] for one in deployment.region.group("web-asg-1")["Instances"]}
    health = deployment.region.elbv2.describe_target_health(TargetGroupArn=arn)
    assert {one["Target"]["Id"] for one in health["TargetHealthDescriptions"]
            if one["TargetHealth"]["State"] == "healthy"} == ids


def test_in_out_takes_one_out_before_its_replacement_comes(deployment, start_worker):
    deployment.add_recyclable("pay-asg-1", "in-out", size=3)
    start_worker()
    with Watch(deployment, "pay-asg-1") as watch:
        deployment.new_version("pay-asg-1")
        deployment.wait_recycled("pay-asg-1")
    assert watch.least == 2
    assert watch.most == 3
    deployment.wait_empty()


def test_sibling_groups_of_one_component_go_one_after_the_other(deployment, start_worker):
    names = ["pay_a-asg-1", "pay_b-asg-1"]
    template = deployment.region.create_template("pay")
    for name in names:
        deployment.add_recyclable(name, "in-out", size=1, template=template,
                                  tags={"autorecycle_override_component_name": "pay"})
    worker = start_worker()
    deployment.new_version(names[0])
    out_at_once = []

    def both():
        serving = [len(deployment.region.in_service(name)) for name in names]
        out_at_once.append(serving.count(0))
        return all(deployment.recycled(name) for name in names)

    wait_until("both groups to be recycled", both, 90)
    assert max(out_at_once) == 1, worker.log()


def test_out_in_timed_waits_for_its_window(deployment, start_worker):
    now = datetime.datetime.now(datetime.timezone.utc)
    opens = now + datetime.timedelta(seconds=8)
    closes = now + datetime.timedelta(hours=1)
    deployment.add_recyclable("report-asg-1", "out-in-timed", tags={
        "autorecycle_recycle_window": f"{opens:%H:%M:%S} - {closes:%H:%M:%S}",
        "autorecycle_time_zone": "Etc/UTC"})
    start_worker()
    deployment.new_version("report-asg-1")
    changed_at = None
    while not deployment.recycled("report-asg-1"):
        if changed_at is None and deployment.versions("report-asg-1") != ["1", "1"]:
            changed_at = datetime.datetime.now(datetime.timezone.utc)
        assert datetime.datetime.now(datetime.timezone.utc) < opens + datetime.timedelta(seconds=60)
    assert changed_at and changed_at >= opens.replace(microsecond=0)
    deployment.wait_empty()


def test_a_group_with_a_pinned_version_is_recycled_on_its_update(deployment, start_worker):
    deployment.add_recyclable("web-asg-1", "out-in", version="1")
    start_worker()
    deployment.new_version("web-asg-1")
    deployment.region.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName="web-asg-1",
        LaunchTemplate={"LaunchTemplateId": deployment.templates["web-asg-1"], "Version": "2"})
    deployment.wait_recycled("web-asg-1")
    deployment.wait_empty()


def test_a_dry_run_changes_nothing_and_logs_the_plan(deployment, start_worker):
    deployment.add_recyclable("web-asg-1", "out-in", tags={"autorecycle_dry_run": "true"})
    worker = start_worker()
    deployment.new_version("web-asg-1")
    wait_until("the plan in the log", lambda: "TerminateInstance" in worker.log())
    deployment.wait_empty()
    assert deployment.mutations("web-asg-1") == 0
    assert deployment.versions("web-asg-1") == ["1", "1"]
    assert deployment.facts("web-asg-1") == deployment.before["web-asg-1"]


@pytest.mark.parametrize("strategy, size", [("out-in", 3), ("in-out", 2)])
def test_plan_says_what_the_real_run_then_does(deployment, start_worker, strategy, size):
    deployment.add_recyclable("web-asg-1", strategy, size=size)
    deployment.new_version("web-asg-1")
    planned = [step["operation"] for step in deployment.plan("web-asg-1")["steps"]
               if step["operation"] not in ("wait", "finished")]
    assert deployment.mutations("web-asg-1") == 0
    start_worker()
    deployment.wait_recycled("web-asg-1")
    deployment.wait_empty()
    assert [name for name, _ in deployment.calls(len(planned))] == planned


def test_a_second_run_finds_nothing_to_do(deployment, start_worker):
    deployment.add_recyclable("web-asg-1", "out-in")
    start_worker()
    deployment.new_version("web-asg-1")
    deployment.wait_recycled("web-asg-1")
    deployment.wait_empty()
    before = deployment.mutations("web-asg-1")
    assert deployment.cli("enqueue", "recycle", "--asg", "web-asg-1").returncode == 0
    deployment.wait_empty()
    assert deployment.mutations("web-asg-1") == before


def test_force_replaces_instances_without_drift(deployment, start_worker):
    deployment.add_recyclable("web-asg-1", "out-in")
    before = {one["InstanceId"] for one in deployment.region.group("web-asg-1")["Instances"]}
    start_worker()
    ended = deployment.cli("enqueue", "recycle", "--asg", "web-asg-1", "--force")
    assert ended.returncode == 0, ended.stderr
    wait_until("other instances", lambda: not before & {
        one["InstanceId"] for one in deployment.region.group("web-asg-1")["Instances"]}, 60)
    deployment.wait_recycled("web-asg-1", version="1")


@pytest.mark.parametrize("strategy", ["out-in", "in-out"])
def test_a_killed_worker_is_followed_by_one_that_finishes(deployment, start_worker, strategy):
    deployment.region.config(launch_lag_ms=1000, terminate_lag_ms=1000)
    deployment.add_recyclable("web-asg-1", strategy, size=3)
    first = start_worker(name="first-worker")
    deployment.new_version("web-asg-1")
    wait_until("the run to be half way",
               lambda: deployment.facts("web-asg-1") != deployment.before["web-asg-1"]
               and deployment.mutations("web-asg-1") >= 3)
    first.kill()
    assert not deployment.recycled("web-asg-1")
    second = start_worker(name="second-worker")
    deployment.wait_recycled("web-asg-1")
    deployment.wait_empty()
    assert deployment.count("events-dlq") == deployment.count("recycles-dlq") == 0
    assert second.stop() == 0


def test_sigterm_hands_a_run_over_and_exits_0(deployment, start_worker):
    deployment.region.config(launch_lag_ms=2000)
    deployment.add_recyclable("web-asg-1", "out-in", size=3)
    first = start_worker("--drain-deadline", "3s", name="first-worker")
    deployment.new_version("web-asg-1")
    wait_until("the run to be half way", lambda: deployment.mutations("web-asg-1") >= 2)
    assert first.stop() == 0, first.log()
    assert not deployment.recycled("web-asg-1")
    second = start_worker(name="second-worker")
    deployment.wait_recycled("web-asg-1")
    deployment.wait_empty()
    assert second.stop() == 0


def test_an_idle_worker_drains_at_once(deployment, start_worker):
    worker = start_worker(poll_wait="20s")
    assert "autorecycle" in worker.metrics()
    assert worker.stop(timeout=5) == 0, worker.log()


def test_throttling_and_lost_answers_delay_a_run_but_do_not_spoil_it(deployment, start_worker):
    deployment.add_recyclable("web-asg-1", "out-in", size=3)
    worker = start_worker()
    deployment.new_version("web-asg-1")
    # Bursts, so that the test's own calls meet few of them.
    for _ in range(4):
        deployment.region.faults(rules=[
            {"kind": "throttle", "service": "autoscaling", "operation": "Update*", "count": 2},
            {"kind": "error", "service": "autoscaling", "operation": "TerminateInstance*",
             "count": 1},
            {"kind": "lost", "service": "autoscaling", "operation": "CreateOrUpdateTags",
             "count": 1},
            {"kind": "lost", "service": "sqs", "operation": "DeleteMessage*", "count": 1}])
        wait_a_moment(deployment)
    deployment.wait_recycled("web-asg-1")
    deployment.wait_empty()
    assert deployment.count("events-dlq") == deployment.count("recycles-dlq") == 0
    assert worker.stop() == 0


def wait_a_moment(deployment):
    """Until the worker has made another mutating call, or has nothing left to do."""
    before = deployment.mutations("web-asg-1")
    wait_until("progress", lambda: deployment.recycled("web-asg-1")
               or deployment.mutations("web-asg-1") > before, 60)
