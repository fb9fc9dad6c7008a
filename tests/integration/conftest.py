"""Fixtures: servers on free ports, killed with their process group, their logs shown on failure."""

from __future__ import annotations

import os
import re
import shutil
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "demo"), str(Path(__file__).parent)]

from processes import Process, clean_environment, wait_until  # noqa: E402
from stack import Region, Worker, find_binary, forget_the_users_aws  # noqa: E402


def pytest_sessionstart(session):
    forget_the_users_aws()


def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    if os.environ.get("CI") == "true" and terminalreporter.stats.get("skipped"):
        terminalreporter.write_line("CI=true: a skipped test is a failed one", red=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed and call.when == "call":
        directory = item.funcargs.get("directory")
        for log in sorted(directory.glob("*.log")) if directory else []:
            report.sections.append((log.name, log.read_text(errors="replace")[-12_000:]))
    return report


@pytest.fixture(scope="session")
def build() -> Path:
    """The build whose binaries are tested: AUTORECYCLE_BUILD, else build/dev."""
    return Path(os.environ.get("AUTORECYCLE_BUILD", ROOT / "build/dev")).resolve()


@pytest.fixture(scope="session")
def autorecycle(build) -> Path:
    return find_binary(build, "autorecycle")


@pytest.fixture
def directory(request, tmp_path) -> Path:
    """Where the test's servers log to."""
    return tmp_path


@pytest.fixture
def start(directory):
    """start(Class, *arguments): Region, Worker or Process; ended after the test, come what may."""
    started = []

    def starter(what, *arguments, **options):
        one = what(*arguments, **options)
        started.append(one)
        return one

    yield starter
    for one in reversed(started):
        process = one if isinstance(one, Process) else one.process
        if process.running():
            process.kill()


@pytest.fixture
def region(start, build, directory) -> Region:
    """A simulated region of the test's own; its instances come and go in a fraction of a second."""
    region = start(Region, build, directory)
    region.config(launch_lag_ms=200, terminate_lag_ms=200, reaction_lag_ms=50,
                  target_healthy_lag_ms=100, deregistration_delay_ms=100, health_lag_ms=100)
    return region


@pytest.fixture
def start_worker(start, build, directory, region):
    """start_worker(*options): a worker that serves `region`, with intervals cut short."""

    def starter(*options, **more):
        more.setdefault("endpoint", region.endpoint)
        return start(Worker, build, directory, more.pop("endpoint"), "--recycle-interval", "200ms",
                     "--poll-wait", more.pop("poll_wait", "1s"),
                     "--retry-base", "100ms", "--retry-cap", "1s",
                     "--visibility-timeout", "10s", "--log-level", "debug", *options, **more)

    return starter


@pytest.fixture
def moto(start, directory):
    """moto, a fresh process; its endpoint. Signatures count after motoctl.enforce()."""
    pytest.importorskip("moto", reason="moto is not installed (.ci/install servers)")
    env = clean_environment(directory, {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false",
                                        "PYTHONUNBUFFERED": "1"})
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    process = start(Process, "moto", command, env, directory)

    def endpoint():
        assert process.running(), process.log()
        found = re.search(r"Running on (http://127\.0\.0\.1:\d+)", process.log())
        return found and found[1]

    url = wait_until("moto to listen", endpoint)
    wait_until("moto to answer",
               lambda: urllib.request.urlopen(url + "/moto-api/data.json").status == 200)
    return url


@pytest.fixture
def fauxqs(start, directory):
    """fauxqs, a strict SQS server that is not ours; the endpoint."""
    server = ROOT / ".venv/fauxqs/serve.mjs"
    node = shutil.which("node", path=str(Path(sys.executable).parent))
    if not node or not (server.parent / "node_modules/fauxqs").is_dir():
        pytest.skip("fauxqs is not installed (.ci/install servers)")
    process = start(Process, "fauxqs", [node, "--no-warnings", str(server)],
                    clean_environment(directory), directory)
    port = wait_until("fauxqs to listen", lambda: re.search(r"^(\d+)$", process.log(), re.M))
    return f"http://127.0.0.1:{port[1]}"
