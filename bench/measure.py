"""The measurements: one client, one server, one queue of its own. Numbers only, no printing."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator

from clients import Client, Job, job_environment
from processes import Process, Timeout, clean_environment, wait_until

WARM_UP = 0.2  # of the messages: not measured
ENOUGH = 0.97  # the rest arrives in batches that are not full
POLL = 20  # seconds of a long poll
LOOK = 0.01  # seconds between two looks at the server's counts


def cpu_seconds(pid: int) -> float:
    """User and system time of the process, every thread, to the nanosecond."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with contextlib.suppress(FileNotFoundError):
            total += int(Path(path).read_text().split()[0])
    return total / 1e9


def rss_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def percentile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


class Rig:
    """Starts clients: where they run and where they log."""

    def __init__(self, directory: Path, pin: list[str]):
        self.directory = directory
        self.pin = pin
        self.numbers: dict[str, int] = {}

    def queue_name(self, client: Client, what: str) -> str:
        word = re.sub(r"[^a-z0-9]+", "-", client.name.lower())
        self.numbers[word] = self.numbers.get(word, 0) + 1
        return f"{what}-{word}-{self.numbers[word]}"

    @contextlib.contextmanager
    def running(self, client: Client, job: Job) -> Iterator[Process]:
        env = clean_environment(self.directory,
                                {**job.server.environment(), **job_environment(client, job)})
        process = Process(job.queue, self.pin + client.command(job), env, self.directory)
        try:
            yield process
        finally:
            process.kill()
            process.log_path.unlink(missing_ok=True)


def check(process: Process) -> None:
    if not process.running():
        raise Timeout(f"{process.name} ended:\n{process.log(2000)}")


def drain(rig: Rig, client: Client, server, messages: int, timeout: float = 120) -> dict:
    """Full load: a queue of so many messages, until they are deleted. CPU, requests and time are
    counted between the first fifth of the messages and the end, so that starting, connecting and
    just-in-time compilers' warm-up are not."""
    queue = rig.queue_name(client, "drain")
    server.create_queue(queue)
    server.fill(queue, messages)
    with rig.running(client, Job(server, queue)) as process:

        def reading():
            totals = server.totals(queue)
            return time.monotonic(), totals, cpu_seconds(process.child.pid)

        def until(part: float):
            deadline = time.monotonic() + timeout
            while (now := reading())[1].deleted < messages * part:
                check(process)
                if time.monotonic() > deadline:
                    raise Timeout(f"{client.name} deleted {now[1].deleted} of {messages} messages "
                                  f"in {timeout:g} s:\n{process.log(2000)}")
                time.sleep(LOOK)
            return now

        begin, end = until(WARM_UP), until(ENOUGH)
        count = end[1].deleted - begin[1].deleted
        return {"messages_per_second": count / (end[0] - begin[0]),
                "requests_per_message": (end[1].requests - begin[1].requests) / count,
                "cpu_us_per_message": (end[2] - begin[2]) / count * 1e6,
                "rss_mb": rss_mb(process.child.pid)}


def hold(rig: Rig, client: Client, server, in_flight: int, visibility: int,
         seconds: float) -> dict:
    """So many messages held by handlers that sleep; their visibility must not end."""
    queue = rig.queue_name(client, "hold")
    server.create_queue(queue)
    job = Job(server, queue, hold_seconds=3600, visibility=visibility, in_flight=in_flight)
    with rig.running(client, job) as process:
        pid = process.child.pid
        wait_until(f"{client.name} to poll", lambda: server.arrivals(queue, "ReceiveMessage"))
        time.sleep(1)
        before = rss_mb(pid)
        server.fill(queue, in_flight)
        wait_until(f"{client.name} to hold {in_flight} messages",
                   lambda: server.queue_state(queue)["in_flight"] >= in_flight, 120, 0.1)
        time.sleep(visibility)
        begin, cpu, at = server.totals(queue), cpu_seconds(pid), time.monotonic()
        time.sleep(seconds)
        check(process)
        took = time.monotonic() - at
        end, state = server.totals(queue), server.queue_state(queue)
        extended = end.extended - begin.extended
        requests = end.extend_requests - begin.extend_requests
        held = rss_mb(pid)
        return {"in_flight": in_flight, "visibility": visibility,
                "requests_per_extension": requests / max(extended, 1),
                "extensions_per_visibility": extended / in_flight / (took / visibility),
                # Received again, or waiting to be: a client that is full receives nothing.
                "lost": state["received"] - in_flight + state["visible"],
                "cpu_ms_per_second": (cpu_seconds(pid) - cpu) / took * 1e3,
                "rss_idle_mb": before, "rss_mb": held,
                "rss_mb_per_10000": (held - before) / in_flight * 10_000}


