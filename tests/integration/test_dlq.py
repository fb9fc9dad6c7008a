"""`autorecycle dlq` as a process: on the simulated region, on moto and on fauxqs."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import time

import pytest
from stack import client, worker_environment

BATCH = 10


@pytest.fixture
def sqs(region):
    return client("sqs", region.endpoint)


@pytest.fixture
def dlq(autorecycle, directory, region):
    """dlq(*arguments): the finished process, on the region or on `endpoint`."""

    def run(*arguments, endpoint=None, check=None, **options):
        ended = subprocess.run([autorecycle, "dlq", *arguments], capture_output=True, text=True,
                               env=worker_environment(directory, endpoint or region.endpoint),
                               cwd=directory, timeout=120, check=False, **options)
        if check is not None:
            assert ended.returncode == check, ended.stderr + ended.stdout
        return ended

    return run


def make_queues(sqs, name="orders", **attributes):
    suffix = ".fifo" if attributes.get("FifoQueue") else ""
    letters = sqs.create_queue(QueueName=f"{name}-dlq{suffix}", Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=letters, AttributeNames=["QueueArn"])
    policy = {"deadLetterTargetArn": arn["Attributes"]["QueueArn"], "maxReceiveCount": 1}
    attributes = {**attributes, "RedrivePolicy": json.dumps(policy)}
    source = sqs.create_queue(QueueName=f"{name}{suffix}", Attributes=attributes)["QueueUrl"]
    return source, letters


def fill(sqs, letters, count, source="orders"):
    """As the worker leaves letters: with the queue that they came from."""
    for first in range(0, count, BATCH):
        sqs.send_message_batch(QueueUrl=letters, Entries=[
            {"Id": str(i), "MessageBody": json.dumps({"n": i, "even": i % 2 == 0}),
             "MessageAttributes": {
                 "autorecycle.error-kind": {"DataType": "String", "StringValue": "decode"},
                 "autorecycle.reason": {"DataType": "String", "StringValue": "field x: no"},
                 "autorecycle.source-queue": {"DataType": "String", "StringValue": source}}}
            for i in range(first, min(first + BATCH, count))])


def depth(sqs, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return [int(found[name]) for name in names]


def numbers(sqs, url):
    """What is in the queue, taken out of it."""
    found = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(message["Body"])["n"] for message in messages]
        sqs.delete_message_batch(QueueUrl=url, Entries=[
            {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]}
            for i, message in enumerate(messages)])
    return found


def test_ls_and_peek_tell_and_change_nothing(dlq, sqs):
    _, letters = make_queues(sqs)
    fill(sqs, letters, 12)
    listed = json.loads(dlq("ls", "--output", "json", check=0).stdout)
    assert listed["queue"] == "orders-dlq" and listed["visible"] == 12
    assert listed["kinds"] == {"decode": 12}
    peeked = dlq("peek", "orders-dlq", "--count", "3", "--output", "json", check=0).stdout
    assert len(peeked.splitlines()) == 3
    table = dlq("peek", "orders-dlq", "--count", "1", check=0).stdout
    assert "decode  from orders" in table and '    {"n": ' in table, "as it is, to be copied"
    shown = dlq("show", "orders-dlq", json.loads(peeked.splitlines()[0])["messageId"], check=0)
    assert json.loads(shown.stdout)["reason"] == "field x: no"
    assert json.loads(shown.stdout)["record"]["lastSeen"] is None, "nobody has written that down"
    assert depth(sqs, letters) == [12, 0], "given back at once"


def test_replay_with_a_filter_and_then_of_all_the_rest_by_sqs_itself(dlq, sqs):
    source, letters = make_queues(sqs)
    fill(sqs, letters, 40)
    some = dlq("replay", "orders-dlq", "--where", "even = true", "--output", "json", check=0)
    summary = json.loads(some.stdout)
    assert summary["sent"] == 20 and summary["kept"] == 20 and not summary["move_task"]
    assert depth(sqs, letters) == [20, 0]
    rest = json.loads(dlq("replay", "orders-dlq", "--output", "json", check=0).stdout)
    assert rest["move_task"] and rest["sent"] == 20
    assert sorted(numbers(sqs, source)) == list(range(40))


def test_dry_run_moves_nothing(dlq, sqs):
    _, letters = make_queues(sqs)
    fill(sqs, letters, 15)
    ended = dlq("replay", "orders-dlq", "--dry-run", "--output", "json", check=0)
    assert json.loads(ended.stdout)["by_target"] == {"orders": 15}
    assert depth(sqs, letters) == [15, 0]


@pytest.mark.parametrize(("arguments", "code", "said"), [
    (["replay", "none-dlq"], 1, "none-dlq"),
    (["replay", "orders"], 2, "no dead-letter queue"),
    (["replay", "orders-dlq", "--to", "nowhere"], 1, "nowhere"),
    (["replay", "orders-dlq", "--to", "orders-dlq"], 2, "itself"),
    (["replay", "orders-dlq", "--where", "a["], 2, "]"),
    (["replay", "orders-dlq", "--reason", "("], 2, "RE2"),
    (["replay", "orders-dlq", "--edit", "nonsense"], 2, "path = value"),
    (["replay", "orders-dlq", "--rate", "0"], 2, "--rate"),
    (["replay", "orders-dlq", "--max", "3", "--checkpoint", "/nowhere/file"], 2, "/nowhere/file"),
    (["purge", "orders-dlq", "--yes", "3"], 1, "holds 5"),
    (["show", "orders-dlq", "no-such-id"], 1, "no-such-id"),
])
def test_what_is_wrong_is_said_and_nothing_is_moved(dlq, sqs, arguments, code, said):
    source, letters = make_queues(sqs)
    fill(sqs, letters, 5)
    ended = dlq(*arguments, check=code)
    assert said in ended.stderr, ended.stderr
    assert depth(sqs, letters) == [5, 0] and depth(sqs, source) == [0, 0]


@pytest.mark.parametrize(("operation", "named"), [
    ("SendMessageBatch", "queue 'orders'"),
    ("DeleteMessageBatch", "queue 'orders-dlq'"),
    ("ReceiveMessage", "ReceiveMessage"),
    ("GetQueueAttributes", "queue 'orders-dlq'"),
    ("GetQueueUrl", "queue 'orders-dlq'"),
])
def test_without_permission_nothing_is_moved_and_no_checkpoint_stays(dlq, directory, region, sqs,
                                                                     operation, named):
    source, letters = make_queues(sqs)
    fill(sqs, letters, 20)
    region.faults(rules=[{"kind": "error", "service": "sqs", "operation": operation,
                          "status": 403, "code": "AccessDenied"}])
    ended = dlq("replay", "orders-dlq", "--own-replay", check=1)
    region.faults(clear=True)
    assert "AccessDenied" in ended.stderr and named in ended.stderr, ended.stderr
    assert depth(sqs, letters) == [20, 0] and depth(sqs, source) == [0, 0]
    assert not list(directory.glob("*.checkpoint"))


@pytest.mark.parametrize(("env", "said"), [
    ({"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "127.0.0.1"),
    ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"},
     "credentials"),
    ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "Check your AWS Secret Access Key"),
    ({"AWS_REGION": ""}, "region"),
])
def test_whom_it_cannot_ask_and_as_whom_is_said(autorecycle, directory, region, env, said):
    make_queues(region.sqs)
    ended = subprocess.run([autorecycle, "dlq", "replay", "orders-dlq"], capture_output=True,
                           env={**worker_environment(directory, region.endpoint), **env},
                           text=True, cwd=directory, timeout=60, check=False)
    assert ended.returncode in (1, 2) and said in ended.stderr, ended.stderr
    assert len(ended.stderr.splitlines()) <= 2, "one sentence, no stack of them"


def test_trap_seven_a_dead_letter_queue_that_has_one_itself_is_pointed_out(dlq, sqs):
    _, letters = make_queues(sqs)
    last = sqs.create_queue(QueueName="last-dlq")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=last, AttributeNames=["QueueArn"])["Attributes"]
    policy = {"deadLetterTargetArn": arn["QueueArn"], "maxReceiveCount": 5}
    sqs.set_queue_attributes(QueueUrl=letters, Attributes={"RedrivePolicy": json.dumps(policy)})
    fill(sqs, letters, 3)
    ended = dlq("replay", "orders-dlq", "--dry-run", check=0)
    assert "looking at a letter counts" in ended.stderr and "last-dlq" in ended.stderr


def test_a_dead_letter_queue_without_source_says_so_and_moves_nothing(dlq, sqs):
    letters = sqs.create_queue(QueueName="lonely-dlq")["QueueUrl"]
    sqs.send_message(QueueUrl=letters, MessageBody="x")
    ended = dlq("replay", "lonely-dlq", check=3)
    assert "--to" in ended.stderr
    assert depth(sqs, letters) == [1, 0]


def test_a_full_disk_stops_it_before_anything_is_sent(dlq, sqs):
    source, letters = make_queues(sqs)
    fill(sqs, letters, 30)
    ended = dlq("replay", "orders-dlq", "--own-replay", check=1,
                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300)))
    assert "checkpoint" in ended.stderr and "File too large" in ended.stderr
    assert depth(sqs, letters) == [30, 0] and depth(sqs, source) == [0, 0]


def test_an_edit_command_changes_what_is_sent(dlq, sqs, directory):
    source, letters = make_queues(sqs)
    fill(sqs, letters, 3)
    program = directory / "edit.py"
    program.write_text("import json, sys\nm = json.load(sys.stdin)\nb = json.loads(m['body'])\n"
                       "if b['n'] == 2: sys.exit(1)\nb['n'] += 100\n"
                       "print(json.dumps({'body': json.dumps(b)}))\n")
    ended = dlq("replay", "orders-dlq", "--edit-command", f"python3 {program}", check=3)
    assert "exit code 1" in ended.stderr
    assert sorted(numbers(sqs, source)) == [100, 101]
    assert depth(sqs, letters) == [1, 0]


def test_export_purge_import_gives_the_same_letters_back(dlq, sqs, directory):
    source, letters = make_queues(sqs)
    fill(sqs, letters, 25)
    dlq("export", "orders-dlq", "letters.ndjson", check=0)
    assert depth(sqs, letters) == [25, 0]
    assert dlq("export", "orders-dlq", "letters.ndjson").returncode == 1, "not written over"
    dlq("purge", "orders-dlq", input="24\n", check=1)
    dlq("purge", "orders-dlq", "--yes", "25", check=0)
    assert depth(sqs, letters) == [0, 0]
    dlq("import", "letters.ndjson", "--to", "orders-dlq", check=0)
    assert depth(sqs, letters) == [25, 0]
    kinds = json.loads(dlq("ls", "--output", "json", check=0).stdout)["kinds"]
    assert kinds == {"decode": 25}, "with what was known of them"
    lines = (directory / "letters.ndjson").read_text().splitlines()
    (directory / "changed.ndjson").write_text("\n".join(lines[:3]).replace("even", "odd!"))
    assert "line 1" in dlq("import", "changed.ndjson", "--to", "orders", check=1).stderr
    assert depth(sqs, source) == [0, 0], "verified before anything is sent"


def test_export_to_s3_and_import_from_it(dlq, region, sqs):
    source, letters = make_queues(sqs)
    fill(sqs, letters, 25)
    where = ["--s3", "s3://archive/2026/orders"]
    assert "NoSuchBucket" in dlq("export", "orders-dlq", *where, check=1).stderr
    region.s3.create_bucket(Bucket="archive", CreateBucketConfiguration={
        "LocationConstraint": "eu-west-2"})
    dlq("export", "orders-dlq", *where, check=0)
    assert depth(sqs, letters) == [25, 0]
    objects = region.s3.list_objects_v2(Bucket="archive")["Contents"]
    assert [each["Key"] for each in objects] == ["2026/orders/000001.ndjson"]
    again = dlq("export", "orders-dlq", *where)
    assert again.returncode == 2 and "holds an export already" in again.stderr
    both = dlq("export", "orders-dlq", "file.ndjson", *where)
    assert both.returncode == 2 and "not both" in both.stderr
    dlq("import", *where, "--to", "orders", check=0)
    assert sorted(numbers(sqs, source)) == list(range(25))
    name = {"Bucket": "archive", "Key": objects[0]["Key"]}
    body = region.s3.get_object(**name)["Body"].read()
    region.s3.put_object(**name, Body=body.replace(b"even", b"odd!"))
    assert "checksums" in dlq("import", *where, "--to", "orders", check=1).stderr
    assert depth(sqs, source) == [0, 0]


def test_an_export_of_many_megabytes_is_many_objects_and_one_import(dlq, region, sqs):
    source, letters = make_queues(sqs)
    for number in range(24):
        body = json.dumps({"n": number, "x": "y" * 900_000})
        sqs.send_message(QueueUrl=letters, MessageBody=body)
    region.s3.create_bucket(Bucket="archive", CreateBucketConfiguration={
        "LocationConstraint": "eu-west-2"})
    dlq("export", "orders-dlq", "--s3", "s3://archive/big/", check=0)
    assert region.s3.list_objects_v2(Bucket="archive")["KeyCount"] == 3
    dlq("import", "--s3", "s3://archive/big", "--to", "orders", check=0)
    assert sorted(numbers(sqs, source)) == list(range(24))


def test_ctrl_c_gives_everything_back_and_resume_goes_on(autorecycle, dlq, directory, region, sqs):
    source, letters = make_queues(sqs)
    fill(sqs, letters, 200)
    process = subprocess.Popen(
        [autorecycle, "dlq", "replay", "orders-dlq", "--rate", "20", "--own-replay"],
        env=worker_environment(directory, region.endpoint), cwd=directory, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert "--resume" in err
    visible, hidden = depth(sqs, letters)
    assert hidden == 0 and 100 < visible < 200
    for arguments in (["--own-replay"], []):
        again = dlq("replay", "orders-dlq", *arguments)
        assert again.returncode == 2 and "--resume" in again.stderr, "not forgotten unasked"
    dlq("replay", "orders-dlq", "--own-replay", "--resume", check=0)
    assert sorted(numbers(sqs, source)) == list(range(200))


def test_ctrl_c_cancels_sqs_own_move_task(autorecycle, directory, region, sqs):
    _, letters = make_queues(sqs)
    fill(sqs, letters, 100)
    process = subprocess.Popen([autorecycle, "dlq", "replay", "orders-dlq", "--rate", "5"],
                               env=worker_environment(directory, region.endpoint), cwd=directory,
                               text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(2.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    visible, _ = depth(sqs, letters)
    assert 50 < visible < 100
    arn = sqs.get_queue_attributes(QueueUrl=letters, AttributeNames=["QueueArn"])["Attributes"]
    tasks = sqs.list_message_move_tasks(SourceArn=arn["QueueArn"])["Results"]
    assert tasks[0]["Status"] == "CANCELLED"


@pytest.mark.parametrize("server", ["moto", "fauxqs"])
def test_other_servers_are_replayed_too(dlq, request, server):
    endpoint = request.getfixturevalue(server)
    sqs = client("sqs", endpoint)
    source, letters = make_queues(sqs)
    fill(sqs, letters, 35)
    for arguments in (["--where", "even = true"], []):
        ended = dlq("replay", "orders-dlq", "--visibility", "5s", "--output", "json", *arguments,
                    endpoint=endpoint)
        assert ended.returncode == 0, ended.stderr + ended.stdout
    assert sorted(numbers(sqs, source)) == list(range(35))
    assert depth(sqs, letters) == [0, 0]
