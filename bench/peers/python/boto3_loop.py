"""boto3 alone: BENCH_CONSUMERS threads, each receives ten and deletes ten.

The names of its settings: bench/clients.py."""

from __future__ import annotations

import os
import re
import threading
import time

import boto3
from botocore.config import Config

QUEUE_URL = os.environ["BENCH_QUEUE_URL"]
THREADS = int(os.environ.get("BENCH_CONSUMERS", "16"))
STAMP = "BENCH_STAMP" in os.environ


def handle(body: str) -> None:
    if not STAMP:
        return
    now = time.monotonic_ns()
    if written := re.search(r"t=(\d{19})", body):
        print(now - int(written[1]), flush=True)
    print("end", time.monotonic_ns(), flush=True)


def loop(sqs) -> None:
    while True:
        answer = sqs.receive_message(QueueUrl=QUEUE_URL, MaxNumberOfMessages=10,
                                     WaitTimeSeconds=20)
        messages = answer.get("Messages", [])
        if not messages:
            continue
        for message in messages:
            handle(message["Body"])
        sqs.delete_message_batch(QueueUrl=QUEUE_URL, Entries=[
            {"Id": str(i), "ReceiptHandle": message["ReceiptHandle"]}
            for i, message in enumerate(messages)])


def main() -> None:
    sqs = boto3.client("sqs", endpoint_url=os.environ["AWS_ENDPOINT_URL"], config=Config(
        max_pool_connections=THREADS, retries={"total_max_attempts": 1}, proxies={}))
    threads = [threading.Thread(target=loop, args=(sqs,), daemon=True) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
