"""The demo itself, as a script sees it: plain lines, and an exit code that means something."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from processes import wait_until


def demo(build, directory, *options):
    # The demo must not listen to any of this.
    env = os.environ | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_PROFILE": "nobody",
                        "AWS_ACCESS_KEY_ID": "x", "AUTORECYCLE_LOG_LEVEL": "nonsense",
                        "TMPDIR": str(directory), "PYTHONUNBUFFERED": "1"}
    log = (directory / "demo.log").open("wb")
    return subprocess.Popen([sys.executable, ROOT / "demo/demo.py", "--build", build, *options],
                            env=env, stdout=log, stderr=log, start_new_session=True)


def children(process) -> list[str]:
    return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()


def runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("options", [[], ["--crash"]], ids=["undisturbed", "crash"])
def test_every_group_is_new_restored_and_clean(build, directory, options):
    assert demo(build, directory, *options).wait(150) == 0
    text = (directory / "demo.log").read_text()
    assert "Every group is new, restored and clean" in text
    assert ("kill -9" in text) == bool(options)


def test_an_interrupt_leaves_no_process_behind(build, directory):
    process = demo(build, directory)
    wait_until("the demo's region and worker", lambda: len(children(process)) == 2)
    started = children(process)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    wait_until("both to be gone", lambda: not any(runs(pid) for pid in started), 5)


def test_a_demo_that_cannot_start_says_why(directory):
    assert demo(directory, directory).wait(30) != 0
    assert "build it first" in (directory / "demo.log").read_text()
