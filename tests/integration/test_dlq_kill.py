"""kill -9 at random moments of `autorecycle dlq replay`, and --resume, against a region on a port
that throttles, fails entries and loses answers, with a second consumer on the dead-letter queue:
no letter is lost, every group of a FIFO queue keeps its order, and what is there twice was counted.

AUTORECYCLE_LETTERS: how many in all (800; `make soak-dlq` takes 100000), half of them FIFO.
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

from botocore.exceptions import BotoCoreError, ClientError
from stack import client, worker_environment

LETTERS = int(os.environ.get("AUTORECYCLE_LETTERS", "800")) // 2
SEED = int(os.environ.get("AUTORECYCLE_SEED") or 0) or random.SystemRandom().randrange(1, 1 << 20)
LARGE = LETTERS >= 10_000
KILLS = max(4, LETTERS // 1000)
LIFE = (0.05, 2.0 if LARGE else 0.5)  # seconds, while there are kills to spend
GROUPS = max(50, LETTERS // 100)
CHECKPOINT = "autorecycle-replay-orders-dlq{}.checkpoint"
FAULTS = {"rules": [{"kind": "throttle", "service": "sqs", "probability": 0.03},
                    {"kind": "error", "service": "sqs", "probability": 0.01},
                    {"kind": "lost", "service": "sqs", "probability": 0.01}],
          "batch_entry_fails": 0.03, "batch_entry_refused": 0.002 if LARGE else 0,
          "partial_receive": 0.2, "empty_receive": 0.05}


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
                                          VisibilityTimeout=3 if LARGE else 1)
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
        # However slowly it starts: a life is counted from when there is something to resume.
        while not self.checkpoint.exists() and process.poll() is None:
            time.sleep(0.005)
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


class Rescue:
    """One dead-letter queue, full, and what becomes of its letters."""

    def __init__(self, suffix, autorecycle, directory, region):
        self.suffix, self.region = suffix, region
        self.luck = random.Random(f"{SEED}{suffix}")
        self.sqs = client("sqs", region.endpoint)
        self.source, self.letters = make_queues(self.sqs, suffix)
        fill(self.sqs, self.letters, bool(suffix))
        command = [autorecycle, "dlq", "replay", f"orders-dlq{suffix}", "--own-replay", "--to",
                   f"orders{suffix}", "--visibility", "5s", "--output", "json"]
        if not LARGE:  # slow enough to be met by all the kills
            command += ["--rate", str(LETTERS // 3)]
        self.replays = Replays(command, worker_environment(directory, region.endpoint), directory,
                               CHECKPOINT.format(suffix))
        self.other = OtherConsumer(region.endpoint, self.letters, random.Random(self.luck.random()))
        self.begun = time.monotonic()

    def through_faults(self):
        with self.other:
            while True:
                spent = self.replays.kills >= KILLS
                ended = self.replays.one(600 if spent else self.luck.uniform(*LIFE))
                if ended is None:
                    continue
                assert ended[0] in (0, 3), ended
                if spent:
                    return
                # Too few letters for so many kills.
                assert not LARGE and self.replays.kills >= 2, "killed too seldom"
                return

    def without_faults(self):
        """What was refused for good, or given back by the other consumer at the end."""
        for _ in range(10):
            if depth(self.sqs, self.letters) == 0 and not self.replays.checkpoint.exists():
                return
            ended = self.replays.one(600)
            assert ended[0] in (0, 3), ended

    def judge(self):
        took = time.monotonic() - self.begun
        assert depth(self.sqs, self.letters) == 0
        found = take_all(self.sqs, self.source)
        numbers = [number for number, _ in found]
        missing = set(range(LETTERS)) - set(numbers) - self.other.taken
        twice = len(numbers) - len(set(numbers))
        print(f"{'FIFO' if self.suffix else 'standard'}: {LETTERS} letters, {self.replays.kills} "
              f"kills, {self.replays.resumed} resumes in {took:.0f} s: {len(set(numbers))} "
              f"arrived, {len(self.other.taken)} taken by the other consumer, {len(missing)} "
              f"lost, {twice} twice ({self.replays.possibly_twice} counted)")
        assert not missing
        assert twice <= self.replays.possibly_twice
        assert self.replays.resumed > 0
        if self.suffix:
            assert order_of_groups(found) == order_of_groups(sorted(found))


def test_killed_again_and_again_amid_faults_it_loses_nothing(autorecycle, directory, region):
    print(f"seed {SEED}")
    rescues = [Rescue(suffix, autorecycle, directory, region) for suffix in ("", ".fifo")]
    with ThreadPoolExecutor(len(rescues)) as pool:
        region.faults(**FAULTS)
        list(pool.map(Rescue.through_faults, rescues))
        region.faults(clear=True)
        list(pool.map(Rescue.without_faults, rescues))
    for rescue in rescues:
        rescue.judge()


def order_of_groups(found):
    """Each group's numbers as they first came."""
    groups = {}
    for number, group in found:
        groups.setdefault(group, {}).setdefault(number)
    return {group: list(numbers) for group, numbers in groups.items()}
