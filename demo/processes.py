"""Child processes with their own environment, log file and process group; waiting by polling."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Callable, TypeVar

T = TypeVar("T")
PR_SET_PDEATHSIG = 1
# Only these go from the caller's environment to a child: AWS_* and the like of the user must not.
INHERITED = ("PATH", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS")


class Timeout(AssertionError):
    """What was waited for did not happen."""


def wait_until(what: str, probe: Callable[[], T], timeout: float = 30.0, pause: float = 0.03) -> T:
    """The first true value of `probe`, asked again and again; Timeout with the last otherwise."""
    deadline = time.monotonic() + timeout
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Timeout(f"waited {timeout:g} s for {what}; last seen: {value!r}")
        time.sleep(pause)


def clean_environment(home: Path, extra: dict[str, str] | None = None) -> dict[str, str]:
    env = {name: os.environ[name] for name in INHERITED if name in os.environ}
    env |= {"HOME": str(home), "TZ": "UTC", "AWS_EC2_METADATA_DISABLED": "true"}
    return env | (extra or {})


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A running program; its output goes to `log_path`."""

    def __init__(self, name: str, command: list[str], env: dict[str, str], directory: Path):
        self.name = name
        self.command = [str(word) for word in command]
        directory.mkdir(parents=True, exist_ok=True)
        self.log_path = directory / f"{name}.log"
        with self.log_path.open("ab") as log:
            self.child = subprocess.Popen(
                self.command, env=env, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=_die_with_parent)

    def log(self, last: int = 200_000) -> str:
        return self.log_path.read_text(errors="replace")[-last:]

    def running(self) -> bool:
        return self.child.poll() is None

    def wait_for_port(self, port_file: Path, timeout: float = 30.0) -> int:
        """The port that the program wrote to `port_file`; an error with its log if it died. If
        that is not waited for to its end, the program is killed: nobody holds it yet."""

        def port() -> int:
            if not self.running():
                raise Timeout(f"{self.name} ended with {self.child.returncode}:\n{self.log(4000)}")
            with contextlib.suppress(FileNotFoundError, ValueError):
                return int(port_file.read_text())
            return 0

        try:
            return wait_until(f"{self.name} to listen", port, timeout)
        except BaseException:
            self.kill()
            raise

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, number)

    def wait(self, timeout: float = 30.0) -> int:
        """The exit code; Timeout with the log if it does not end."""
        try:
            return self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            late = f"{self.name} still runs after {timeout:g} s:\n{self.log(4000)}"
            raise Timeout(late) from None

    def stop(self, timeout: float = 30.0) -> int:
        """SIGTERM, then the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait(timeout)

    def kill(self) -> None:
        """kill -9 of the whole process group, and nothing is left of it."""
        self.signal(signal.SIGKILL)
        self.child.wait()
