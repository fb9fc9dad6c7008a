"""awscli on the simulated region: an independent client with its own parsing and retries."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from stack import OPERATOR, worker_environment


@pytest.fixture
def aws(region, directory):
    """aws(*words): the JSON that the command prints; aws(..., fails=True): its standard error."""
    program = Path(sys.executable).parent / "aws"
    if not program.exists():
        pytest.skip("awscli is not installed (.ci/install clients)")

    def run(*words, fails=False):
        ended = subprocess.run(
            [program, "--endpoint-url", region.endpoint, "--output", "json", *words],
            env=worker_environment(directory, region.endpoint, OPERATOR,
                                   AWS_DEFAULT_REGION="eu-west-2", AWS_MAX_ATTEMPTS="1"),
            capture_output=True, text=True, timeout=60, check=False)
        assert (ended.returncode != 0) == fails, ended.stderr + ended.stdout
        if fails:
            return ended.stderr
        return json.loads(ended.stdout) if ended.stdout.strip() else None

    return run


def test_a_message_goes_round(aws):
    url = aws("sqs", "create-queue", "--queue-name", "jobs")["QueueUrl"]
    aws("sqs", "send-message", "--queue-url", url, "--message-body", "hello")
    (message,) = aws("sqs", "receive-message", "--queue-url", url)["Messages"]
    assert message["Body"] == "hello"
    aws("sqs", "delete-message", "--queue-url", url, "--receipt-handle", message["ReceiptHandle"])
    assert aws("sqs", "receive-message", "--queue-url", url) is None


def test_a_group_is_made_and_described(aws, region):
    template = region.create_template("web")
    aws("autoscaling", "create-auto-scaling-group", "--auto-scaling-group-name", "web-asg-1",
        "--launch-template", f"LaunchTemplateId={template}", "--min-size", "1", "--max-size", "2",
        "--availability-zones", "eu-west-2a", "--tags", "Key=team,Value=web")
    region.wait_in_service("web-asg-1", 1)
    (group,) = aws("autoscaling", "describe-auto-scaling-groups")["AutoScalingGroups"]
    assert group["Instances"][0]["HealthStatus"] == "Healthy"
    instances = aws("autoscaling", "describe-auto-scaling-instances")["AutoScalingInstances"]
    assert instances[0]["AutoScalingGroupName"] == "web-asg-1"


def test_an_error_has_awss_code(aws):
    assert "NonExistentQueue" in aws("sqs", "get-queue-url", "--queue-name", "nothing", fails=True)
    assert "ValidationError" in aws(
        "autoscaling", "set-desired-capacity", "--desired-capacity", "1",
        "--auto-scaling-group-name", "nothing", fails=True)


def test_who_am_i_is_answered(aws):
    assert aws("sts", "get-caller-identity")["Account"] == "123456789012"


def test_a_file_is_copied_to_s3_and_back(aws, directory):
    aws("s3api", "create-bucket", "--bucket", "payloads", "--create-bucket-configuration",
        "LocationConstraint=eu-west-2")
    original = directory / "original"
    original.write_bytes(bytes(range(256)) * 1000)
    uri = "s3://payloads/a folder/original"
    aws("s3", "cp", "--only-show-errors", str(original), uri)
    aws("s3", "cp", "--only-show-errors", uri, str(directory / "copy"))
    assert (directory / "copy").read_bytes() == original.read_bytes()
    (listed,) = aws("s3api", "list-objects-v2", "--bucket", "payloads")["Contents"]
    assert listed["Key"] == "a folder/original"
    aws("s3", "rm", "--only-show-errors", uri)
    assert "404" in aws("s3api", "head-object", "--bucket", "payloads", "--key",
                        "a folder/original", fails=True)
