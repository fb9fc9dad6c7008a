"""The workflow runs what is run here, and nothing that is not there."""

import re

import pytest
from tools import ROOT

WORKFLOW = ROOT / ".github/workflows/ci.yml"


@pytest.fixture(scope="module")
def jobs():
    yaml = pytest.importorskip("yaml")
    return yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]


def commands(job):
    return [step["run"] for step in job["steps"] if "run" in step]


def test_the_tests_are_exactly_what_ci_runs(jobs):
    assert commands(jobs["test"]) == [".ci/run"]
    assert "if" not in jobs["test"]


def test_every_target_and_script_exists(jobs):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for job in jobs.values():
        for command in commands(job):
            for target in re.findall(r"\bmake ([a-z-]+)", command):
                assert target in targets
            for path in re.findall(r"(?:^|\s)((?:\.ci|packaging|terraform)/[\w.-]+)", command):
                assert (ROOT / path).exists(), path


def test_variables_given_to_make_are_its_own(jobs):
    makefile = (ROOT / "Makefile").read_text()
    for job in jobs.values():
        for step in job["steps"]:
            for name in step.get("env", {}) if "make " in step.get("run", "") else {}:
                assert re.search(rf"^{name} \?=", makefile, re.MULTILINE), name


def test_threads_fuzzers_and_the_long_simulation_run_at_night(jobs):
    at_night = [" ".join(commands(job)) for job in jobs.values()
                if "pull_request" not in str(job.get("if", ""))]
    for needed in ("make tsan", "make fuzz", "make soak"):
        assert any(needed in each for each in at_night)
    assert re.search(r"^  schedule:\n    - cron: ", WORKFLOW.read_text(), re.MULTILINE)


def test_every_job_ends_and_can_only_read(jobs):
    assert all(job["timeout-minutes"] <= 360 for job in jobs.values())
    assert re.search(r"^permissions:\n  contents: read$", WORKFLOW.read_text(), re.MULTILINE)
