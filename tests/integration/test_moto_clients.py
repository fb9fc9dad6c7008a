"""Our clients of ECS, CloudWatch Logs, Systems Manager and Secrets Manager, judged by a server that
is not ours: moto, with every signature checked."""

from __future__ import annotations

import json
import subprocess

import pytest
from motoctl import enforce, make_user, operator
from stack import worker_environment


@pytest.fixture
def calls(moto, build, directory):
    """calls({"call": ...}, ...): what moto made of them, with signatures enforced from then on."""

    def made(*steps):
        key = make_user(moto, "ecs:*", "logs:*", "ssm:*", "secretsmanager:*")
        enforce(moto)
        ended = subprocess.run(
            [build / "tests/integration/client-calls"],
            env=worker_environment(directory, moto, key),
            input="".join(json.dumps(step) + "\n" for step in steps),
            capture_output=True, text=True, timeout=60, check=False)
        assert ended.returncode == 0, ended.stderr
        return [json.loads(line) for line in ended.stdout.splitlines()]

    return made


def test_ecs(moto, calls):
    ecs = operator("ecs", moto)
    ecs.create_cluster(clusterName="main")
    ecs.register_task_definition(family="web", containerDefinitions=[{
        "name": "app", "image": "app", "memory": 64, "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": "/ecs/web", "awslogs-stream-prefix": "ecs"}}}])
    ecs.create_service(cluster="main", serviceName="web", taskDefinition="web", desiredCount=2)
    seen, scaled, missing, definition, tasks = calls(
        {"call": "describe_services", "cluster": "main", "service": "web"},
        {"call": "update_service", "cluster": "main", "service": "web", "desired": 3},
        {"call": "describe_services", "cluster": "main", "service": "nobody"},
        {"call": "describe_task_definition", "definition": "web"},
        {"call": "list_tasks", "cluster": "main"})
    assert (seen["status"], seen["desired"], seen["deployments"]) == ("ACTIVE", 2, 1)
    assert scaled["desired"] == 3
    assert missing["kind"] == "not-found", missing
    assert definition == {"group": "/ecs/web", "prefix": "ecs"}
    assert tasks == {"tasks": []}


def test_logs(moto, calls):
    operator("logs", moto).create_log_group(logGroupName="g")
    created, again, put, everything, errors, stream, names, missing = calls(
        {"call": "create_log_stream", "group": "g", "stream": "s"},
        {"call": "create_log_stream", "group": "g", "stream": "s"},
        {"call": "put_log_events", "group": "g", "stream": "s",
         "messages": ["fine", "ERROR ünïcode \"x\""]},
        {"call": "filter_log_events", "group": "g"},
        {"call": "filter_log_events", "group": "g", "pattern": "ERROR"},
        {"call": "get_log_events", "group": "g", "stream": "s"},
        {"call": "describe_log_streams", "group": "g"},
        {"call": "filter_log_events", "group": "nobody"})
    assert created == {} and again == {}, "a stream that exists is as good as created"
    assert put == {"refused": 0}
    assert [one["message"] for one in everything["events"]] == ["fine", "ERROR ünïcode \"x\""]
    assert [one["message"] for one in errors["events"]] == ["ERROR ünïcode \"x\""]
    assert len(stream["events"]) == 2 and stream["events"][0]["stream"] == "s"
    assert names == {"streams": ["s"]}
    assert missing["error"] == "ResourceNotFoundException" or missing["kind"] == "not-found"


def test_commands_parameters_and_secrets(moto, calls):
    ran = operator("ec2", moto).run_instances(ImageId="ami-1", MinCount=1, MaxCount=1)
    instance = ran["Instances"][0]["InstanceId"]
    operator("ssm", moto).put_parameter(Name="/a", Value="s3cret", Type="SecureString")
    operator("secretsmanager", moto).create_secret(Name="db", SecretString="hunter2")
    sent, parameter, no_parameter, secret = calls(
        {"call": "send_command", "instance": instance},
        {"call": "get_parameter", "name": "/a"},
        {"call": "get_parameter", "name": "/none"},
        {"call": "get_secret_value", "secret": "db"})
    assert sent["command"]
    assert parameter == {"value": "s3cret"}
    assert no_parameter["kind"] == "not-found", no_parameter
    assert secret == {"secret": "hunter2"}
