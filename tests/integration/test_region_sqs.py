"""boto3 on the simulated region's SQS: the JSON protocol, and Query as older clients speak it."""

from __future__ import annotations

import hashlib
import json
import time

import pytest
from botocore.exceptions import ClientError
from processes import wait_until
from signed import query

SQS_VERSION = "2012-11-05"


def make(region, name="jobs", **attributes):
    return region.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def receive(region, url, **more):
    return region.sqs.receive_message(QueueUrl=url, **more).get("Messages", [])


def code_of(call, **arguments):
    with pytest.raises(ClientError) as failed:
        call(**arguments)
    return failed.value.response["Error"]["Code"]


def test_a_message_is_sent_received_and_deleted(region):
    url = make(region)
    sent = region.sqs.send_message(
        QueueUrl=url, MessageBody="hello <&> \u00e9",
        MessageAttributes={"n": {"DataType": "Number", "StringValue": "7"},
                           "b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}})
    (message,) = receive(region, url, MessageAttributeNames=["All"],
                         MessageSystemAttributeNames=["All"])
    assert message["MessageId"] == sent["MessageId"]
    assert message["Body"] == "hello <&> \u00e9"
    assert message["MD5OfBody"] == hashlib.md5(message["Body"].encode()).hexdigest()
    assert message["MessageAttributes"]["b"]["BinaryValue"] == b"\x00\xff"
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert int(message["Attributes"]["SentTimestamp"]) / 1000 == pytest.approx(time.time(), abs=60)
    region.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert receive(region, url) == []


def test_a_message_is_hidden_until_its_visibility_ends(region):
    url = make(region, VisibilityTimeout="30")
    region.sqs.send_message(QueueUrl=url, MessageBody="x")
    (first,) = receive(region, url)
    assert receive(region, url) == []
    region.sqs.change_message_visibility(
        QueueUrl=url, ReceiptHandle=first["ReceiptHandle"], VisibilityTimeout=0)
    (again,) = receive(region, url, MessageSystemAttributeNames=["ApproximateReceiveCount"])
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    assert again["ReceiptHandle"] != first["ReceiptHandle"]


def test_the_handle_of_an_ended_visibility_cannot_be_extended(region):
    url = make(region, VisibilityTimeout="0")
    region.sqs.send_message(QueueUrl=url, MessageBody="x")
    (message,) = receive(region, url)
    assert "NotInflight" in code_of(
        region.sqs.change_message_visibility, QueueUrl=url,
        ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=10)


def test_a_long_poll_ends_when_a_message_comes(region):
    url = make(region)
    region.sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=1)
    started = time.monotonic()
    (message,) = receive(region, url, WaitTimeSeconds=20)
    assert message["Body"] == "later"
    assert 0.5 < time.monotonic() - started < 15


def test_batches_say_which_entries_failed(region):
    url = make(region)
    answer = region.sqs.send_message_batch(QueueUrl=url, Entries=[
        {"Id": "good", "MessageBody": "x"}, {"Id": "bad", "MessageBody": "x", "DelaySeconds": 901}])
    assert [one["Id"] for one in answer["Successful"]] == ["good"]
    assert [one["Id"] for one in answer["Failed"]] == ["bad"]
    assert answer["Failed"][0]["SenderFault"]


@pytest.mark.parametrize("entries, code", [
    ([], "EmptyBatchRequest"),
    ([{"Id": "a", "MessageBody": "x"}] * 2, "BatchEntryIdsNotDistinct"),
    ([{"Id": str(n), "MessageBody": "x"} for n in range(11)], "TooManyEntriesInBatchRequest"),
    ([{"Id": "a b", "MessageBody": "x"}], "InvalidBatchEntryId"),
])
def test_a_bad_batch_is_refused(region, entries, code):
    url = make(region)
    assert code in code_of(region.sqs.send_message_batch, QueueUrl=url, Entries=entries)


def test_a_message_goes_to_the_dead_letter_queue_after_its_receives(region):
    dead = make(region, "dead")
    arn = region.sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
    redrive = {"deadLetterTargetArn": arn["Attributes"]["QueueArn"], "maxReceiveCount": "2"}
    url = make(region, VisibilityTimeout="0", RedrivePolicy=json.dumps(redrive))
    sent = region.sqs.send_message(QueueUrl=url, MessageBody="x")
    assert len(receive(region, url)) == 1
    assert len(receive(region, url)) == 1
    assert receive(region, url) == []
    (letter,) = receive(region, dead)
    assert letter["MessageId"] == sent["MessageId"]


def test_a_fifo_group_gives_one_at_a_time_in_order(region):
    url = make(region, "jobs.fifo", FifoQueue="true")
    for number, group in ((1, "a"), (2, "a"), (3, "b")):
        region.sqs.send_message(QueueUrl=url, MessageBody=str(number), MessageGroupId=group,
                                MessageDeduplicationId=f"d{number}")
    (first,) = receive(region, url)
    (other_group,) = receive(region, url)
    assert (first["Body"], other_group["Body"]) == ("1", "3")
    assert receive(region, url) == []
    region.sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    (second,) = receive(region, url)
    assert second["Body"] == "2"


def test_a_fifo_duplicate_is_accepted_and_dropped(region):
    url = make(region, "jobs.fifo", FifoQueue="true")
    sends = [region.sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="a",
                                     MessageDeduplicationId="same") for _ in range(2)]
    assert sends[0]["MessageId"] == sends[1]["MessageId"]
    assert len(receive(region, url, MaxNumberOfMessages=10)) == 1


