"""Our signatures, judged by a server that is not ours: moto with authentication enforced."""

from __future__ import annotations

import json
import subprocess

import pytest
from motoctl import enforce, make_session, make_user, operator, stop_enforcing
from stack import worker_environment
from tampering import TamperingProxy

EVENTS = "autorecycle-events"


@pytest.fixture
def run(autorecycle, directory):
    """run(endpoint, key, *arguments): the program's end, with stdout and stderr."""

    def runner(endpoint, key, *arguments, **env):
        if len(key) == 3:
            env["AWS_SESSION_TOKEN"] = key[2]
        return subprocess.run(
            [autorecycle, *arguments], env=worker_environment(directory, endpoint, key[:2], **env),
            capture_output=True, text=True, timeout=60, check=False)

    return runner


def enqueue(group="web-asg-1"):
    return ["enqueue", "recycle", "--asg", group, "--output", "json"]


def bodies(endpoint):
    stop_enforcing(endpoint)
    sqs = operator("sqs", endpoint)
    url = sqs.get_queue_url(QueueName=EVENTS)["QueueUrl"]
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
    return [json.loads(one["Body"]) for one in answer.get("Messages", [])]


@pytest.fixture
def strict(moto):
    """moto with a queue, that checks signatures; (endpoint, key of a user who may use SQS)."""
    operator("sqs", moto).create_queue(QueueName=EVENTS)
    key = make_user(moto, "sqs:*", "autoscaling:Describe*", "ec2:Describe*",
                    "elasticloadbalancing:Describe*")
    enforce(moto)
    return moto, key


def test_a_request_of_ours_is_accepted(strict, run):
    endpoint, key = strict
    ended = run(endpoint, key, *enqueue())
    assert ended.returncode == 0, ended.stderr
    (body,) = bodies(endpoint)
    assert body["recycle"]["autoScalingGroupName"] == "web-asg-1"


@pytest.mark.parametrize("group", ["web-ünïcode", "a b&c=d/e?f", '"quoted" \\ back'])
def test_a_json_body_of_any_characters_is_accepted(strict, run, group):
    endpoint, key = strict
    ended = run(endpoint, key, *enqueue(group))
    assert ended.returncode == 0, ended.stderr
    (body,) = bodies(endpoint)
    assert body["recycle"]["autoScalingGroupName"] == group


def test_a_query_request_of_ours_is_accepted(strict, run):
    endpoint, key = strict
    ended = run(endpoint, key, "plan", "--asg", "nobody-asg-1")
    assert ended.returncode == 1
    assert "nobody-asg-1" in ended.stderr and "SignatureDoesNotMatch" not in ended.stderr


def test_one_tampered_byte_is_refused(strict, run):
    endpoint, key = strict
    with TamperingProxy(endpoint, b"web-asg-1", b"web-asg-2") as proxy:
        ended = run(proxy.endpoint, key, *enqueue())
        assert proxy.tampered > 0
    assert ended.returncode == 1
    assert "SignatureDoesNotMatch" in ended.stderr
    assert bodies(endpoint) == []


def test_a_tampered_query_request_is_refused(strict, run):
    endpoint, key = strict
    with TamperingProxy(endpoint, b"web-asg-1", b"web-asg-2") as proxy:
        ended = run(proxy.endpoint, key, "plan", "--asg", "web-asg-1")
        assert proxy.tampered > 0
    assert ended.returncode == 1
    assert "SignatureDoesNotMatch" in ended.stderr


def test_a_wrong_secret_is_refused_without_showing_it(strict, run):
    endpoint, (key_id, _) = strict
    ended = run(endpoint, (key_id, "not-the-secret"), *enqueue())
    assert ended.returncode == 1
    assert "SignatureDoesNotMatch" in ended.stderr
    assert "not-the-secret" not in ended.stderr + ended.stdout
    assert bodies(endpoint) == []


def test_an_unknown_key_is_refused(strict, run):
    endpoint, _ = strict
    ended = run(endpoint, ("AKIDUNKNOWN", "secret"), *enqueue())
    assert ended.returncode == 1 and "InvalidClientTokenId" in ended.stderr


def test_a_missing_permission_is_an_error_of_its_own(moto, run):
    operator("sqs", moto).create_queue(QueueName=EVENTS)
    key = make_user(moto, "sqs:GetQueueUrl", "sqs:GetQueueAttributes")
    enforce(moto)
    ended = run(moto, key, *enqueue())
    assert ended.returncode == 1
    assert "AccessDenied" in ended.stderr and "sqs:SendMessage" in ended.stderr


def test_a_session_token_is_signed_and_sent(moto, run):
    operator("sqs", moto).create_queue(QueueName=EVENTS)
    key = make_session(moto, "sqs:*")
    enforce(moto)
    ended = run(moto, key, *enqueue())
    assert ended.returncode == 0, ended.stderr
    without_token = run(moto, key[:2], *enqueue())
    assert without_token.returncode == 1 and "InvalidClientTokenId" in without_token.stderr
    wrong_token = run(moto, (*key[:2], "wrong"), *enqueue())
    assert wrong_token.returncode == 1 and "InvalidClientTokenId" in wrong_token.stderr


def test_credentials_of_a_profile_are_used(strict, run, directory):
    endpoint, key = strict
    (directory / "credentials").write_text(
        f"[deploy]\naws_access_key_id = {key[0]}\naws_secret_access_key = {key[1]}\n")
    ended = run(endpoint, ("", ""), *enqueue(), "--profile", "deploy",
                AWS_SHARED_CREDENTIALS_FILE=str(directory / "credentials"))
    assert ended.returncode == 0, ended.stderr
