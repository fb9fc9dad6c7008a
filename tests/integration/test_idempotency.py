"""The idempotency store's requests on a DynamoDB that is not ours and on the simulated one, and
both of these asked the same questions by boto3."""

from __future__ import annotations

import json
import subprocess
import time

import pytest
from boto3.dynamodb.conditions import Attr
from botocore.exceptions import ClientError
from processes import wait_until
from stack import OPERATOR, WORKER, client, worker_environment

TABLE = "idempotency"


def create_table(dynamodb):
    dynamodb.create_table(
        TableName=TABLE, BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
    dynamodb.get_waiter("table_exists").wait(TableName=TABLE, WaiterConfig={"Delay": 1})
    dynamodb.update_time_to_live(
        TableName=TABLE, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expiration"})
    return dynamodb


@pytest.fixture(params=["moto", "region"])
def dynamodb(request):
    """A boto3 client of a DynamoDB with the table: moto's, then the simulated region's."""
    server = request.getfixturevalue(request.param)
    endpoint = server if isinstance(server, str) else server.endpoint
    return create_table(client("dynamodb", endpoint, OPERATOR))


class Steps:
    """The store as a process that takes one step a line."""

    def __init__(self, build, home, endpoint):
        self.process = subprocess.Popen(
            [build / "tests/integration/idempotency-steps", TABLE],
            env=worker_environment(home, endpoint, WORKER), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, do, **step):
        self.process.stdin.write(json.dumps({"do": do, **step}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def begin(self, key="k", fingerprint="f", in_progress_ms=60_000, keep_ms=3_600_000):
        return self("begin", key=key, fingerprint=fingerprint, in_progress_ms=in_progress_ms,
                    keep_ms=keep_ms)


@pytest.fixture
def start_steps(build, directory, dynamodb):
    """start_steps(): one more worker's store."""
    started = []

    def starter():
        started.append(Steps(build, directory, dynamodb.meta.endpoint_url))
        return started[-1]

    yield starter
    for steps in started:
        steps.process.stdin.close()
        assert steps.process.wait(timeout=10) == 0


def item(dynamodb, key):
    answer = dynamodb.get_item(TableName=TABLE, Key={"id": {"S": "steps:" + key}},
                               ConsistentRead=True)
    return answer.get("Item")


def test_a_key_is_one_workers_until_it_is_completed(dynamodb, start_steps):
    one, other = start_steps(), start_steps()
    started = one.begin()
    assert started["begun"] == "started", started
    waiting = other.begin()
    assert waiting == {"begun": "in-progress", "until_ms": started["until_ms"]}
    renewed = one("renew", claim=started["claim"], for_ms=120_000)
    assert renewed["until_ms"] > started["until_ms"] + 50_000
    assert other.begin()["until_ms"] == renewed["until_ms"]
    answer = 'é "quoted" \\ \n line'
    assert one("complete", claim=started["claim"], answer=answer) == {}
    assert other.begin()["answer"] == answer
    assert other.begin(fingerprint="g") == {"begun": "other-payload"}
    assert one("renew", claim=started["claim"], for_ms=1)["error"] == "ClaimLost"


def test_the_record_is_as_documented(dynamodb, start_steps):
    steps = start_steps()
    started = steps.begin()
    record = item(dynamodb, "k")
    token = record.pop("claim")["S"]
    assert len(token) == 36
    expiration = int(record.pop("expiration")["N"])
    assert expiration == pytest.approx(time.time() + 3600, abs=30)
    assert record == {"id": {"S": "steps:k"}, "status": {"S": "INPROGRESS"},
                      "validation": {"S": "f"},
                      "in_progress_expiration": {"N": str(started["until_ms"])}}
    steps("complete", claim=started["claim"], answer="x")
    record = item(dynamodb, "k")
    assert record["status"] == {"S": "COMPLETED"} and record["data"] == {"S": "x"}
    assert record["claim"] == {"S": token} and "in_progress_expiration" not in record


def test_an_abandoned_key_is_free_at_once(dynamodb, start_steps):
    one, other = start_steps(), start_steps()
    assert one("abandon", claim=one.begin()["claim"]) == {}
    assert item(dynamodb, "k") is None
    assert other.begin()["begun"] == "started"
    assert one("abandon", claim=0) == {}
    assert item(dynamodb, "k")["status"] == {"S": "INPROGRESS"}


def test_a_crashed_run_is_taken_over_and_cannot_come_back(dynamodb, start_steps):
    crashed, successor = start_steps(), start_steps()
    lost = crashed.begin(in_progress_ms=1_000)["claim"]
    assert successor.begin()["begun"] == "in-progress"

    def taken():
        begun = successor.begin()
        return begun if begun["begun"] == "started" else None

    claim = wait_until("the claim to end", taken)["claim"]
    assert crashed("complete", claim=lost, answer="late")["error"] == "ClaimLost"
    assert crashed("abandon", claim=lost) == {}
    assert successor("complete", claim=claim, answer="first") == {}
    assert crashed.begin()["answer"] == "first"


def test_a_completed_key_is_free_when_it_expires(dynamodb, start_steps):
    steps = start_steps()
    steps("complete", claim=steps.begin(keep_ms=1_000)["claim"], answer="x")
    wait_until("the record to expire", lambda: steps.begin()["begun"] == "started")


def test_the_largest_answer_is_kept(dynamodb, start_steps):
    steps = start_steps()
    claim = steps.begin()["claim"]
    assert steps("complete", claim=claim, answer="x" * 262_145)["error"] == "AnswerTooLarge"
    assert steps("complete", claim=claim, answer="x" * 262_144) == {}
    assert len(steps.begin()["answer"]) == 262_144


ITEM = {"id": {"S": "a"}, "n": {"N": "5"}, "s": {"S": "x"}, "t": {"BOOL": True}}
VALUES = {":five": {"N": "5.0"}, ":six": {"N": "6"}, ":x": {"S": "x"}, ":y": {"S": "y"}}
# Well formed but for the last: moto answers 500 to most of what DynamoDB refuses.
CONDITIONS = [
    "n = :five", "n <> :five", "n = :x", "n < :six", "n <= :five", "n > :five", "n >= :six",
    "absent = :x", "absent <> :x", "absent < :six", "NOT absent < :six", "s < :y",
    "attribute_exists(s)", "attribute_not_exists(s)", "attribute_not_exists (absent)",
    "n = :five OR n = :six AND s = :y", "(n = :five OR n = :six) AND s = :y",
    "NOT n = :six AND s = :y", "NOT (n = :six AND s = :y)", "n = :six or not s = :y",
    "n = s", "#n = :five", "attribute_exists(#n) AND #s = :x",
    "((n = :five))",
]


def outcome_of(dynamodb, condition):
    """"holds", or the error's code."""
    dynamodb.put_item(TableName=TABLE, Item=ITEM)
    values = {name: value for name, value in VALUES.items() if name in condition}
    names = {name: name[1] for name in ("#n", "#s") if name in condition}
    arguments = {"ExpressionAttributeValues": values} if values else {}
    arguments |= {"ExpressionAttributeNames": names} if names else {}
    try:
        dynamodb.delete_item(TableName=TABLE, Key={"id": {"S": "a"}},
                             ConditionExpression=condition, **arguments)
        return "holds"
    except ClientError as error:
        return error.response["Error"]["Code"]


def test_the_region_judges_conditions_as_moto_does(moto, region):
    theirs = create_table(client("dynamodb", moto, OPERATOR))
    ours = create_table(region.dynamodb)
    expected = {condition: outcome_of(theirs, condition) for condition in CONDITIONS}
    assert {condition: outcome_of(ours, condition) for condition in CONDITIONS} == expected
    assert {"holds", "ConditionalCheckFailedException", "ValidationException"} == set(
        expected.values())


def test_conditions_that_boto3_builds_are_understood(dynamodb):
    import boto3
    table = boto3.resource(
        "dynamodb", endpoint_url=dynamodb.meta.endpoint_url, region_name="eu-west-2",
        aws_access_key_id=OPERATOR[0], aws_secret_access_key=OPERATOR[1]).Table(TABLE)
    table.put_item(Item={"id": "a", "n": 5, "tags": {"x": [1, "é", None, True]}},
                   ConditionExpression=Attr("id").not_exists())
    holds = Attr("n").eq(5) & (Attr("gone").exists() | ~Attr("n").gt(6))
    changed = table.update_item(
        Key={"id": "a"}, UpdateExpression="SET #s = :s, n = if_not_exists(n, :zero) REMOVE gone",
        ConditionExpression=holds, ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":s": "new", ":zero": 0}, ReturnValues="ALL_NEW")
    assert changed["Attributes"] == {"id": "a", "n": 5, "status": "new",
                                     "tags": {"x": [1, "é", None, True]}}
    with pytest.raises(ClientError) as failed:
        table.delete_item(Key={"id": "a"}, ConditionExpression=~holds,
                          ReturnValuesOnConditionCheckFailure="ALL_OLD")
    response = failed.value.response
    assert response["Error"] == {"Code": "ConditionalCheckFailedException",
                                 "Message": "The conditional request failed"}
    assert response["Item"]["status"] == {"S": "new"}
    old = table.delete_item(Key={"id": "a"}, ReturnValues="ALL_OLD")["Attributes"]
    assert old["n"] == 5 and "Item" not in table.get_item(Key={"id": "a"})


def test_errors_are_of_the_shapes_that_boto3_knows(dynamodb):
    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as failed:
        dynamodb.delete_item(TableName=TABLE, Key={"id": {"S": "none"}},
                             ConditionExpression="attribute_exists(id)",
                             ReturnValuesOnConditionCheckFailure="ALL_OLD")
    assert "Item" not in failed.value.response
    with pytest.raises(dynamodb.exceptions.ResourceNotFoundException):
        dynamodb.put_item(TableName="none", Item=ITEM)
    with pytest.raises(dynamodb.exceptions.ResourceInUseException):
        create_table(dynamodb)
    with pytest.raises(ClientError, match="does not match the schema"):
        dynamodb.get_item(TableName=TABLE, Key={"other": {"S": "a"}})
    with pytest.raises(ClientError, match="part of the key"):
        dynamodb.update_item(TableName=TABLE, Key={"id": {"S": "a"}},
                             UpdateExpression="SET id = :x",
                             ExpressionAttributeValues={":x": {"S": "b"}})


def test_throttling_is_dynamodbs_own_and_ends(region):
    dynamodb = create_table(region.dynamodb)
    region.faults(rules=[{"kind": "throttle", "service": "dynamodb", "count": 1}])
    with pytest.raises(dynamodb.exceptions.ProvisionedThroughputExceededException):
        dynamodb.put_item(TableName=TABLE, Item=ITEM)
    dynamodb.put_item(TableName=TABLE, Item=ITEM)


def test_tables_come_and_go(dynamodb):
    assert dynamodb.list_tables()["TableNames"] == [TABLE]
    described = dynamodb.describe_table(TableName=TABLE)["Table"]
    assert described["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    ttl = dynamodb.describe_time_to_live(TableName=TABLE)["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expiration"}
    dynamodb.delete_table(TableName=TABLE)
    dynamodb.get_waiter("table_not_exists").wait(TableName=TABLE, WaiterConfig={"Delay": 1})
    assert dynamodb.list_tables()["TableNames"] == []