def test_a_queue_that_is_not_there_is_named_so(region):
    assert code_of(region.sqs.get_queue_url, QueueName="nothing") in (
        "AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


def test_a_garbage_receipt_handle_is_refused(region):
    url = make(region)
    assert code_of(region.sqs.delete_message, QueueUrl=url,
                   ReceiptHandle="garbage") == "ReceiptHandleIsInvalid"


def test_a_body_over_one_mebibyte_is_refused(region):
    url = make(region)
    region.sqs.send_message(QueueUrl=url, MessageBody="x" * (1 << 20))
    assert code_of(region.sqs.send_message, QueueUrl=url, MessageBody="x" * ((1 << 20) + 1)) in (
        "InvalidParameterValue", "InvalidMessageContents")


def test_counters_follow_the_messages(region):
    url = make(region)
    for _ in range(3):
        region.sqs.send_message(QueueUrl=url, MessageBody="x")
    receive(region, url)
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = region.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    assert attributes == {names[0]: "2", names[1]: "1"}


def test_the_query_protocol_answers_in_xml(region):
    created = query("sqs", region.endpoint, SQS_VERSION, "CreateQueue", QueueName="old-style")
    assert created.status == 200, created.text
    url = created.find("QueueUrl")
    sent = query("sqs", region.endpoint, SQS_VERSION, "SendMessage", QueueUrl=url,
                 MessageBody="a <b> & c")
    assert sent.find("MD5OfMessageBody") == hashlib.md5(b"a <b> & c").hexdigest()
    got = query("sqs", region.endpoint, SQS_VERSION, "ReceiveMessage", QueueUrl=url,
                AttributeName__1="All")
    assert got.find("Body") == "a <b> & c"
    assert "ApproximateReceiveCount" in got.find_all("Name")
    gone = query("sqs", region.endpoint, SQS_VERSION, "DeleteMessage", QueueUrl=url,
                 ReceiptHandle=got.find("ReceiptHandle"))
    assert gone.status == 200, gone.text
    wait_until("an empty queue", lambda: receive(region, url) == [])


def test_a_query_error_has_code_and_type(region):
    answer = query("sqs", region.endpoint, SQS_VERSION, "GetQueueUrl", QueueName="nothing")
    assert answer.status == 400
    assert answer.find("Code") == "AWS.SimpleQueueService.NonExistentQueue"
    assert answer.find("Type") == "Sender"
