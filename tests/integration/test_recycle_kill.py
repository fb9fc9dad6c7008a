"""kill -9 at random moments of a recycle, against a region on a port: the next worker goes on, the
group ends new and as it was, and never serves with less than its strategy allows.

AUTORECYCLE_KILLS: how often in all (4; `make soak` takes 200). AUTORECYCLE_SEED repeats the
moments.
"""

from __future__ import annotations

import json
import os
import random
import time

import pytest
from deployment import Deployment
from stack import Worker, get_json

KILLS = int(os.environ.get("AUTORECYCLE_KILLS", "4"))
SEED = int(os.environ.get("AUTORECYCLE_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 20)
JOURNAL = "autorecycle:journal"
# Group: strategy, size, the least that may serve at any moment.
GROUPS = {"web-asg-1": ("out-in", 3, 3), "pay-asg-1": ("in-out", 2, 1),
          "one-asg-1": ("in-out", 1, 0)}
# Seconds from when a life is seen to recycle to its end; a recycle takes about two.
MOMENTS = (0.0, 1.5)


@pytest.fixture
def deployment(region, build, directory) -> Deployment:
    deployment = Deployment(region, build, directory)
    # Every life that ends spends a receive of what it had in hand.
    for role in ("events", "recycles"):
        policy = {"deadLetterTargetArn": deployment.queues.arn(region.sqs, f"{role}-dlq"),
                  "maxReceiveCount": "1000"}
        region.sqs.set_queue_attributes(QueueUrl=deployment.queues.urls[role],
                                        Attributes={"RedrivePolicy": json.dumps(policy)})
    for name, (strategy, size, _) in GROUPS.items():
        deployment.add_recyclable(name, strategy, size=size)
    return deployment


@pytest.fixture
def begin(start, build, directory, region):
    """begin(): the next worker; its log carries its number."""
    count = 0

    def begin() -> Worker:
        nonlocal count
        count += 1
        return start(Worker, build, directory, region.endpoint, "--recycle-interval", "100ms",
                     "--poll-wait", "1s", "--retry-base", "100ms", "--retry-cap", "1s",
                     "--visibility-timeout", "5s", "--log-level", "info", name=f"worker-{count}")

    return begin


class Floor:
    """The least that each group had in service, as its region says, look by look."""

    def __init__(self, deployment: Deployment):
        self.deployment = deployment
        self.least = {name: size for name, (_, size, _) in GROUPS.items()}

    def look(self) -> dict[str, str]:
        """The journals of the recycles that are under way."""
        journals = {}
        for group in get_json(self.deployment.region.endpoint + "/_sim/groups")["groups"]:
            serving = sum(one["lifecycle"] == "InService" for one in group["instances"])
            self.least[group["name"]] = min(self.least[group["name"]], serving)
            journals |= {group["name"]: value for key, value in group["tags"].items()
                         if key == JOURNAL}
        return journals

    def recycled(self, version: int) -> bool:
        self.look()
        return all(self.deployment.recycled(name, str(version)) for name in GROUPS)


def one_life(begin, floor: Floor, version: int, moment: float) -> bool:
    """A worker from its start to its end: True if it was killed while it recycled, False if nothing
    was left to recycle."""
    before = floor.look()
    worker = begin()
    deadline = time.monotonic() + 60
    while floor.look() == before:  # until it does something
        if floor.recycled(version):
            return False
        assert time.monotonic() < deadline, worker.log()
    killed_at = time.monotonic() + moment
    while time.monotonic() < killed_at:
        floor.look()
    under_way = bool(floor.look())
    worker.kill()
    return under_way


def test_kill_9_at_random_moments_always_converges_and_restores(deployment, begin):
    print(f"AUTORECYCLE_SEED={SEED} AUTORECYCLE_KILLS={KILLS}")
    moments = random.Random(SEED)
    floor = Floor(deployment)
    kills = 0
    version = 1
    while kills < KILLS:
        version += 1
        for name in GROUPS:
            deployment.new_version(name)
        while kills < KILLS and one_life(begin, floor, version, moments.uniform(*MOMENTS)):
            kills += 1
        worker = begin()
        deadline = time.monotonic() + 120
        while not floor.recycled(version):
            assert time.monotonic() < deadline, {
                name: (deployment.versions(name), deployment.facts(name)) for name in GROUPS}
        deployment.wait_empty()
        assert worker.stop() == 0
    for name, (strategy, _, least) in GROUPS.items():
        assert floor.least[name] >= least, (name, strategy)
    assert deployment.count("events-dlq") == deployment.count("recycles-dlq") == 0
