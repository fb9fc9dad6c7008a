"""What the metrics cost: the same worker with and without them, at full load, in turns.

    bench/metrics.py --build build/release [--rounds 15] [--messages 100000]

With `--listen off` and no export nobody can look, and nothing is counted (worker/metrics.h): that
is the side without. The other listens, and is scraped every second, 15 times as often as usual.
Prints the CPU of a message of either side, medians over the rounds, and their ratio with its
quartiles; exits with 1 if the median of the ratios is above the target of 1.02.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "demo"), str(ROOT / "bench")]

import measure  # noqa: E402
from clients import Client, ours  # noqa: E402
from servers import start_server  # noqa: E402
from stack import forget_the_users_aws  # noqa: E402

TARGET = 1.02
SCRAPE_EVERY = 1.0
PORT = 19464


def clients(build: Path) -> dict[str, Client]:
    return {side: Client(f"metrics {side}", ours(build, "--log-level", "warn", listen=listen), "",
                         ours=True)
            for side, listen in (("off", "off"), ("on", f"127.0.0.1:{PORT}"))}


def scrape(stop: threading.Event, counts: list[int]) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while not stop.wait(SCRAPE_EVERY):
        with contextlib.suppress(OSError), \
                opener.open(f"http://127.0.0.1:{PORT}/metrics", timeout=5) as answer:
            counts.append(len(answer.read()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release", type=Path)
    parser.add_argument("--rounds", default=15, type=int)
    parser.add_argument("--messages", default=100_000, type=int)
    arguments = parser.parse_args()
    forget_the_users_aws()
    build = arguments.build.resolve()
    cores = sorted(os.sched_getaffinity(0))
    taskset = shutil.which("taskset")
    pins = [[taskset, "-c", str(core)] if taskset and len(cores) > 1 else []
            for core in (cores[0], cores[-1])]
    with tempfile.TemporaryDirectory() as folder:
        rig = measure.Rig(Path(folder), pins[1])
        sides: dict[str, list[float]] = {"off": [], "on": []}
        scrapes: list[int] = []
        for number in range(arguments.rounds):
            order = ("off", "on") if number % 2 == 0 else ("on", "off")
            for side in order:
                server = start_server("stub", build, ROOT / ".venv", "node", Path(folder), pins[0])
                stop = threading.Event()
                scraper = threading.Thread(target=scrape, args=(stop, scrapes))
                if side == "on":
                    scraper.start()
                try:
                    took = measure.drain(rig, clients(build)[side], server, arguments.messages)
                finally:
                    stop.set()
                    if side == "on":
                        scraper.join()
                    server.stop()
                sides[side].append(took["cpu_us_per_message"])
            print(f"{time.strftime('%H:%M:%S')} round {number + 1}: off {sides['off'][-1]:.2f}, "
                  f"on {sides['on'][-1]:.2f} µs a message", file=sys.stderr, flush=True)
    ratios = [on / off for on, off in zip(sides["on"], sides["off"])]
    low, middle, high = statistics.quantiles(ratios, n=4)
    print(f"CPU a message, medians of {arguments.rounds} rounds of {arguments.messages} messages:\n"
          f"  without metrics {statistics.median(sides['off']):.2f} µs\n"
          f"  with metrics    {statistics.median(sides['on']):.2f} µs\n"
          f"  ratio           {middle:.3f} (quartiles {low:.3f} and {high:.3f})\n"
          f"  {len(scrapes)} scrapes of {max(scrapes, default=0)} bytes")
    return 0 if middle <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
