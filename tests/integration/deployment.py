"""A deployment in a simulated region, and what must hold of it in the end."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from processes import wait_until
from stack import (WORKER, Queues, Region, create_queues, create_rules, find_binary, recyclable,
                   worker_environment)

COUNTS = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
          "ApproximateNumberOfMessagesDelayed"]


@dataclass
class Deployment:
    """Queues and rules in a region, groups added one by one."""

    region: Region
    build: Path
    directory: Path
    queues: Queues = field(default_factory=Queues)
    templates: dict[str, str] = field(default_factory=dict)
    before: dict[str, dict[str, Any]] = field(default_factory=dict)
    audited: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self):
        self.queues = create_queues(self.region.sqs)
        create_rules(self.region.events, self.queues.arn(self.region.sqs, "events"))
        self.queues.urls["audit"] = self.region.sqs.create_queue(QueueName="audit")["QueueUrl"]
        self.region.events.put_rule(Name="audit", EventPattern=json.dumps(
            {"source": ["aws.autoscaling"], "detail-type": ["AWS API Call via CloudTrail"]}))
        self.region.events.put_targets(Rule="audit", Targets=[
            {"Id": "audit", "Arn": self.queues.arn(self.region.sqs, "audit")}])

    def add_group(self, name: str, tags: dict[str, str], size: int = 2, **more: Any) -> None:
        self.templates[name] = more.pop("template", None) or self.region.create_template(name)
        self.region.create_group(name, self.templates[name], size, tags, **more)
        self.region.wait_in_service(name, size)
        self.before[name] = self.facts(name)

    def add_recyclable(self, name: str, strategy: str, size: int = 2, tags=None, **more: Any):
        self.add_group(name, recyclable(strategy, **(tags or {})), size, **more)

    def new_version(self, name: str) -> str:
        return self.region.new_version(self.templates[name])

    def facts(self, name: str) -> dict[str, Any]:
        """What a recycle must leave as it was, and what it must not leave behind."""
        group = self.region.group(name)
        return {"bounds": (group["MinSize"], group["DesiredCapacity"], group["MaxSize"]),
                "states": sorted(one["LifecycleState"] for one in group["Instances"]),
                "suspended": sorted(one["ProcessName"] for one in group["SuspendedProcesses"]),
                "protected": [one["InstanceId"] for one in group["Instances"]
                              if one["ProtectedFromScaleIn"]],
                "tags": sorted((tag["Key"], tag["Value"]) for tag in group["Tags"])}

    def versions(self, name: str) -> list[str]:
        instances = self.region.group(name)["Instances"]
        return sorted(one["LaunchTemplate"]["Version"] for one in instances)

    def recycled(self, name: str, version: str = "2") -> bool:
        return (set(self.versions(name)) == {version} and self.facts(name) == self.before[name])

    def wait_recycled(self, name: str, version: str = "2", timeout: float = 90) -> None:
        try:
            wait_until(f"{name} to be recycled", lambda: self.recycled(name, version), timeout)
        except AssertionError as late:
            raise AssertionError(f"{late}\nversions {self.versions(name)}\nbefore "
                                 f"{self.before[name]}\nnow {self.facts(name)}") from None

    def count(self, role: str) -> int:
        attributes = self.region.sqs.get_queue_attributes(
            QueueUrl=self.queues.urls[role], AttributeNames=COUNTS)["Attributes"]
        return sum(int(value) for value in attributes.values())

    def wait_empty(self, *roles: str, timeout: float = 60) -> None:
        """No message in any form is left in the queues (all but the dead-letter ones)."""
        for role in roles or ("events", "recycles"):
            wait_until(f"an empty {role} queue", lambda: self.count(role) == 0, timeout)

    def send(self, body: str, role: str = "events", **more: Any) -> str:
        return self.region.sqs.send_message(
            QueueUrl=self.queues.urls[role], MessageBody=body, **more)["MessageId"]

    def dead_letters(self, role: str = "events-dlq") -> list[dict[str, Any]]:
        letters: list[dict[str, Any]] = []
        while some := self.region.sqs.receive_message(
                QueueUrl=self.queues.urls[role], MaxNumberOfMessages=10,
                MessageAttributeNames=["All"]).get("Messages"):
            letters += some
        return letters

    def mutations(self, name: str) -> int:
        """Mutating calls that the worker made on the group."""
        return sum(self.region.mutations(name, WORKER[0]).values())

    def calls(self, count: int) -> list[tuple[str, dict[str, Any]]]:
        """The worker's mutating calls so far, in order: name and parameters, from the region's own
        trail. Waits for `count` of them, and for a moment longer to see whether there are more."""
        while answer := self.region.sqs.receive_message(
                QueueUrl=self.queues.urls["audit"], MaxNumberOfMessages=10,
                WaitTimeSeconds=1 if len(self.audited) >= count else 5).get("Messages"):
            for message in answer:
                detail = json.loads(message["Body"])["detail"]
                if detail["userIdentity"].get("accessKeyId") == WORKER[0]:
                    self.audited.append((detail["eventName"], detail["requestParameters"]))
        return self.audited

    def cli(self, *words: str, key=WORKER, stdin: str | None = None, **env: str):
        """The program's end, run as the worker's user against this region."""
        return subprocess.run(
            [find_binary(self.build, "autorecycle"), *words], input=stdin,
            env=worker_environment(self.directory, self.region.endpoint, key, **env),
            capture_output=True, text=True, timeout=60, check=False)

    def plan(self, name: str, *words: str) -> dict[str, Any]:
        ended = self.cli("plan", "--asg", name, "--output", "json", *words)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)
