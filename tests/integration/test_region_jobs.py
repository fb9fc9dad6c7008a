"""boto3 on the simulated services that on-call jobs use: ECS, CloudWatch Logs, Systems Manager and
Secrets Manager."""

from __future__ import annotations

import time

import pytest
from botocore.exceptions import ClientError
from processes import wait_until
from stack import Region


def code_of(call, **arguments):
    with pytest.raises(ClientError) as failed:
        call(**arguments)
    return failed.value.response["Error"]["Code"]


def define(ecs, family, command, image="app:1"):
    container = {"name": "app", "image": image, "logConfiguration": {
        "logDriver": "awslogs",
        "options": {"awslogs-group": f"/ecs/{family}", "awslogs-stream-prefix": "ecs"}}}
    if command:
        container["command"] = ["sh", "-c", command]
    made = ecs.register_task_definition(family=family, containerDefinitions=[container])
    return made["taskDefinition"]["taskDefinitionArn"]


def test_a_task_runs_says_something_and_ends(fast_region):
    ecs = fast_region.ecs
    define(ecs, "suite", "echo tests of $STAGE; exit 3")
    ran = ecs.run_task(taskDefinition="suite", clientToken="once", overrides={
        "containerOverrides": [{"name": "app", "environment": [{"name": "STAGE",
                                                                "value": "beta"}]}]})
    again = ecs.run_task(taskDefinition="suite", clientToken="once")
    arn = ran["tasks"][0]["taskArn"]
    assert again["tasks"][0]["taskArn"] == arn and ran["failures"] == []

    def stopped():
        task = ecs.describe_tasks(tasks=[arn])["tasks"][0]
        return task if task["lastStatus"] == "STOPPED" else None

    task = wait_until("the task to end", stopped)
    assert task["containers"][0]["exitCode"] == 3
    assert task["stopCode"] == "EssentialContainerExited"
    said = fast_region.logs.filter_log_events(logGroupName="/ecs/suite")["events"]
    assert [event["message"] for event in said] == ["tests of beta"]
    assert said[0]["logStreamName"] == "ecs/app/" + arn.rsplit("/", 1)[1]


def test_a_service_becomes_steady_and_a_bad_deployment_is_rolled_back(fast_region):
    ecs = fast_region.ecs
    good = define(ecs, "web", "")
    ecs.create_service(serviceName="web", taskDefinition="web", desiredCount=2,
                       deploymentConfiguration={"deploymentCircuitBreaker": {
                           "enable": True, "rollback": True}})

    def service():
        return ecs.describe_services(services=["web"])["services"][0]

    def steady():
        deployments = service()["deployments"]
        return len(deployments) == 1 and deployments[0]["rolloutState"] == "COMPLETED"

    wait_until("the service to be steady", steady)
    assert len(ecs.list_tasks(serviceName="web")["taskArns"]) == 2
    ecs.update_service(service="web", taskDefinition=define(ecs, "web", "", "missing/app:2"))
    wait_until("the deployment to fail", lambda: any(
        "rolling back" in event["message"] for event in service()["events"]))
    wait_until("the service to be steady again", steady)
    assert service()["taskDefinition"] == good
    assert code_of(ecs.update_service, service="nobody") == "ServiceNotFoundException"
    assert code_of(ecs.describe_services, services=["web"], cluster="x") == \
        "ClusterNotFoundException"


def test_logs_are_put_paged_and_filtered(region):
    logs = region.logs
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    now = int(time.time() * 1000)
    events = [{"timestamp": now + i, "message": f"{'ERROR' if i % 4 == 0 else 'fine'} {i}"}
              for i in range(25)]
    assert "rejectedLogEventsInfo" not in logs.put_log_events(
        logGroupName="g", logStreamName="s", logEvents=events)
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName="g", filterPattern="ERROR", PaginationConfig={"PageSize": 3})
    assert [event["message"] for page in pages for event in page["events"]] == \
        [event["message"] for event in events if "ERROR" in event["message"]]
    first = logs.get_log_events(logGroupName="g", logStreamName="s", startFromHead=True)
    last = logs.get_log_events(logGroupName="g", logStreamName="s", startFromHead=True,
                               nextToken=first["nextForwardToken"])
    assert len(first["events"]) == 25 and last["events"] == []
    assert last["nextForwardToken"] == first["nextForwardToken"]
    streams = logs.describe_log_streams(logGroupName="g", orderBy="LastEventTime")["logStreams"]
    assert streams[0]["lastEventTimestamp"] == now + 24
    late = [{"timestamp": now, "message": "b"}, {"timestamp": now - 1, "message": "a"}]
    assert code_of(logs.put_log_events, logGroupName="g", logStreamName="s",
                   logEvents=late) == "InvalidParameterException"
    assert code_of(logs.filter_log_events, logGroupName="x") == "ResourceNotFoundException"
    assert code_of(logs.create_log_stream, logGroupName="g", logStreamName="s") == \
        "ResourceAlreadyExistsException"


