"""What it costs to replay a dead letter: `autorecycle dlq replay` beside replay-aws-dlq (npm).

    python bench/replay.py [--build build/release] [--letters 5000] [--peer-letters 1000]

Both work on the same simulated region, one after the other, in alternating rounds of one run. CPU
is that of the client process, user and system; requests are counted by a relay in front of the
region. Prints the table of docs/dead-letters.md and the ratio; exit code 1 when the ratio is above
a tenth or a message costs more than 0.31 requests.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "demo")]

import stack  # noqa: E402
from processes import clean_environment  # noqa: E402
from stack import Region, client, forget_the_users_aws, worker_environment  # noqa: E402

# replay-aws-dlq sends with a library that knows no other region.
stack.REGION = "eu-west-1"

BODY = json.dumps({"detail": {"id": 7, "name": "x" * 160}})
REQUESTS_MAX = 0.31
RATIO_MAX = 0.1


class Relay:
    """Passes connections on and counts the requests in them."""

    def __init__(self, port: int):
        self.port = port
        self.requests = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.endpoint = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            near, _ = self.listener.accept()
            far = socket.create_connection(("127.0.0.1", self.port))
            threading.Thread(target=self.pump, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self.pump, args=(far, near, False), daemon=True).start()

    def pump(self, source, target, counted):
        end = b""
        while True:
            try:
                data = source.recv(65536)
            except OSError:
                data = b""
            if not data:
                break
            if counted:
                # The bodies are JSON or a form, neither of which holds this.
                text = end + data
                self.requests += text.count(b" HTTP/1.1\r\n")
                end = text[-10:] if not text.endswith(b"\r\n") else b""
            try:
                target.sendall(data)
            except OSError:
                break
        for one in (source, target):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def install_peer(folder: Path) -> Path:
    cli = folder / "node_modules/replay-aws-dlq/cli.js"
    if not cli.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for path in (ROOT / "bench/peers/replay").iterdir():
            shutil.copy(path, folder)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund",
                        "--loglevel=error"], cwd=folder, check=True, timeout=600)
    return cli


def run(command, env, directory):
    """Seconds of CPU and of the clock."""
    begun = time.monotonic()
    process = subprocess.Popen(command, env=env, cwd=directory, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {output[-2000:]!r}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - begun


def fill(sqs, url, letters):
    for first in range(0, letters, 10):
        sqs.send_message_batch(QueueUrl=url, Entries=[
            {"Id": str(i), "MessageBody": BODY} for i in range(min(10, letters - first))])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, default=ROOT / "build/release")
    parser.add_argument("--letters", type=int, default=5000)
    parser.add_argument("--peer-letters", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    forget_the_users_aws()
    cli = install_peer(ROOT / "build/bench/replay")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        region = Region(options.build.resolve(), directory, "--region", stack.REGION)
        try:
            return measure(options, region, cli, directory)
        finally:
            region.process.kill()


def measure(options, region, cli, directory) -> int:
    sqs = client("sqs", region.endpoint)
    source = sqs.create_queue(QueueName="orders")["QueueUrl"]
    letters = sqs.create_queue(QueueName="orders-dlq")["QueueUrl"]
    relay = Relay(int(region.endpoint.rsplit(":", 1)[1]))
    ours = worker_environment(directory, relay.endpoint)
    peers = clean_environment(directory, {
        "AWS_REGION": stack.REGION, "AWS_ACCESS_KEY_ID": ours["AWS_ACCESS_KEY_ID"],
        "AWS_SECRET_ACCESS_KEY": ours["AWS_SECRET_ACCESS_KEY"],
        "AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE": "1"})

    def through_relay(url):
        return relay.endpoint + url[len(region.endpoint):]

    clients = {
        "autorecycle dlq replay": (options.letters, ours, [
            str(options.build.resolve() / "autorecycle"), "dlq", "replay", "orders-dlq", "--to",
            "orders", "--own-replay"]),
        "replay-aws-dlq 1.0.1": (options.peer_letters, peers, [
            "node", str(cli), through_relay(letters), through_relay(source)])}
    figures = {name: [] for name in clients}
    for _ in range(options.rounds):
        for name, (count, env, command) in clients.items():
            fill(sqs, letters, count)
            before = relay.requests
            cpu, took = run(command, env, directory)
            figures[name].append((cpu / count * 1e6, (relay.requests - before) / count,
                                  count / took))
            left = sqs.get_queue_attributes(
                QueueUrl=letters, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
            if left["ApproximateNumberOfMessages"] != "0":
                raise RuntimeError(f"{name} left {left}")
    print("| client | CPU us/message | requests/message | messages/s |")
    print("| --- | ---: | ---: | ---: |")
    medians = {}
    for name, rounds in figures.items():
        medians[name] = [statistics.median(column) for column in zip(*rounds)]
        cpu, requests, rate = medians[name]
        print(f"| {name} | {cpu:.0f} | {requests:.3f} | {rate:.0f} |")
    (our_cpu, our_requests, _), (peer_cpu, _, _) = medians.values()
    ratio = our_cpu / peer_cpu
    print(f"\nCPU ratio: {ratio:.3f} (at most {RATIO_MAX})")
    return 0 if ratio <= RATIO_MAX and our_requests <= REQUESTS_MAX else 1


if __name__ == "__main__":
    sys.exit(main())
