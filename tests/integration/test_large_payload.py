"""Bodies in S3 and traces, with programs that are not ours on the other side: the SQS extended
client for Python, boto3 and moto."""

from __future__ import annotations

import json
import subprocess

import boto3
import pytest
from processes import wait_until
from stack import OPERATOR, REGION, Worker, client, create_queues, recyclable, worker_environment

BUCKET = "payloads"
TRACEPARENT = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01"
TRACE_ID = "5759e988bd862e3fe1be46a994272793"


@pytest.fixture(params=["region", "moto"])
def endpoint(request):
    server = request.getfixturevalue(request.param)
    return server.endpoint if request.param == "region" else server


@pytest.fixture
def sqs(endpoint):
    return client("sqs", endpoint)


@pytest.fixture
def queues(sqs):
    return create_queues(sqs, receives=3)


@pytest.fixture
def s3(endpoint):
    made = client("s3", endpoint)
    made.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    return made


@pytest.fixture
def extended(endpoint, s3):
    """An SQS client of the library that the Java extended client was the model of."""
    plain = boto3.session.Session, boto3.Session
    library = pytest.importorskip("sqs_extended_client.client",
                                  reason="amazon-sqs-extended-client is not installed")
    boto3.session.Session, boto3.Session = plain  # importing it put its own in their places
    session = library.SQSExtendedClientSession(
        aws_access_key_id=OPERATOR[0], aws_secret_access_key=OPERATOR[1], region_name=REGION)
    made = session.client("sqs", endpoint_url=endpoint)
    made.s3_client = s3
    made.large_payload_support = BUCKET
    made.always_through_s3 = True
    made.delete_payload_from_s3 = True
    return made


@pytest.fixture
def start_on(start, build, directory, endpoint):
    def starter(*options):
        return start(Worker, build, directory, endpoint, "--poll-wait", "1s", "--retry-base",
                     "100ms", "--retry-cap", "1s", "--visibility-timeout", "10s",
                     "--log-level", "debug", *options)

    return starter


def event(padding: int = 0) -> str:
    """An event that is handled by doing nothing."""
    return json.dumps({
        "id": "e-1", "version": "0", "source": "aws.health", "detail-type": "AWS Health Event",
        "time": "2026-01-02T03:04:05Z", "region": REGION, "resources": [],
        "detail": {"padding": "é" * padding}}, ensure_ascii=False)


def objects(s3) -> list[str]:
    return [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


def counts(sqs, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible",
             "ApproximateNumberOfMessagesDelayed"]
    return sum(int(value) for value in sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=names)["Attributes"].values())


@pytest.mark.parametrize("legacy", [False, True], ids=["today", "legacy"])
def test_what_the_extended_client_sends_is_handled_and_its_object_removed(
        sqs, queues, s3, extended, start_on, legacy):
    extended.use_legacy_attribute = legacy
    extended.send_message(QueueUrl=queues.urls["events"], MessageBody=event(1_000_000))
    assert len(objects(s3)) == 1
    worker = start_on("--payload-buckets", BUCKET)
    wait_until("the message to be done", lambda: counts(sqs, queues.urls["events"]) == 0)
    wait_until("its object to be removed", lambda: not objects(s3))
    assert counts(sqs, queues.urls["events-dlq"]) == 0
    assert 'autorecycle_payloads_total{action="fetch",queue="events",result="ok"} 1' in \
        worker.metrics()
    assert worker.stop() == 0


def test_a_dead_letter_can_be_read_by_the_extended_client(sqs, queues, s3, extended, start_on):
    body = event(10)
    extended.send_message(QueueUrl=queues.urls["events"], MessageBody=body)
    worker = start_on()  # no bucket is allowed
    wait_until("the dead letter", lambda: counts(sqs, queues.urls["events-dlq"]) == 1)
    wait_until("an empty queue", lambda: counts(sqs, queues.urls["events"]) == 0)
    (letter,) = extended.receive_message(QueueUrl=queues.urls["events-dlq"],
                                         MessageAttributeNames=["All"])["Messages"]
    assert letter["Body"] == body
    reason = letter["MessageAttributes"]["autorecycle.reason"]["StringValue"]
    assert "--payload-buckets" in reason and BUCKET in reason
    assert worker.stop() == 0


def test_what_we_send_is_read_and_removed_by_the_extended_client(
        autorecycle, directory, endpoint, queues, s3, extended):
    reason = "né " * 200
    sent = subprocess.run(
        [autorecycle, "enqueue", "recycle", "--asg", "web-asg-1", "--reason", reason,
         "--payload-bucket", BUCKET, "--payload-threshold", "500"],
        env=worker_environment(directory, endpoint), capture_output=True, text=True, check=False)
    assert sent.returncode == 0, sent.stderr
    assert [key.split("/")[0] for key in objects(s3)] == ["autorecycle"]
    (message,) = extended.receive_message(QueueUrl=queues.urls["events"])["Messages"]
    assert json.loads(message["Body"])["recycle"]["reason"] == reason
    extended.delete_message(QueueUrl=queues.urls["events"], ReceiptHandle=message["ReceiptHandle"])
    assert objects(s3) == []


def test_a_trace_is_in_the_log_and_goes_along_with_what_is_sent(
        autorecycle, directory, region, start_worker):
    queues = create_queues(region.sqs)
    template = region.create_template("web")
    region.create_group("web-asg-1", template, 1, recyclable("in-out"))
    region.wait_in_service("web-asg-1", 1)
    sent = subprocess.run([autorecycle, "enqueue", "recycle", "--asg", "web-asg-1", "--force"],
                          env=worker_environment(directory, region.endpoint), check=False)
    assert sent.returncode == 0
    (message,) = region.sqs.receive_message(QueueUrl=queues.urls["events"])["Messages"]
    region.sqs.delete_message(QueueUrl=queues.urls["events"],
                              ReceiptHandle=message["ReceiptHandle"])
    region.sqs.send_message(
        QueueUrl=queues.urls["events"], MessageBody=message["Body"],
        MessageAttributes={"traceparent": {"DataType": "String", "StringValue": TRACEPARENT}})
    worker = start_worker()

    def handled():
        return [line for line in worker.log().splitlines() if "message handled" in line]

    wait_until("both to be done", lambda: len(handled()) >= 2, timeout=60)
    for queue in ("events", "recycles"):  # the second message was sent because of the first
        (line,) = [line for line in handled() if f"queue={queue}" in line]
        assert f"trace_id={TRACE_ID}" in line
    assert worker.stop() == 0
