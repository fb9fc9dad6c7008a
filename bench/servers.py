"""The servers: the simulated region, the stub and fauxqs, each on a free port, each counting what
arrives (bench/server/main.cc says how)."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from processes import Process, clean_environment, wait_until
from stack import client as boto_client

KEY = ("AKIDSIMULATED", "simulated-secret")
REGION = "eu-west-2"
DELETES = ("DeleteMessage", "DeleteMessageBatch")
BENCH = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Totals:
    """What has reached the server about one queue."""

    requests: int  # of the client: all but sends
    deleted: int  # messages
    extend_requests: int
    extended: int  # messages


class Server:
    """`pin` is the command that keeps it on its core; `account` is part of its queues' URLs."""

    started = 0  # in this run: every one has a log of its own

    def __init__(self, name: str, account: str, command: list[str], load: Path, directory: Path,
                 pin: list[str]):
        self.name = name
        self.account = account
        self.load = load
        self.directory = directory
        Server.started += 1
        self.process = Process(f"server-{name}-{Server.started}", pin + command,
                               clean_environment(directory), directory)
        try:
            found = wait_until(f"{name} to listen", lambda: re.search(
                r"^(\d+)$", self.process.log(), re.M) or self._ended())
        except BaseException:
            self.process.kill()
            raise
        self.port = int(found[1])
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.sqs = boto_client("sqs", self.endpoint, KEY)
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def _ended(self):
        if not self.process.running():
            raise RuntimeError(f"{self.name} ended:\n{self.process.log(4000)}")

    def environment(self) -> dict[str, str]:
        return {"AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": REGION,
                "AWS_DEFAULT_REGION": REGION, "AWS_ACCESS_KEY_ID": KEY[0],
                "AWS_SECRET_ACCESS_KEY": KEY[1]}

    def queue_url(self, queue: str) -> str:
        return f"{self.endpoint}/{self.account}/{queue}"

    def create_queue(self, queue: str) -> None:
        self.sqs.create_queue(QueueName=queue)

    def fill(self, queue: str, messages: int) -> None:
        done = subprocess.run(
            [self.load, self.queue_url(queue), "fill", str(messages)], env=self.environment(),
            capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"filling a queue of {self.name}: {done.stderr.strip()}")

    def pace(self, queue: str, messages: int, rate: float) -> Process:
        """A process that sends so many messages, so many a second."""
        env = clean_environment(self.directory, self.environment())
        return Process(f"pace-{queue}", [str(self.load), self.queue_url(queue), "pace",
                                         str(messages), str(rate)], env, self.directory)

    def _get(self, path: str):
        try:
            self._connection.request("GET", path)
            return json.loads(self._connection.getresponse().read())
        except (http.client.HTTPException, OSError):
            self._connection.close()  # it was idle too long: once more on a fresh one
            self._connection.request("GET", path)
            return json.loads(self._connection.getresponse().read())

    def totals(self, queue: str) -> Totals:
        counts = self._get("/_bench/counts").get(queue, {})
        visibility = [count for name, count in counts.items() if name.startswith("ChangeMessage")]
        return Totals(
            sum(count["requests"] for name, count in counts.items()
                if not name.startswith("Send")),
            sum(counts[name]["entries"] for name in DELETES if name in counts),
            sum(count["requests"] for count in visibility),
            sum(count["entries"] for count in visibility))

    def arrivals(self, queue: str, operation: str) -> list[int]:
        """When requests whose name starts with `operation` came, in nanoseconds of
        CLOCK_MONOTONIC; the last few thousand."""
        return [at for at, its_queue, name in self._get("/_bench/arrivals")["arrivals"]
                if its_queue == queue and name.startswith(operation)]

    def queue_state(self, queue: str) -> dict[str, int]:
        """The region alone: visible, in_flight, received, ..."""
        return self._get("/_sim/queues")[queue]

    def stop(self) -> None:
        self._connection.close()
        if self.process.running():
            self.process.kill()


def start_server(name: str, build: Path, venv: Path, node: str, directory: Path,
                 pin: list[str]) -> Server:
    load = build / "bench/bench-load"
    if name == "fauxqs":
        command = [node, "--no-warnings", str(BENCH / "server/fauxqs.mjs"), str(venv / "fauxqs")]
        return Server(name, "000000000000", command, load, directory, pin)
    command = [str(build / "bench/bench-server"), name]
    return Server(name, "123456789012", command, load, directory, pin)