def latency(rig: Rig, client: Client, server, messages: int, rate: float) -> dict:
    """A message now and then: from its sending to its handler, and from there to its delete's
    arrival at the server. The first ones are not counted."""
    queue = rig.queue_name(client, "latency")
    server.create_queue(queue)
    skipped = max(5, messages // 20)
    with rig.running(client, Job(server, queue, stamp=True)) as process:
        wait_until(f"{client.name} to poll", lambda: server.arrivals(queue, "ReceiveMessage"))
        time.sleep(0.5)
        sender = server.pace(queue, messages, rate)
        try:
            wait_until(f"{client.name} to delete {messages} messages",
                       lambda: server.totals(queue).deleted >= messages,
                       messages / rate * 2 + 20, 0.1)
        finally:
            sender.kill()
        log = process.log(10_000_000)
        ages = [int(age) / 1e6 for age in re.findall(r"^(\d+)$", log, re.M)][skipped:]
        ends = [int(end) for end in re.findall(r"^end (\d+)$", log, re.M)][skipped:]
        deletes = server.arrivals(queue, "Delete")
    answer = {"messages": len(ages), "handler_p50_ms": statistics.median(ages),
              "handler_p99_ms": percentile(ages, 0.99)}
    lags = [(min(at for at in deletes if at >= end) - end) / 1e6
            for end in ends if deletes and deletes[-1] >= end]
    if lags:
        answer |= {"delete_p50_ms": statistics.median(lags),
                   "delete_p99_ms": percentile(lags, 0.99), "delete_max_ms": max(lags)}
    return answer


@dataclass
class Idler:
    client: Client
    queue: str
    process: Process
    since: int = 0
    cpu: float = 0


class Idle:
    """Every client at once, each on an idle queue of its own, after a burst of messages that makes
    them grow whatever they grow. Measured while other things are: nobody waits for it twice."""

    BURST = 1_000
    SETTLE = 45  # seconds after the burst: two long polls

    def __init__(self, rig: Rig, clients: list[Client], server):
        self.server = server
        self.stack = contextlib.ExitStack()
        self.idlers = []
        self.failed: dict[str, str] = {}
        for client in clients:
            queue = rig.queue_name(client, "idle")
            server.create_queue(queue)
            server.fill(queue, self.BURST)
            process = self.stack.enter_context(rig.running(client, Job(server, queue)))
            self.idlers.append(Idler(client, queue, process))
        for one in list(self.idlers):
            try:
                wait_until(f"{one.client.name} to empty its queue",
                           lambda: server.totals(one.queue).deleted >= self.BURST, 60, 0.1)
            except Timeout as error:
                self.failed[one.client.name] = str(error)
                self.idlers.remove(one)
        self.begun = time.monotonic()

    def finish(self, polls: int) -> dict[str, dict]:
        """Requests a minute over so many long polls."""
        try:
            left = self.begun + self.SETTLE - time.monotonic()
            time.sleep(max(0, left))
            begin = time.monotonic_ns()
            for one in self.idlers:
                one.cpu = cpu_seconds(one.process.child.pid)
            time.sleep(POLL * (polls + 2))
            seconds = (time.monotonic_ns() - begin) / 1e9
            return {one.client.name: self._rates(one, begin, seconds, polls)
                    for one in self.idlers}
        finally:
            self.stack.close()

    def _rates(self, one: Idler, begin: int, seconds: float, polls: int) -> dict:
        # Counted from the middle of the longest pause on, so that no request is near an edge.
        arrived = [at for at in self.server.arrivals(one.queue, "") if at >= begin]
        pauses = [(later - at, at) for at, later in zip(arrived, arrived[1:])
                  if at < begin + POLL * 1e9] or [(0, begin)]
        pause, at = max(pauses)
        start, length = at + pause / 2, POLL * polls
        count = sum(start <= at < start + length * 1e9 for at in arrived)
        pid = one.process.child.pid
        return {"requests_per_minute": count / length * 60, "rss_mb": rss_mb(pid),
                "cpu_ms_per_minute": (cpu_seconds(pid) - one.cpu) / seconds * 60e3}

    def stop(self) -> None:
        self.stack.close()