def test_commands_run_on_instances(region):
    ran = region.ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1)
    instance = ran["Instances"][0]["InstanceId"]
    ssm = region.ssm
    send = {"DocumentName": "AWS-RunShellScript", "InstanceIds": [instance],
            "Parameters": {"commands": ["echo hello", "exit 2"]}}
    wait_until("the instance to run", lambda: region.ec2.describe_instances(
        InstanceIds=[instance])["Reservations"][0]["Instances"][0]["State"]["Name"] == "running")
    command = ssm.send_command(**send)["Command"]["CommandId"]

    def ended():
        try:
            found = ssm.get_command_invocation(CommandId=command, InstanceId=instance)
        except ssm.exceptions.InvocationDoesNotExist:  # not known everywhere at once
            return None
        return found if found["Status"] not in ("Pending", "InProgress") else None

    found = wait_until("the command to end", ended)
    assert (found["Status"], found["ResponseCode"], found["StandardOutputContent"]) == \
        ("Failed", 2, "hello\n")
    send["InstanceIds"] = ["i-0123456789abcdef0"]
    assert code_of(ssm.send_command, **send) == "InvalidInstanceId"
    region.ec2.reboot_instances(InstanceIds=[instance])
    assert code_of(region.ec2.reboot_instances, InstanceIds=["i-0123456789abcdef0"]) == \
        "InvalidInstanceID.NotFound"


def test_secrets_and_parameters(region):
    ssm = region.ssm
    ssm.put_parameter(Name="/db/password", Value="hunter2", Type="SecureString")
    sealed = ssm.get_parameter(Name="/db/password")["Parameter"]
    assert sealed["Value"] != "hunter2"
    opened = ssm.get_parameter(Name="/db/password", WithDecryption=True)["Parameter"]
    assert (opened["Value"], opened["Version"]) == ("hunter2", 1)
    assert code_of(ssm.get_parameter, Name="/none") == "ParameterNotFound"
    assert code_of(ssm.get_parameter, Name="/db/password:7") == "ParameterVersionNotFound"

    secrets = region.secretsmanager
    arn = secrets.create_secret(Name="db", SecretString="one")["ARN"]
    secrets.put_secret_value(SecretId="db", SecretString="two")
    assert secrets.get_secret_value(SecretId=arn)["SecretString"] == "two"
    assert code_of(secrets.get_secret_value, SecretId="none") == "ResourceNotFoundException"
    secrets.delete_secret(SecretId="db")
    assert code_of(secrets.get_secret_value, SecretId="db") == "InvalidRequestException"


def test_load_balancers_know_what_is_behind_them(region):
    elb = region.elbv2
    group = elb.create_target_group(Name="web", Port=80, Protocol="HTTP")["TargetGroups"][0]
    elb.create_target_group(Name="other", Port=80, Protocol="HTTP")
    balancer = elb.create_load_balancer(Name="front")["LoadBalancers"][0]["LoadBalancerArn"]
    behind = {"LoadBalancerArn": balancer}
    assert elb.describe_target_groups(**behind)["TargetGroups"] == []
    elb.create_listener(**behind, Port=80, Protocol="HTTP", DefaultActions=[
        {"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}])
    names = [one["TargetGroupName"] for one in elb.describe_target_groups(**behind)["TargetGroups"]]
    assert names == ["web"]
    found = elb.describe_load_balancers(Names=["front"])["LoadBalancers"]
    assert found[0]["LoadBalancerArn"] == balancer
    assert code_of(elb.describe_load_balancers, Names=["back"]) == "LoadBalancerNotFound"


@pytest.fixture
def fast_region(start, build, directory):
    """A region whose clock runs a hundred times as fast: deployments take minutes."""
    return start(Region, build, directory, "--speed", "100")
