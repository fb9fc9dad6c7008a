"""Pausing and resuming a real worker, by HTTP and by signal."""

from __future__ import annotations

import re
import signal
import urllib.error
import urllib.request

import pytest
from deployment import Deployment
from processes import wait_until

IGNORED = '{"source":"aws.test","detail-type":"Test","detail":{}}'


@pytest.fixture
def deployment(region, build, directory) -> Deployment:
    return Deployment(region, build, directory)


def post(url: str, **headers: str) -> int:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, b"", method="POST", headers=headers)
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


def states(worker) -> dict[str, str]:
    return {queue["queue"]: queue["state"] for queue in worker.status()["queues"]}


def polls(worker, role: str) -> float:
    found = re.search(rf'autorecycle_polls_total{{queue="{role}",result="ok"}} (\d+)',
                      worker.metrics())
    return float(found[1]) if found else 0.0


def wait_for_polls(worker, role: str, more: int) -> None:
    before = polls(worker, role)
    wait_until(f"{more} polls of {role}", lambda: polls(worker, role) >= before + more, 30)


def test_a_paused_queue_is_not_polled_while_the_others_are(deployment, start_worker):
    worker = start_worker()
    wait_for_polls(worker, "events", 1)
    assert post(worker.url + "/pause?queue=events") == 200
    assert states(worker) == {"events": "paused", "recycles": "polling"}
    wait_for_polls(worker, "recycles", 2)  # by now the poll that was under way has ended
    deployment.send(IGNORED)
    before = polls(worker, "events")
    wait_for_polls(worker, "recycles", 2)
    assert polls(worker, "events") == before
    assert deployment.count("events") == 1
    assert post(worker.url + "/resume") == 200
    deployment.wait_empty("events")
    assert worker.stop() == 0


def test_signals_pause_and_resume_all_queues_and_a_paused_worker_still_drains(deployment,
                                                                              start_worker):
    worker = start_worker()
    worker.process.signal(signal.SIGUSR1)
    wait_until("a paused worker",
               lambda: set(states(worker).values()) == {"paused"}, 10)
    worker.process.signal(signal.SIGUSR2)
    wait_until("a resumed worker",
               lambda: set(states(worker).values()) == {"polling"}, 10)
    deployment.send(IGNORED)
    deployment.wait_empty("events")
    worker.process.signal(signal.SIGUSR1)
    assert worker.stop() == 0


def test_a_page_in_a_browser_cannot_pause(deployment, start_worker):
    worker = start_worker()
    assert post(worker.url + "/pause", Origin="http://evil.example") == 403
    assert post(worker.url + "/pause?queue=none") == 400
    assert set(states(worker).values()) == {"polling"}
