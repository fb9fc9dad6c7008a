"""An event that moto's EventBridge puts on its SQS, understood by our worker."""

from __future__ import annotations

import json

import pytest
from motoctl import enforce, make_user, operator, stop_enforcing
from processes import wait_until
from stack import Worker, create_queues, create_rules, recyclable, worker_environment

GROUP = "web-asg-1"


@pytest.fixture
def deployment(moto):
    """Queues, rules and a tagged group in moto."""
    sqs = operator("sqs", moto)
    queues = create_queues(sqs)
    create_rules(operator("events", moto), queues.arn(sqs, "events"))
    ec2, autoscaling = operator("ec2", moto), operator("autoscaling", moto)
    template = ec2.create_launch_template(
        LaunchTemplateName="web",
        LaunchTemplateData={"ImageId": "ami-1", "InstanceType": "t3.micro"})
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=GROUP, MinSize=2, MaxSize=2, DesiredCapacity=2,
        LaunchTemplate={"LaunchTemplateId": template["LaunchTemplate"]["LaunchTemplateId"],
                        "Version": "$Latest"},
        AvailabilityZones=["eu-west-2a"],
        Tags=[{"ResourceId": GROUP, "ResourceType": "auto-scaling-group", "Key": key,
               "Value": value, "PropagateAtLaunch": False}
              for key, value in recyclable("out-in").items()])
    return queues


def put_event(endpoint, detail):
    answer = operator("events", endpoint).put_events(Entries=[{
        "Source": "aws.autoscaling", "DetailType": "AWS API Call via CloudTrail",
        "Detail": json.dumps(detail)}])
    assert answer["FailedEntryCount"] == 0


def test_an_update_of_a_group_reaches_the_recycle_consumer(
        moto, deployment, start, build, directory):
    key = make_user(moto, "*")
    put_event(moto, {
        "eventVersion": "1.05", "eventSource": "autoscaling.amazonaws.com",
        "eventName": "UpdateAutoScalingGroup", "awsRegion": "eu-west-2",
        "requestParameters": {"autoScalingGroupName": GROUP,
                              "launchTemplate": {"launchTemplateId": "lt-1", "version": "2"}}})
    enforce(moto)
    worker = start(Worker, build, directory, moto, "--poll-wait", "1s", "--log-level", "debug",
                   env=worker_environment(directory, moto, key))
    # moto shows every instance as of the template's default version: there is no drift to see.
    wait_until("the recycle to end", lambda: f"group {GROUP}: all 2 instances are" in worker.log())
    wait_until("both queues to be empty", lambda: left(moto, deployment) == {})
    assert worker.stop() == 0, worker.log()


def left(endpoint, queues):
    """Messages by queue, asked without the authentication that is enforced by now."""
    stop_enforcing(endpoint)
    sqs = operator("sqs", endpoint)
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    counts = {}
    for role, url in queues.urls.items():
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        if total := sum(int(value) for value in attributes.values()):
            counts[role] = total
    return counts


def test_an_event_with_an_error_code_is_deleted_with_a_reason(
        moto, deployment, start, build, directory):
    put_event(moto, {
        "eventSource": "autoscaling.amazonaws.com", "eventName": "UpdateAutoScalingGroup",
        "errorCode": "AccessDenied", "errorMessage": "no",
        "requestParameters": {"autoScalingGroupName": GROUP,
                              "launchTemplate": {"launchTemplateId": "lt-1"}}})
    worker = start(Worker, build, directory, moto, "--poll-wait", "1s")
    wait_until("the reason in the log", lambda: "AccessDenied" in worker.log())
    wait_until("both queues to be empty", lambda: left(moto, deployment) == {})
    assert worker.stop() == 0
