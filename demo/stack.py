"""A simulated region with queues, rules and tagged groups, and workers that serve it.

Used by the demo, by `make run-local` and by the integration tests.
"""

from __future__ import annotations

import json
import os
import tempfile
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from processes import Process, clean_environment, wait_until

REGION = "eu-west-2"
OPERATOR = ("AKIDOPERATOR", "operator-secret")
WORKER = ("AKIDWORKER", "worker-secret")

EVENT_PATTERNS = {
    "autorecycle-groups": {
        "source": ["aws.autoscaling"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventSource": ["autoscaling.amazonaws.com"],
                   "eventName": ["UpdateAutoScalingGroup", "CreateOrUpdateTags", "DeleteTags"]},
    },
    "autorecycle-launch-templates": {
        "source": ["aws.ec2"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {"eventSource": ["ec2.amazonaws.com"],
                   "eventName": ["CreateLaunchTemplateVersion", "ModifyLaunchTemplate"]},
    },
}


def forget_the_users_aws() -> None:
    """Takes every setting of the user's out of this process: boto3 reads them behind our back."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "BOTO"))]:
        del os.environ[name]
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}


def client(service: str, endpoint: str, key: tuple[str, str] = OPERATOR, token: str | None = None):
    """A boto3 client that does not wait and does not retry."""
    session = boto3.session.Session(aws_access_key_id=key[0], aws_secret_access_key=key[1],
                                    aws_session_token=token, region_name=REGION)
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60,
                    proxies={})
    return session.client(service, endpoint_url=endpoint, config=config, verify=False)


def get_json(url: str) -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as answer:
        return json.load(answer)


def post_json(url: str, body: Any) -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, json.dumps(body).encode(), method="POST",
                                     headers={"Content-Type": "application/json"})
    with opener.open(request, timeout=10) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def find_binary(build: Path, name: str) -> Path:
    for folder in ("worker", "sim", "."):
        candidate = build / folder / name
        if candidate.is_file():
            return candidate
    raise FileNotFoundError(f"{name} is not in {build}: build it first (make build, make release)")


@dataclass
class Queues:
    """URLs by role; every queue's dead-letter queue is under "<role>-dlq"."""

    urls: dict[str, str] = field(default_factory=dict)

    def arn(self, sqs, role: str) -> str:
        answer = sqs.get_queue_attributes(QueueUrl=self.urls[role], AttributeNames=["QueueArn"])
        return answer["Attributes"]["QueueArn"]


def create_queues(sqs, receives: int = 5, prefix: str = "autorecycle", fifo: bool = True) -> Queues:
    """The queues of a deployment: events and recycles, each with a dead-letter queue."""
    queues = Queues()
    roles = [("events", ""), ("recycles", ".fifo")] if fifo else [("events", "")]
    for role, suffix in roles:
        common = {"FifoQueue": "true"} if suffix else {}
        dlq = sqs.create_queue(QueueName=f"{prefix}-{role}-dlq{suffix}",
                               Attributes={**common, "MessageRetentionPeriod": "1209600"})
        queues.urls[f"{role}-dlq"] = dlq["QueueUrl"]
        redrive = json.dumps({"deadLetterTargetArn": queues.arn(sqs, f"{role}-dlq"),
                              "maxReceiveCount": str(receives)})
        queue = sqs.create_queue(QueueName=f"{prefix}-{role}{suffix}",
                                 Attributes={**common, "RedrivePolicy": redrive})
        queues.urls[role] = queue["QueueUrl"]
    return queues


def create_rules(events, queue_arn: str) -> None:
    for name, pattern in EVENT_PATTERNS.items():
        events.put_rule(Name=name, EventPattern=json.dumps(pattern), State="ENABLED")
        events.put_targets(Rule=name, Targets=[{"Id": "events-queue", "Arn": queue_arn}])


class Region:
    """autorecycle-sim as a process, with clients of its operator."""

    def __init__(self, build: Path, directory: Path, *options: str):
        self.home = Path(tempfile.mkdtemp(prefix="home-", dir=directory))
        port_file = self.home / "region.port"
        self.process = Process(
            "region",
            [str(find_binary(build, "autorecycle-sim")), "--port", "0", "--port-file",
             str(port_file), "--key", "=".join(OPERATOR), "--key", "=".join(WORKER), *options],
            clean_environment(self.home), directory)
        self.endpoint = f"http://127.0.0.1:{self.process.wait_for_port(port_file)}"
        self._clients: dict[str, Any] = {}

    def __getattr__(self, service: str):
        """region.sqs, region.autoscaling, region.ec2, region.elbv2, region.events, ..."""
        if service.startswith("_"):
            raise AttributeError(service)
        if service not in self._clients:
            self._clients[service] = client(service, self.endpoint)
        return self._clients[service]

    def config(self, **settings: Any) -> Any:
        return post_json(self.endpoint + "/_sim/config", settings)

    def faults(self, **settings: Any) -> Any:
        return post_json(self.endpoint + "/_sim/faults", settings)

    def mutations(self, group: str, access_key: str = "") -> dict[str, int]:
        """Mutating calls that named the group, by operation."""
        answer = get_json(f"{self.endpoint}/_sim/mutations?group={group}&access_key={access_key}")
        return answer["operations"]

    def group(self, name: str) -> dict[str, Any]:
        answer = self.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])
        return answer["AutoScalingGroups"][0]

    def in_service(self, name: str) -> list[dict[str, Any]]:
        instances = self.group(name)["Instances"]
        return [one for one in instances if one["LifecycleState"] == "InService"]

    def wait_in_service(self, name: str, count: int, timeout: float = 30.0) -> None:
        wait_until(f"{count} instances of {name} in service",
                   lambda: len(self.in_service(name)) == count, timeout)

    def create_template(self, name: str, image: str = "ami-00000001") -> str:
        answer = self.ec2.create_launch_template(
            LaunchTemplateName=name,
            LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro"})
        return answer["LaunchTemplate"]["LaunchTemplateId"]

    def new_version(self, template: str, image: str = "ami-00000002") -> str:
        answer = self.ec2.create_launch_template_version(
            LaunchTemplateId=template, SourceVersion="$Latest",
            LaunchTemplateData={"ImageId": image})
        return str(answer["LaunchTemplateVersion"]["VersionNumber"])

    def create_group(self, name: str, template: str, size: int, tags: dict[str, str], *,
                     version: str = "$Latest", zones: int = 3, maximum: int | None = None,
                     **more: Any) -> None:
        self.autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=name, MinSize=size, MaxSize=size if maximum is None else maximum,
            DesiredCapacity=size,
            LaunchTemplate={"LaunchTemplateId": template, "Version": version},
            AvailabilityZones=[REGION + letter for letter in "abc"[:zones]],
            Tags=[{"ResourceId": name, "ResourceType": "auto-scaling-group", "Key": key,
                   "Value": value, "PropagateAtLaunch": False} for key, value in tags.items()],
            **more)

    def stop(self) -> int:
        return self.process.stop()


