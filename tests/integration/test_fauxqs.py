"""The worker on an SQS that is stricter than most: fauxqs."""

from __future__ import annotations

import json
import re
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
def worker(start, build, directory, fauxqs, queues):
    # Only SQS is there: every other service is a closed port, so a recycle ends as an error.
    env = worker_environment(directory, fauxqs, AWS_ENDPOINT_URL_AUTO_SCALING="http://127.0.0.1:9")
    return start(Worker, build, directory, fauxqs, "--poll-wait", "1s",
                 "--visibility-timeout", "5s", "--retry-base", "100ms", "--retry-cap", "1s", "--log-level", "debug", env=env)


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


def test_a_recycle_that_cannot_be_carried_out_is_retried_and_then_dead(
        autorecycle, directory, fauxqs, sqs, queues, worker):
    """It is in flight longer than its visibility timeout while AWS's answer is waited for, so the
    timeout is extended; in the end the receives are spent and it is not lost."""
    subprocess.run([autorecycle, "enqueue", "recycle", "--asg", "web-asg-1"],
                   env=worker_environment(directory, fauxqs), check=True, capture_output=True)
    wait_until("one dead letter", lambda: counts(sqs, queues.urls["events-dlq"])
               + counts(sqs, queues.urls["recycles-dlq"]) == 1, timeout=90)
    assert counts(sqs, queues.urls["events"]) + counts(sqs, queues.urls["recycles"]) == 0
    assert re.search(r"web-asg-1", worker.log())
    assert worker.stop() == 0
