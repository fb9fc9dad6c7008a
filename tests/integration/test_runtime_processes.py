"""Real workers against a real region on a port, through everything that ends or stops a process or
a connection: no message is lost, none is left, none is dead without a reason.

AUTORECYCLE_SOAK_MESSAGES: how many in all (5,000; `make soak` takes 100,000, and stops the server
for a minute)."""

from __future__ import annotations

import json
import os
import signal
import threading
import time

import pytest
from deployment import Deployment
from processes import wait_until
from rough_proxy import CUT, RESET, STALL, RoughProxy
from stack import Worker, client, get_json

MESSAGES = int(os.environ.get("AUTORECYCLE_SOAK_MESSAGES", "5000"))
LONG = MESSAGES >= 100_000
OUTAGE = 60.0 if LONG else 2.5  # seconds that the server is away
VISIBILITY = 5
QUEUE = "autorecycle-events"

# The share of the messages that each test sends; together all of them.
SHARES = {"kill": 0.3, "term": 0.15, "pause": 0.1, "down": 0.1, "frozen": 0.05, "stall": 0.05,
          "reset": 0.15, "cut": 0.1}


@pytest.fixture
def deployment(region, build, directory) -> Deployment:
    deployment = Deployment(region, build, directory)
    # Many lives end here, and each may spend a receive.
    policy = {"deadLetterTargetArn": deployment.queues.arn(region.sqs, "events-dlq"),
              "maxReceiveCount": "1000"}
    region.sqs.set_queue_attributes(QueueUrl=deployment.queues.urls["events"],
                                    Attributes={"RedrivePolicy": json.dumps(policy)})
    return deployment


@pytest.fixture
def proxy(region):
    proxy = RoughProxy(int(region.endpoint.rsplit(":", 1)[1]))
    yield proxy
    proxy.close()


class Lives:
    """Workers, one after the other."""

    def __init__(self, start, build, directory, endpoint):
        self.arguments = (start, build, directory, endpoint)
        self.count = 0
        self.worker: Worker | None = None

    def begin(self) -> Worker:
        start, build, directory, endpoint = self.arguments
        self.count += 1
        self.worker = start(Worker, build, directory, endpoint, "--poll-wait", "1s",
                            "--visibility-timeout", f"{VISIBILITY}s", "--retry-base", "100ms",
                            "--retry-cap", "1s", "--drain-deadline", "3s",
                            "--log-level", "info", name=f"worker-{self.count}")
        return self.worker


@pytest.fixture
def lives(start, build, directory, region) -> Lives:
    return Lives(start, build, directory, region.endpoint)


class Load:
    """Sends messages that are handled at once (events that mean nothing to us) from a thread of its
    own, evenly over `seconds`, and knows in the end whether each was handled."""

    def __init__(self, deployment: Deployment, share: float, seconds: float):
        self.deployment = deployment
        self.count = max(100, round(MESSAGES * share))
        self.seconds = seconds
        self.poison = 0
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            sqs = client("sqs", self.deployment.region.endpoint)
            url = self.deployment.queues.urls["events"]
            begun = time.monotonic()
            for first in range(0, self.count, 10):
                entries = [{"Id": str(number), "MessageBody": self.body(number)}
                           for number in range(first, min(first + 10, self.count))]
                answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
                assert not answer.get("Failed"), answer
                due = begun + self.seconds * (first + 10) / self.count
                time.sleep(max(0.0, due - time.monotonic()))
        except BaseException as error:  # noqa: BLE001 - shown by check()
            self.error = error

    @staticmethod
    def body(number: int) -> str:
        if number % 97 == 0:
            return f"garbage {number}"
        return json.dumps({"version": "0", "id": f"e-{number}", "detail-type": "Nothing of Ours",
                           "source": "soak.test", "account": "123456789012",
                           "time": "2026-01-02T03:04:05Z", "region": "eu-west-2", "resources": [],
                           "detail": {}})

    def sending(self) -> bool:
        return self.thread.is_alive()

    def check(self, timeout: float = 90) -> None:
        """Everything that was sent is deleted; the garbage, and only that, is dead, once or more
        often (whoever dies between letter and delete writes it again)."""
        self.thread.join()
        if self.error:
            raise self.error
        self.deployment.wait_empty("events", timeout=timeout)
        region = self.deployment.region
        trail = get_json(region.endpoint + "/_sim/queues")[QUEUE]
        assert trail["sent"] == self.count
        assert trail["deleted"] == self.count, "everything was deleted, nothing expired or buried"
        letters = {letter["Body"] for letter in self.deployment.dead_letters()}
        assert letters == {self.body(number) for number in range(0, self.count, 97)}


