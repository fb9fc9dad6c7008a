"""A real Prometheus scrapes a real worker that recycles a group: what it sees is what alerts,
panels and permissions are about."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from deployment import Deployment
from processes import Process, clean_environment, wait_until
from stack import get_json

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "monitoring/prometheus/rules.yml"
PERMISSIONS = ROOT / "terraform/modules/worker/permissions.json"
IAM = {"elbv2": "elasticloadbalancing", "elb": "elasticloadbalancing",
       "stepfunctions": "states", "step-functions": "states"}


def program(name: str) -> str:
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not installed (.ci/install checks)")
    return found


@pytest.fixture
def deployment(region, build, directory) -> Deployment:
    return Deployment(region, build, directory)


@pytest.fixture
def prometheus(start, directory):
    """prometheus(worker): the address of a Prometheus that scrapes it, with our rules."""
    binary = program("prometheus")

    def starter(worker) -> str:
        target = worker.url.removeprefix("http://")
        config = {"global": {"scrape_interval": "200ms", "evaluation_interval": "200ms"},
                  "rule_files": [str(RULES)],
                  "scrape_configs": [{"job_name": "autorecycle",
                                      "static_configs": [{"targets": [target]}]}]}
        (directory / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
        process = start(Process, "prometheus",
                        [binary, f"--config.file={directory}/prometheus.yml",
                         f"--storage.tsdb.path={directory}/data",
                         "--web.listen-address=127.0.0.1:0"],
                        clean_environment(directory), directory)
        found = wait_until("Prometheus to listen", lambda: re.search(
            r'msg="Listening on" address=(127\.0\.0\.1:\d+)', process.log()))
        wait_until("Prometheus to be ready", lambda: is_ready(f"http://{found[1]}"))
        return f"http://{found[1]}"

    return starter


def is_ready(prometheus: str) -> bool:
    """It listens before it answers queries; until then it says 503."""
    try:
        return urllib.request.urlopen(f"{prometheus}/-/ready", timeout=5).status == 200
    except OSError:
        return False


def ask(prometheus: str, query: str) -> list[dict]:
    answer = get_json(f"{prometheus}/api/v1/query?query={urllib.parse.quote(query)}")
    assert answer["status"] == "success"
    return answer["data"]["result"]


def value(prometheus: str, query: str) -> float:
    found = ask(prometheus, query)
    return float(found[0]["value"][1]) if found else 0.0


def test_prometheus_sees_a_recycle_and_no_alert_goes_off(deployment, start_worker, prometheus):
    deployment.add_recyclable("web-asg-1", "out-in", size=2)
    worker = start_worker()
    server = prometheus(worker)
    wait_until("the first scrape", lambda: value(server, "autorecycle_build_info") == 1)
    deployment.new_version("web-asg-1")
    deployment.wait_recycled("web-asg-1")
    deployment.wait_empty()
    wait_until("the end of the recycle to be seen", lambda: value(
        server, 'autorecycle_recycles_total{result="finished",strategy="out-in"}') >= 1)
    for group in get_json(f"{server}/api/v1/rules")["data"]["groups"]:
        for rule in group["rules"]:
            assert rule["health"] == "ok" and not rule.get("lastError"), rule
            assert rule["state"] != "firing", rule


def test_a_dead_letter_goes_off(deployment, start_worker, prometheus):
    server = prometheus(start_worker())
    wait_until("the first scrape", lambda: value(server, "autorecycle_build_info") == 1)
    deployment.region.sqs.send_message(QueueUrl=deployment.queues.urls["events"],
                                       MessageBody="garbage")
    wait_until("the alert", lambda: any(
        alert["labels"]["alertname"] == "AutorecycleDeadLetters" and alert["state"] == "firing"
        for alert in get_json(f"{server}/api/v1/alerts")["data"]["alerts"]))


def test_the_metrics_are_well_formed_and_their_labels_few(deployment, start_worker):
    deployment.add_recyclable("web-asg-1", "in-out", size=1)
    worker = start_worker()
    deployment.new_version("web-asg-1")
    deployment.wait_recycled("web-asg-1")
    text = worker.metrics()
    checked = subprocess.run([program("promtool"), "check", "metrics"], input=text, text=True,
                             capture_output=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "web-asg-1" not in text, "a group's name is no label"
    assert "i-0" not in text, "an instance's id is no label"


def test_the_role_may_make_every_call_that_was_made(deployment, start_worker):
    """The calls of a real run against permissions.json, beside the sources' own account of it."""
    table = json.loads(PERMISSIONS.read_text())
    allowed = {action for who in ("queues", "intake", "recycle") for statement in table[who]
               for action in statement["actions"]} | {"sts:GetCallerIdentity"}
    deployment.add_recyclable("web-asg-1", "out-in", size=2)
    worker = start_worker()
    deployment.new_version("web-asg-1")
    deployment.wait_recycled("web-asg-1")
    deployment.wait_empty()
    made = {f"{IAM.get(service, service)}:{operation.removesuffix('Batch')}"
            for line in worker.metrics().splitlines()
            if line.startswith("autorecycle_aws_requests_total")
            for service in re.findall(r'service="([^"]+)"', line)
            for operation in re.findall(r'operation="([^"]+)"', line)}
    assert "autoscaling:TerminateInstanceInAutoScalingGroup" in made
    assert "sqs:DeleteMessage" in made
    assert made <= allowed, made - allowed
