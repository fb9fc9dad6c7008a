"""What the simulated region refuses, what it loses, and the events that it sends of itself."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError
from processes import wait_until
from signed import Answer, send, signed
from stack import WORKER, client, create_queues, create_rules

GROUP = "web-asg-1"
JSON_HEADERS = {"Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": "AmazonSQS.ListQueues"}


def list_queues(region, **how) -> Answer:
    return send(signed("sqs", region.endpoint + "/", b"{}", dict(JSON_HEADERS), **how))


def test_a_right_signature_is_accepted(region):
    assert list_queues(region).status == 200
    assert list_queues(region, key=WORKER).status == 200


@pytest.mark.parametrize("change", ["body", "header", "signature"])
def test_a_tampered_request_is_refused(region, change):
    request = signed("sqs", region.endpoint + "/", b"{}", dict(JSON_HEADERS))
    if change == "body":
        request.data = b"{ }"
    elif change == "header":
        request.headers["X-amz-target"] = "AmazonSQS.GetQueueUrl"
    else:
        authorization = request.headers["Authorization"]
        request.headers["Authorization"] = authorization[:-1] + (
            "0" if authorization[-1] != "0" else "1")
    answer = send(request)
    # X-Amz-Target is signed by botocore only when it was set before: it was.
    assert answer.status == 403, answer.text
    assert "SignatureDoesNotMatch" in answer.text + str(answer.headers)


@pytest.mark.parametrize("skew", [timedelta(hours=-1), timedelta(hours=1)])
def test_a_clock_that_is_an_hour_off_is_refused(region, skew):
    answer = list_queues(region, skew=skew)
    assert answer.status in (400, 403), answer.text


def test_an_unknown_key_and_a_wrong_secret_are_told_apart(region):
    unknown = list_queues(region, key=("AKIDNOBODY", "x"))
    wrong = list_queues(region, key=(WORKER[0], "x"))
    assert unknown.status == wrong.status == 403
    assert "InvalidSignatureException" in wrong.text
    assert "InvalidSignatureException" not in unknown.text


def test_no_signature_at_all_is_refused(region):
    request = signed("sqs", region.endpoint + "/", b"{}", dict(JSON_HEADERS))
    del request.headers["Authorization"]
    answer = send(request)
    assert answer.status == 403 and "MissingAuthenticationToken" in answer.text


def test_an_unknown_action_is_named(region):
    headers = JSON_HEADERS | {"X-Amz-Target": "AmazonSQS.FlyToTheMoon"}
    answer = send(signed("sqs", region.endpoint + "/", b"{}", headers))
    assert answer.status == 400, answer.text


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"QueueName":{}}', b"\xff\xfe", b"[" * 5000])
def test_a_malformed_body_is_a_client_error_and_harms_nobody(region, body):
    headers = JSON_HEADERS | {"X-Amz-Target": "AmazonSQS.CreateQueue"}
    answer = send(signed("sqs", region.endpoint + "/", body, headers))
    assert answer.status == 400, answer.text
    assert list_queues(region).status == 200


def test_throttling_looks_like_awss_and_ends(region):
    region.faults(rules=[{"kind": "throttle", "service": "autoscaling", "count": 2}])
    for _ in range(2):
        with pytest.raises(ClientError) as failed:
            region.autoscaling.describe_auto_scaling_groups()
        assert failed.value.response["Error"]["Code"] in ("Throttling", "RequestLimitExceeded")
    region.autoscaling.describe_auto_scaling_groups()


def test_boto3_gets_through_throttling_by_its_own_retries(region):
    import boto3
    from botocore.config import Config
    region.faults(rules=[{"kind": "throttle", "service": "autoscaling", "count": 2}])
    patient = boto3.client(
        "autoscaling", endpoint_url=region.endpoint, region_name="eu-west-2",
        aws_access_key_id=WORKER[0], aws_secret_access_key=WORKER[1],
        config=Config(retries={"mode": "standard", "total_max_attempts": 4}))
    patient.describe_auto_scaling_groups()


def test_a_lost_answer_was_carried_out(region):
    region.faults(rules=[
        {"kind": "lost", "service": "sqs", "operation": "CreateQueue", "count": 1}])
    with pytest.raises(Exception):
        region.sqs.create_queue(QueueName="jobs")
    assert region.sqs.get_queue_url(QueueName="jobs")["QueueUrl"]


def test_events_of_the_regions_own_calls_reach_the_queue_by_rule(region):
    queues = create_queues(region.sqs)
    create_rules(region.events, queues.arn(region.sqs, "events"))
    template = region.create_template("web")
    region.create_group(GROUP, template, 1, {"team": "web"})
    region.new_version(template)
    region.autoscaling.update_auto_scaling_group(AutoScalingGroupName=GROUP, MaxSize=2)
    events = {}

    def all_there():
        answer = region.sqs.receive_message(QueueUrl=queues.urls["events"], MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            event = json.loads(message["Body"])
            events[event["detail"]["eventName"]] = event
        return {"CreateLaunchTemplateVersion", "UpdateAutoScalingGroup"} <= events.keys()

    wait_until("both events", all_there)
    update = events["UpdateAutoScalingGroup"]
    assert update["source"] == "aws.autoscaling" and update["region"] == "eu-west-2"
    assert update["detail"]["requestParameters"]["autoScalingGroupName"] == GROUP
    assert update["detail"]["requestParameters"]["maxSize"] == 2
    assert "CreateAutoScalingGroup" not in events


def test_a_rule_that_does_not_match_sends_nothing(region):
    queues = create_queues(region.sqs)
    arn = queues.arn(region.sqs, "events")
    pattern = {"source": ["aws.autoscaling"], "detail": {"eventName": [{"prefix": "Delete"}]}}
    region.events.put_rule(Name="none", EventPattern=json.dumps(pattern))
    region.events.put_targets(Rule="none", Targets=[{"Id": "1", "Arn": arn}])
    region.create_group(GROUP, region.create_template("web"), 0, {}, maximum=1)
    region.autoscaling.update_auto_scaling_group(AutoScalingGroupName=GROUP, MaxSize=2)
    region.autoscaling.delete_tags(Tags=[{"ResourceId": GROUP, "Key": "x",
                                          "ResourceType": "auto-scaling-group"}])
    (message,) = wait_until("the tag event", lambda: region.sqs.receive_message(
        QueueUrl=queues.urls["events"], MaxNumberOfMessages=10).get("Messages"))
    assert json.loads(message["Body"])["detail"]["eventName"] == "DeleteTags"


def test_mutations_are_counted_by_group_and_key(region):
    region.create_group(GROUP, region.create_template("web"), 0, {}, maximum=1)
    other = client("autoscaling", region.endpoint, WORKER)
    assert region.mutations(GROUP, WORKER[0]) == {}
    other.describe_auto_scaling_groups(AutoScalingGroupNames=[GROUP])
    assert region.mutations(GROUP, WORKER[0]) == {}
    other.suspend_processes(AutoScalingGroupName=GROUP, ScalingProcesses=["Launch"])
    assert region.mutations(GROUP, WORKER[0]) == {"SuspendProcesses": 1}
    assert sum(region.mutations(GROUP).values()) == 2
