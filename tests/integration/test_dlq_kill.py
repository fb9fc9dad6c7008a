"""kill -9 at random moments of `autorecycle dlq replay`, and --resume, against a region on a port
that throttles, fails entries and loses answers, with a second consumer on the dead-letter queue:
no letter is lost, every group of a FIFO queue keeps its order, and what is there twice was counted.

AUTORECYCLE_LETTERS: how many in all (1600; `make soak-dlq` takes 100000), half of them FIFO.
AUTORECYCLE_SEED repeats the moments.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from stack import client, worker_environment

LETTERS = int(os.environ.get("AUTORECYCLE_LETTERS", "1600")) // 2
SEED = int(os.environ.get("AUTORECYCLE_SEED") or 0) or random.SystemRandom().randrange(1, 1 << 20)
KILLS = max(5, LETTERS // 1000)
LIFE = (0.05, 0.5 if LETTERS < 10_000 else 2.0)  # seconds, while there are kills to spend
GROUPS = max(10, LETTERS // 100)
CHECKPOINT = "autorecycle-replay-orders-dlq{}.checkpoint"
FAULTS = {"rules": [{"kind": "throttle", "service": "sqs", "probability": 0.03},
                    {"kind": "error", "service": "sqs", "probability": 0.01},
                    {"kind": "lost", "service": "sqs", "probability": 0.01}],
          "batch_entry_fails": 0.03, "batch_entry_refused": 0.002, "partial_receive": 0.2,
          "empty_receive": 0.05}


def make_queues(sqs, suffix):
    kind = {"FifoQueue": "true"} if suffix else {}
    letters = sqs.create_queue(QueueName=f"orders-dlq{suffix}", Attributes=kind)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=letters, AttributeNames=["QueueArn"])["Attributes"]
    policy = json.dumps({"deadLetterTargetArn": arn["QueueArn"], "maxReceiveCount": 1})
    source = sqs.create_queue(QueueName=f"orders{suffix}",
                              Attributes={**kind, "RedrivePolicy": policy})["QueueUrl"]
    return source, letters


def fill(sqs, url, fifo):
    """Numbers; a group's are every GROUPS-th, in their order."""
    def send(first, step):
        entries = []
        for number in range(first, LETTERS, step):
            entry = {"Id": str(number), "MessageBody": str(number)}
            if fifo:
                entry |= {"MessageGroupId": f"g{number % GROUPS}",
                          "MessageDeduplicationId": str(number)}
            entries.append(entry)
            if len(entries) == 10 or number + step >= LETTERS:
                answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
                assert len(answer["Successful"]) == len(entries)
                entries = []

    # A lane for as many groups as there are lanes: the order inside of a group is the sender's.
    lanes = next(n for n in (5, 2, 1) if GROUPS % n == 0)
    with ThreadPoolExecutor(lanes) as pool:
        list(pool.map(lambda lane: send(lane, lanes), range(lanes)))


def take_all(sqs, url):
    """(number, group) of everything in the queue, in the order of a group, taken out of it."""
    found = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10,
                                          AttributeNames=["MessageGroupId"]).get("Messages"):
        found += [(int(one["Body"]), one.get("Attributes", {}).get("MessageGroupId"))
                  for one in messages]
        sqs.delete_message_batch(QueueUrl=url, Entries=[
            {"Id": str(i), "ReceiptHandle": one["ReceiptHandle"]}
            for i, one in enumerate(messages)])
    return found


def depth(sqs, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    return sum(map(int, sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)[
        "Attributes"].values()))


