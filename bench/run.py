"""`make bench`: every client alone against the same servers, medians of interleaved rounds.

docs/benchmarks.md says what is measured and how to read it. Prints Markdown, writes
build/bench/results.json. The exit code says whether everything could be measured, not whether the
targets were met.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "demo"), str(ROOT / "bench")]

import measure  # noqa: E402
import report  # noqa: E402
from clients import Client, all_clients, find_node  # noqa: E402
from install import install_peers  # noqa: E402
from processes import Timeout  # noqa: E402
from servers import start_server  # noqa: E402
from stack import forget_the_users_aws  # noqa: E402

# What the targets are about: in every mode and on every server.
MAIN = ("floor", "autorecycle", "squiss-ts", "sqs-consumer, batch")


@dataclass(frozen=True)
class Plan:
    rounds: dict[str, int]  # at full load, by server
    others: dict[str, int]  # in how many of them the clients beside MAIN take part
    scale: float  # of the messages at full load
    # How many in flight, the visibility timeout and for how long, in seconds.
    holds: tuple[tuple[int, int, float], ...]
    paced: int  # messages of the latency measurement, for each client and round
    paced_rounds: int
    idle_polls: int
    memory: tuple[str, ...]  # arguments of bench-memory
    everybody: bool  # are held, paced and idle


QUICK = Plan(rounds={"stub": 3, "region": 1, "fauxqs": 1}, others={}, scale=0.5,
             holds=((500, 10, 15),), paced=120, paced_rounds=1, idle_polls=2,
             memory=("10000", "10000"), everybody=False)
FULL = Plan(rounds={"stub": 5, "region": 3, "fauxqs": 3},
            others={"stub": 2, "region": 1, "fauxqs": 1}, scale=0.7,
            holds=((500, 10, 20), (10_000, 30, 30)), paced=200, paced_rounds=2, idle_polls=3,
            memory=("10000", "100000"), everybody=True)
# Slower servers get fewer messages: the time is the same.
SERVER_SCALE = {"stub": 1.0, "region": 0.4, "fauxqs": 0.4}
RATE = 20.0  # messages a second, low


class Bench:
    def __init__(self, arguments: argparse.Namespace):
        self.build = Path(arguments.build).resolve()
        self.out = ROOT / "build/bench"
        self.logs = self.out / "logs"
        shutil.rmtree(self.logs, ignore_errors=True)
        self.logs.mkdir(parents=True)
        self.plan = QUICK if arguments.quick else FULL
        self.only = arguments.only
        cores = sorted(os.sched_getaffinity(0))
        taskset = shutil.which("taskset")
        self.pins = [[taskset, "-c", str(core)] if taskset and len(cores) > 1 else []
                     for core in (cores[0], cores[-1])]
        os.sched_setaffinity(0, {cores[0]})  # beside the server, away from the client
        self.venv = ROOT / ".venv"
        self.node = find_node(self.venv)
        self.rig = measure.Rig(self.logs, self.pins[1])
        self.missing = install_peers(self.out / "peers")
        self.clients = all_clients(self.build, self.out / "peers", self.node)
        self.results: dict = {"machine": report.machine(), "mode": "quick" if arguments.quick
                              else "full", "missing": self.missing, "failed": [], "drain": {},
                              "hold": [], "latency": {}, "idle": {}, "memory": {},
                              "settings": {one.name: one.settings for one in self.clients}}

    def wants(self, part: str) -> bool:
        return not self.only or part in self.only

    def say(self, text: str) -> None:
        print(f"bench: {time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)

    @contextlib.contextmanager
    def server(self, name: str):
        one = start_server(name, self.build, self.venv, self.node, self.logs, self.pins[0])
        try:
            yield one
        finally:
            one.stop()

    def attempt(self, what: str, client: Client, call) -> dict | None:
        """One measurement; what goes wrong with it is noted, and the others go on."""
        try:
            answer = call()
        except (Timeout, RuntimeError, OSError) as error:
            self.say(f"{what}, {client.name}: FAILED: {error}")
            self.results["failed"].append(f"{what}, {client.name}: {str(error)[:300]}")
            return None
        numbers = ", ".join(f"{name} {value:.4g}" for name, value in answer.items())
        self.say(f"{what}, {client.name}: {numbers}")
        return answer

    def drain(self) -> None:
        for name, rounds in self.plan.rounds.items():
            if name == "fauxqs" and not (self.venv / "fauxqs/node_modules/fauxqs").is_dir():
                self.missing["fauxqs"] = "not installed (.ci/install servers)"
                continue
            table = self.results["drain"].setdefault(name, {})
            for number in range(rounds):
                everybody = number < self.plan.others.get(name, 0)
                # A fresh server a round: some grow slower with what they have seen.
                with self.server(name) as server:
                    for client in self.clients:
                        if client.name not in MAIN and not everybody:
                            continue
                        count = int(client.messages * self.plan.scale * SERVER_SCALE[name])
                        found = self.attempt(f"full load on {name}", client,
                                             lambda: measure.drain(self.rig, client, server, count))
                        if found:
                            table.setdefault(client.name, []).append(found)

    def hold(self) -> None:
        for in_flight, visibility, seconds in self.plan.holds:
            for client in self.clients:
                if client.holds < in_flight or not (client.name in MAIN or self.plan.everybody):
                    continue
                with self.server("region") as server:
                    found = self.attempt(
                        f"{in_flight} in flight", client, lambda: measure.hold(
                            self.rig, client, server, in_flight, visibility, seconds))
                    if found:
                        self.results["hold"].append({"client": client.name, **found})

    def latency(self) -> None:
        for _ in range(self.plan.paced_rounds):
            with self.server("region") as server:
                for client in self.quiet_clients():
                    found = self.attempt("low rate", client, lambda: measure.latency(
                        self.rig, client, server, self.plan.paced, RATE))
                    if found:
                        self.results["latency"].setdefault(client.name, []).append(found)

    def quiet_clients(self) -> list[Client]:
        return [one for one in self.clients if one.name in MAIN or
                (self.plan.everybody and not (one.ours and "line" in one.name))]

    def memory(self) -> None:
        done = subprocess.run([self.build / "bench/bench-memory", *self.plan.memory],
                              capture_output=True, text=True, timeout=600, check=False)
        if done.returncode != 0:
            self.results["failed"].append(f"bench-memory: {done.stderr.strip()[-300:]}")
        else:
            self.results["memory"] = json.loads(done.stdout)

    def run(self) -> None:
        if self.wants("drain"):
            self.drain()
        with contextlib.ExitStack() as stack:
            idle = None
            if self.wants("idle"):
                server = stack.enter_context(self.server("region"))
                self.say("idle clients started, they are looked at later")
                idle = measure.Idle(self.rig, self.quiet_clients(), server)
                stack.callback(idle.stop)
            if self.wants("hold"):
                self.hold()
            if self.wants("latency"):
                self.latency()
            if self.wants("memory") and (self.build / "bench/bench-memory").exists():
                self.memory()
            if idle:
                self.say("waiting for the idle clients' long polls")
                self.results["idle"] = idle.finish(self.plan.idle_polls)
                self.results["failed"] += [f"idle, {name}: {text[:300]}"
                                           for name, text in idle.failed.items()]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=str(ROOT / "build/release"),
                        help="the build with -DAUTORECYCLE_BENCH=ON (default: build/release)")
    parser.add_argument("--quick", action="store_true",
                        help="about four minutes: the clients that the targets are about")
    parser.add_argument("--only", action="append",
                        choices=["drain", "idle", "hold", "latency", "memory"],
                        help="only this part; may be repeated")
    return parser.parse_args()


def main() -> int:
    forget_the_users_aws()
    begun = time.monotonic()
    bench = Bench(parse())
    try:
        bench.run()
    except KeyboardInterrupt:
        bench.say("interrupted; what was measured so far follows")
        bench.results["failed"].append("interrupted")
    bench.results["minutes"] = round((time.monotonic() - begun) / 60, 1)
    (bench.out / "results.json").write_text(json.dumps(bench.results, indent=1) + "\n")
    print(report.markdown(bench.results))
    return 1 if bench.results["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
