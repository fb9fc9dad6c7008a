"""What can be wrong with a message, a group, the credentials or the endpoint: each has its reason,
each message ends deleted or in the dead-letter queue, none comes back for ever."""

from __future__ import annotations

import json
import re
import socket

import pytest
from deployment import Deployment
from processes import Process, wait_until
from stack import WORKER, find_binary, recyclable, worker_environment

GROUP = "web-asg-1"


@pytest.fixture
def deployment(region, build, directory) -> Deployment:
    return Deployment(region, build, directory)


def update_event(group: str, **detail) -> str:
    return json.dumps({
        "version": "0", "id": "e-1", "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.autoscaling", "account": "123456789012", "time": "2026-01-02T03:04:05Z",
        "region": "eu-west-2", "resources": [],
        "detail": {"eventVersion": "1.08", "eventTime": "2026-01-02T03:04:05Z",
                   "eventSource": "autoscaling.amazonaws.com",
                   "eventName": "UpdateAutoScalingGroup",
                   "requestParameters": {"autoScalingGroupName": group,
                                         "launchTemplate": {"launchTemplateId": "lt-1"}},
                   **detail}})


def request(**recycle) -> str:
    return json.dumps({"schemaVersion": 1, "id": "r-1", "recycle": recycle})


POISON = {
    "not JSON": "this is not JSON",
    "half of JSON": update_event(GROUP)[:-7],
    "an array": "[1, 2, 3]",
    "a number": "42",
    "an object of no known shape": '{"hello": "world"}',
    "an envelope without a request": '{"schemaVersion":1,"id":"r-1"}',
    "a request without a group": request(strategy="out-in"),
    "a group's name that is a number": '{"schemaVersion":1,"id":"r","recycle":'
                                       '{"autoScalingGroupName":7}}',
    "an unknown field": request(autoScalingGroupName=GROUP, colour="red"),
    "an unknown strategy": request(autoScalingGroupName=GROUP, strategy="sideways"),
    "a request for a group that is not there": request(autoScalingGroupName="nothing-asg-1"),
    "very deep JSON": "[" * 20_000 + "]" * 20_000,
}


@pytest.mark.parametrize("what", POISON)
def test_a_message_that_can_never_succeed_is_dead_with_a_reason(deployment, start_worker, what):
    deployment.add_recyclable(GROUP, "out-in", size=1)
    worker = start_worker()
    deployment.send(POISON[what])
    wait_until("the dead letter", lambda: deployment.count("events-dlq") == 1, 20)
    deployment.wait_empty()
    (letter,) = deployment.dead_letters()
    assert letter["Body"] == POISON[what]
    attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert attributes["autorecycle.reason"]
    assert attributes["autorecycle.error-kind"]
    assert attributes["autorecycle.source-queue"] == "autorecycle-events"
    assert attributes["autorecycle.reason"] in worker.log().replace('\\"', '"')
    assert deployment.mutations(GROUP) == 0


def test_the_reasons_name_what_is_wrong(deployment, start_worker):
    deployment.add_recyclable(GROUP, "out-in", size=1)
    start_worker()
    named = {"an unknown strategy": "sideways", "an unknown field": "colour",
             "a request for a group that is not there": "nothing-asg-1",
             "a request without a group": "autoScalingGroupName"}
    for what in named:
        deployment.send(POISON[what])
    wait_until("the dead letters", lambda: deployment.count("events-dlq") == len(named), 20)
    reasons = {letter["Body"]: letter["MessageAttributes"]["autorecycle.reason"]["StringValue"]
               for letter in deployment.dead_letters()}
    for what, word in named.items():
        assert word in reasons[POISON[what]]


@pytest.mark.parametrize("what, body, reason", [
    ("an event of a group that is gone", update_event("nothing-asg-1"), "nothing-asg-1"),
    ("a failed call", update_event(GROUP, errorCode="ValidationException"), "ValidationException"),
    ("an event of another service", json.dumps({
        "version": "0", "id": "e-2", "source": "aws.health", "detail-type": "AWS Health Event",
        "time": "2026-01-02T03:04:05Z", "detail": {}}), "aws.health"),
    ("a test notification", json.dumps({
        "AccountId": "1", "RequestId": "r", "AutoScalingGroupARN": "arn:x",
        "AutoScalingGroupName": GROUP, "Service": "AWS Auto Scaling",
        "Event": "autoscaling:TEST_NOTIFICATION", "Time": "2026-01-02T03:04:05.000Z"}), "est"),
])
def test_a_message_with_nothing_to_do_is_deleted_with_a_logged_reason(
        deployment, start_worker, what, body, reason):
    deployment.add_recyclable(GROUP, "out-in", size=1)
    worker = start_worker()
    deployment.send(body)
    wait_until("the reason", lambda: reason in worker.log(), 20)
    deployment.wait_empty()
    assert deployment.count("events-dlq") == 0
    assert deployment.mutations(GROUP) == 0