class OtherConsumer:
    """Receives letters too, and deals with them, gives them back or holds them, as it likes."""

    def __init__(self, endpoint, url, luck):
        self.sqs, self.url, self.luck = client("sqs", endpoint), url, luck
        self.taken: set[int] = set()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def run(self):
        while not self.over.wait(0.05):
            try:
                self.look()
            except (ClientError, BotoCoreError):
                pass  # throttled, like everybody

    def look(self):
        answer = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=2,
                                          VisibilityTimeout=3)
        for one in answer.get("Messages", []):
            handle = {"QueueUrl": self.url, "ReceiptHandle": one["ReceiptHandle"]}
            if self.luck.random() < 0.3:
                self.taken.add(int(one["Body"]))
                self.sqs.delete_message(**handle)
            elif self.luck.random() < 0.5:
                self.sqs.change_message_visibility(**handle, VisibilityTimeout=0)


class Replays:
    """Replays of one queue, one after the other, some of them killed."""

    def __init__(self, command, env, directory, checkpoint):
        self.command, self.env, self.directory = command, env, directory
        self.checkpoint = directory / checkpoint
        self.kills = 0
        self.resumed = 0
        self.possibly_twice = 0  # of those that have ended

    def one(self, life):
        """The exit code and what it wrote to standard error; None: killed."""
        resume = ["--resume"] if self.checkpoint.exists() else []
        self.resumed += len(resume)
        process = subprocess.Popen([*self.command, *resume], env=self.env, cwd=self.directory,
                                   text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            out, err = process.communicate(timeout=life)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.kills += 1
            return None
        if not self.checkpoint.exists() and out:
            self.possibly_twice += json.loads(out)["possibly_twice"]
        return process.returncode, err


@pytest.mark.parametrize("suffix", ["", ".fifo"], ids=["standard", "fifo"])
def test_killed_again_and_again_amid_faults_it_loses_nothing(autorecycle, directory, region,
                                                             suffix):
    print(f"seed {SEED}")
    luck = random.Random(SEED)
    sqs = client("sqs", region.endpoint)
    source, letters = make_queues(sqs, suffix)
    fill(sqs, letters, bool(suffix))
    replays = Replays(
        [autorecycle, "dlq", "replay", f"orders-dlq{suffix}", "--own-replay", "--to",
         f"orders{suffix}", "--visibility", "5s", "--output", "json"],
        worker_environment(directory, region.endpoint), directory, CHECKPOINT.format(suffix))
    if LETTERS < 10_000:  # slow enough to be met by all the kills
        replays.command += ["--rate", str(LETTERS // 3)]
    begun = time.monotonic()
    region.faults(**FAULTS)
    with OtherConsumer(region.endpoint, letters, random.Random(SEED + 1)) as other:
        while True:
            ended = replays.one(luck.uniform(*LIFE) if replays.kills < KILLS else 600)
            assert ended is None or ended[0] in (0, 3), ended
            if ended and replays.kills >= KILLS:
                break
            if ended:  # too few letters for so many kills
                assert LETTERS < 10_000 and replays.kills >= 3, "killed too seldom"
                break
    region.faults(clear=True)
    for _ in range(10):  # what was refused for good
        if depth(sqs, letters) == 0 and not replays.checkpoint.exists():
            break
        ended = replays.one(600)
        assert ended[0] in (0, 3), ended
    took = time.monotonic() - begun
    assert depth(sqs, letters) == 0

    found = take_all(sqs, source)
    numbers = [number for number, _ in found]
    missing = set(range(LETTERS)) - set(numbers) - other.taken
    twice = len(numbers) - len(set(numbers))
    print(f"{LETTERS} letters {suffix}, {replays.kills} kills, {replays.resumed} resumes in "
          f"{took:.0f} s: {len(set(numbers))} arrived, {len(other.taken)} seen to by the other "
          f"consumer, {len(missing)} lost, {twice} twice ({replays.possibly_twice} counted)")
    assert not missing
    assert twice <= replays.possibly_twice
    assert replays.resumed >= 2
    if suffix:
        assert order_of_groups(found) == order_of_groups(sorted(found))


def order_of_groups(found):
    """Each group's numbers as they first came."""
    groups = {}
    for number, group in found:
        groups.setdefault(group, {}).setdefault(number)
    return {group: list(numbers) for group, numbers in groups.items()}
