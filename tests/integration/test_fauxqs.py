"""The worker on an SQS that is stricter than most: fauxqs."""

from __future__ import annotations

import json
import re
import socket
import subprocess

import pytest
from processes import wait_until
from stack import Worker, client, create_queues, worker_environment


@pytest.fixture
def sqs(fauxqs):
    return client("sqs", fauxqs)


@pytest.fixture
def queues(sqs):
    return create_queues(sqs, receives=3)


@pytest.fixture
def silence():
    """An endpoint that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def worker(start, build, directory, fauxqs, queues, silence):
    # Only SQS is there.
    env = worker_environment(directory, fauxqs, AWS_ENDPOINT_URL_AUTO_SCALING=silence)
    return start(Worker, build, directory, fauxqs, "--poll-wait", "1s",
                 "--visibility-timeout", "5s", "--retry-base", "100ms", "--retry-cap", "1s",
                 "--drain-deadline", "1s", "--log-level", "debug", env=env)


def counts(sqs, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
             "ApproximateNumberOfMessagesDelayed"]
    return sum(int(value) for value in sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=names)["Attributes"].values())


def test_enqueue_sends_what_decode_understands(autorecycle, directory, fauxqs, sqs, queues):
    sent = subprocess.run(
        [autorecycle, "enqueue", "recycle", "--asg", "web-asg-1", "--strategy", "in-out",
         "--reason", "<CVE & \"co\">"],
        env=worker_environment(directory, fauxqs), capture_output=True, text=True, check=False)
    assert sent.returncode == 0, sent.stderr
    (message,) = sqs.receive_message(QueueUrl=queues.urls["events"])["Messages"]
    decoded = subprocess.run([autorecycle, "decode", "--output", "json"], input=message["Body"],
                             capture_output=True, text=True, check=False)
    assert decoded.returncode == 0, decoded.stderr
    assert "web-asg-1" in decoded.stdout and "in-out" in decoded.stdout


def test_garbage_ends_in_the_dead_letter_queue_with_its_body_and_a_reason(sqs, queues, worker):
    garbage = ["not json", "[]", '{"a":', '"text"', "{}" * 2]
    for body in garbage:
        sqs.send_message(QueueUrl=queues.urls["events"], MessageBody=body)
    wait_until("all of it in the dead-letter queue",
               lambda: counts(sqs, queues.urls["events-dlq"]) == len(garbage))
    wait_until("an empty queue", lambda: counts(sqs, queues.urls["events"]) == 0)
    found = set()
    while answer := sqs.receive_message(QueueUrl=queues.urls["events-dlq"], MaxNumberOfMessages=10,
                                        MessageAttributeNames=["All"]).get("Messages"):
        for one in answer:
            found.add(one["Body"])
            assert any("reason" in name.lower() for name in one["MessageAttributes"])
    assert found == set(garbage)
    assert worker.stop() == 0


def test_an_event_of_no_interest_is_deleted_and_not_delivered_again(sqs, queues, worker):
    event = {"id": "e-1", "version": "0", "source": "aws.health", "detail-type": "AWS Health Event",
             "time": "2026-01-02T03:04:05Z", "region": "eu-west-2", "resources": [], "detail": {}}
    for number in range(25):
        sqs.send_message(QueueUrl=queues.urls["events"],
                         MessageBody=json.dumps(event | {"id": f"e-{number}"}))
    wait_until("an empty queue", lambda: counts(sqs, queues.urls["events"]) == 0)
    assert counts(sqs, queues.urls["events-dlq"]) == 0
    assert worker.stop() == 0


def test_a_message_that_takes_long_is_extended_and_then_given_back(
        autorecycle, directory, fauxqs, sqs, queues, worker, silence):
    """Nobody answers for Auto Scaling: the message is held beyond its visibility timeout. fauxqs
    refuses to extend what is not in flight, so every extension came in time."""
    subprocess.run([autorecycle, "enqueue", "recycle", "--asg", "web-asg-1"],
                   env=worker_environment(directory, fauxqs), check=True, capture_output=True)
    pattern = r'autorecycle_visibility_extensions_total\{[^}]*result="ok"[^}]*\} (\d+)'
    wait_until("two extensions", lambda: sum(map(int, re.findall(pattern, worker.metrics()))) >= 2)
    lost = re.findall(r"autorecycle_visibility_lost_total\{[^}]*\} (\d+)", worker.metrics())
    assert lost and set(lost) == {"0"}
    assert worker.stop() == 0
    (message,) = wait_until("the message to be visible again", lambda: sqs.receive_message(
        QueueUrl=queues.urls["events"], AttributeNames=["All"]).get("Messages"), timeout=10)
    assert message["Attributes"]["ApproximateReceiveCount"] == "2"