def test_kill_9_in_a_loop_loses_nothing(deployment, lives):
    load = Load(deployment, SHARES["kill"], seconds=60 if LONG else 5)
    kills = 0
    while load.sending():
        worker = lives.begin()
        time.sleep(0.1 + 0.13 * (kills % 5))
        worker.kill()
        kills += 1
    assert kills >= 3
    worker = lives.begin()
    load.check()
    assert worker.stop() == 0


def test_sigterm_under_load_exits_0_and_loses_nothing(deployment, lives):
    load = Load(deployment, SHARES["term"], seconds=30 if LONG else 3)
    stops = 0
    while load.sending():
        worker = lives.begin()
        time.sleep(0.3)
        number = signal.SIGINT if stops % 2 else signal.SIGTERM
        worker.process.signal(number)
        assert worker.process.wait(20) == 0, number
        stops += 1
    assert stops >= 2
    lives.begin()
    load.check()


def test_a_second_signal_ends_at_once_and_loses_nothing(deployment, lives, proxy):
    # Its drain cannot end: nothing that it sends is answered.
    lives.arguments = (*lives.arguments[:3], proxy.endpoint)
    load = Load(deployment, 0.02, seconds=0)
    worker = lives.begin()
    wait_until("messages in hand", lambda: deployment.count("events") > 0)
    proxy.become(STALL)
    time.sleep(0.5)
    worker.process.signal(signal.SIGTERM)
    wait_until("the drain", lambda: "shutting down" in worker.log() or worker.process.running())
    time.sleep(0.3)
    worker.process.signal(signal.SIGTERM)
    assert worker.process.wait(5) in (0, 128 + signal.SIGTERM)
    lives.arguments = (*lives.arguments[:3], deployment.region.endpoint)
    lives.begin()
    load.check()


def test_a_worker_paused_beyond_the_visibility_timeout_loses_nothing(deployment, lives):
    load = Load(deployment, SHARES["pause"], seconds=1)
    worker = lives.begin()
    time.sleep(0.3)
    worker.process.signal(signal.SIGSTOP)
    time.sleep(VISIBILITY + 1)
    worker.process.signal(signal.SIGCONT)
    load.check()
    assert worker.stop() == 0


def test_a_server_that_is_away_and_comes_back_finds_the_worker(deployment, lives, proxy):
    lives.arguments = (*lives.arguments[:3], proxy.endpoint)
    load = Load(deployment, SHARES["down"], seconds=1)
    worker = lives.begin()
    time.sleep(0.4)
    proxy.down()
    time.sleep(OUTAGE)
    assert worker.process.running()
    proxy.up()
    load.check()
    assert worker.stop() == 0


def test_a_server_that_is_frozen_and_thaws_finds_the_worker(deployment, lives):
    load = Load(deployment, SHARES["frozen"], seconds=0)
    worker = lives.begin()
    time.sleep(0.2)
    server = deployment.region.process
    server.signal(signal.SIGSTOP)
    time.sleep(OUTAGE)
    server.signal(signal.SIGCONT)
    load.check()
    assert worker.stop() == 0


# Until the worker gives a silent connection up: its time-out for one request, and a moment.
RECOVERY = 45.0


@pytest.mark.parametrize("mode", [STALL, RESET, CUT])
def test_connections_that_go_bad_are_given_up_by_themselves(deployment, lives, proxy, mode):
    lives.arguments = (*lives.arguments[:3], proxy.endpoint)
    load = Load(deployment, SHARES[mode], seconds=2)
    worker = lives.begin()
    time.sleep(0.3)
    proxy.become(mode)
    time.sleep(2)
    proxy.become("open")
    load.check(RECOVERY + MESSAGES * SHARES[mode] / 100)
    assert worker.stop() == 0