@pytest.mark.parametrize("tags, reason", [
    ({}, "autorecycle_recycle_on_asg_update"),
    ({"autorecycle_strategy": "out-in"}, "autorecycle_recycle_on_asg_update"),
    ({"autorecycle_recycle_on_asg_update": "true"}, "autorecycle_strategy"),
    (recyclable("out-in") | {"autorecycle_recycle_on_asg_update": "no"}, GROUP),
])
def test_a_group_without_the_tags_is_left_alone(deployment, start_worker, tags, reason):
    deployment.add_group(GROUP, tags, size=1)
    worker = start_worker()
    deployment.new_version(GROUP)
    deployment.region.autoscaling.update_auto_scaling_group(
        AutoScalingGroupName=GROUP,
        LaunchTemplate={"LaunchTemplateId": deployment.templates[GROUP], "Version": "2"})
    wait_until("the reason", lambda: reason in worker.log(), 20)
    deployment.wait_empty()
    assert deployment.count("events-dlq") == 0
    assert deployment.mutations(GROUP) == 0


@pytest.mark.parametrize("tag, value", [
    ("autorecycle_strategy", "out-out"),
    ("autorecycle_recycle_window", "25:00:00 - 26:00:00"),
    ("autorecycle_time_zone", "Mars/Olympus"),
])
def test_a_tag_with_a_wrong_value_is_named(deployment, start_worker, tag, value):
    deployment.add_recyclable(GROUP, "out-in-timed", size=1, tags={tag: value})
    start_worker()
    deployment.new_version(GROUP)
    wait_until("the dead letter", lambda: deployment.count("events-dlq") == 1, 20)
    deployment.wait_empty()
    (letter,) = deployment.dead_letters()
    reason = letter["MessageAttributes"]["autorecycle.reason"]["StringValue"]
    assert tag in reason and value in reason
    assert deployment.mutations(GROUP) == 0


def test_a_group_that_is_not_at_its_size_is_refused_or_waited_for_within_limits(
        deployment, start_worker):
    """min = max = desired = 0: nothing to replace, nothing to do."""
    deployment.add_recyclable(GROUP, "out-in", size=0)
    worker = start_worker()
    deployment.new_version(GROUP)
    wait_until("an answer", lambda: GROUP in worker.log(), 20)
    deployment.wait_empty()
    assert deployment.facts(GROUP) == deployment.before[GROUP]


# The command line and the worker's start.


def test_no_credentials_is_said_so(deployment):
    for words in (["plan", "--asg", GROUP], ["enqueue", "recycle", "--asg", GROUP]):
        ended = deployment.cli(*words, key=("", ""))
        assert ended.returncode == 1
        assert "credentials" in ended.stderr.lower(), ended.stderr


def test_a_worker_without_credentials_ends_with_a_reason(deployment, start, build, directory):
    process = start_raw_worker(deployment, start, build, directory, key=("", ""))
    assert process.wait(30) != 0
    assert "credentials" in process.log().lower()


def start_raw_worker(deployment, start, build, directory, *options, endpoint=None, key=WORKER):
    """A worker that is not expected to come up."""
    env = worker_environment(directory, endpoint or deployment.region.endpoint, key)
    return start(Process, "worker", [find_binary(build, "autorecycle"), "worker", "--listen",
                                     "127.0.0.1:0", "--startup-timeout", "2s", *options],
                 env, directory)


def closed_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def test_an_endpoint_where_nobody_listens_is_named(deployment):
    endpoint = closed_port()
    ended = deployment.cli("plan", "--asg", GROUP, AWS_ENDPOINT_URL=endpoint)
    assert ended.returncode == 1
    assert re.search(endpoint.removeprefix("http://").replace(":", "( port |:)"), ended.stderr)


def test_a_worker_whose_endpoint_does_not_answer_ends_with_a_reason(
        deployment, start, build, directory):
    endpoint = closed_port()
    process = start_raw_worker(deployment, start, build, directory, endpoint=endpoint)
    assert process.wait(30) != 0
    assert re.search(endpoint.removeprefix("http://").replace(":", "( port |:)"), process.log())


@pytest.mark.parametrize("endpoint", ["not a url", "ftp://127.0.0.1", "http://"])
def test_an_endpoint_that_is_none_is_named(deployment, endpoint):
    ended = deployment.cli("plan", "--asg", GROUP, "--endpoint-url", endpoint)
    assert ended.returncode in (1, 2)
    assert endpoint in ended.stderr


def test_a_server_that_is_not_aws_is_an_error_and_not_a_hang(deployment):
    import http.server
    import threading
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ended = deployment.cli("enqueue", "recycle", "--asg", GROUP,
                           AWS_ENDPOINT_URL=f"http://127.0.0.1:{server.server_address[1]}")
    server.shutdown()
    assert ended.returncode == 1 and ended.stderr


def test_a_queue_that_is_not_there_is_named(deployment, start, build, directory):
    ended = deployment.cli("enqueue", "recycle", "--asg", GROUP, "--events-queue", "no-such-queue")
    assert ended.returncode == 1 and "no-such-queue" in ended.stderr
    process = start_raw_worker(deployment, start, build, directory, "--events-queue",
                               "no-such-queue")
    assert process.wait(30) != 0
    assert "no-such-queue" in process.log()


def test_a_group_that_is_not_there_is_named(deployment):
    ended = deployment.cli("plan", "--asg", "nothing-asg-1")
    assert ended.returncode == 1 and "nothing-asg-1" in ended.stderr


def test_no_region_is_said_so(deployment):
    ended = deployment.cli("plan", "--asg", GROUP, AWS_REGION="")
    assert ended.returncode == 2 and "region" in ended.stderr.lower()