def recyclable(strategy: str, **more: str) -> dict[str, str]:
    """The tags of a group that asks to be recycled."""
    return {"autorecycle_recycle_on_asg_update": "true", "autorecycle_strategy": strategy, **more}


def worker_environment(home: Path, endpoint: str, key: tuple[str, str] = WORKER,
                       **more: str) -> dict[str, str]:
    return clean_environment(home, {
        "AWS_ACCESS_KEY_ID": key[0], "AWS_SECRET_ACCESS_KEY": key[1], "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint, **more})


class Worker:
    """`autorecycle worker` as a process."""

    def __init__(self, build: Path, directory: Path, endpoint: str, *options: str,
                 name: str = "worker", env: dict[str, str] | None = None):
        home = Path(tempfile.mkdtemp(prefix="home-", dir=directory))
        port_file = home / "worker.port"
        self.process = Process(
            name,
            [str(find_binary(build, "autorecycle")), "worker", "--listen", "127.0.0.1:0",
             "--port-file", str(port_file), *options],
            env or worker_environment(home, endpoint), directory)
        self.url = f"http://127.0.0.1:{self.process.wait_for_port(port_file)}"

    def status(self) -> dict[str, Any]:
        return get_json(self.url + "/status")

    def metrics(self) -> str:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.url + "/metrics", timeout=10) as answer:
            return answer.read().decode()

    def log(self) -> str:
        return self.process.log()

    def stop(self, timeout: float = 45.0) -> int:
        return self.process.stop(timeout)

    def kill(self) -> None:
        self.process.kill()
