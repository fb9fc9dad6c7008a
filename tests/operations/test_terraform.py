"""The modules by themselves: formatted, valid against the provider's schema, tested, documented."""

import json
import re
import subprocess
import sys

import pytest
from tools import EXAMPLES, MODULES, ROOT, TERRAFORM

BOTH = MODULES + EXAMPLES


def name_of(folder):
    return folder.name


def sources(folder):
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.tf")))


def test_the_modules_are_the_ones_of_the_readme():
    named = re.findall(r"\((modules/[\w-]+|examples/[\w-]+)\)",
                       (TERRAFORM / "README.md").read_text(encoding="utf-8"))
    assert sorted(set(named)) == sorted(str(each.relative_to(TERRAFORM)) for each in BOTH)


def test_everything_is_formatted(terraform):
    assert terraform(TERRAFORM, "fmt", "-check", "-recursive", "-list=true") == ""


@pytest.mark.parametrize("folder", BOTH, ids=name_of)
def test_the_configuration_is_valid(terraform, folder):
    terraform(folder, "validate", "-no-color")


@pytest.mark.parametrize("folder", BOTH, ids=name_of)
def test_its_own_tests_pass(tested, folder):
    summary, _ = tested(folder)
    assert summary["status"] == "pass"
    assert summary["passed"] > 0
    assert summary["failed"] == summary["errored"] == summary["skipped"] == 0


def test_a_mistake_in_an_argument_is_found(terraform, tmp_path):
    """That the schema is really the provider's, and validation really happens."""
    folder = tmp_path / "mistaken"
    folder.mkdir()
    text = sources(TERRAFORM / "modules/queues")
    (folder / "main.tf").write_text(text.replace("receive_wait_time_seconds", "wait_time_seconds"))
    with pytest.raises(AssertionError, match="Unsupported argument"):
        terraform(folder, "validate", "-no-color")


@pytest.mark.parametrize("folder", BOTH, ids=name_of)
def test_every_variable_is_used_typed_and_described(folder):
    text = sources(folder)
    for name, body in re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL):
        assert re.search(rf"\bvar\.{name}\b", text.replace(body, "")), f"{name} is not used"
        assert re.search(r"^  type +=", body, re.MULTILINE), f"{name} has no type"
        assert re.search(r'^  description += "\S', body, re.MULTILINE), f"{name} is not described"


@pytest.mark.parametrize("folder", BOTH, ids=name_of)
def test_every_output_is_described(folder):
    outputs = re.findall(r'^output "(\w+)" \{\n(.*?)^\}', sources(folder), re.MULTILINE | re.DOTALL)
    assert outputs
    for name, body in outputs:
        assert re.search(r'^  description += "\S', body, re.MULTILINE), f"{name} is not described"


@pytest.mark.parametrize("folder", BOTH, ids=name_of)
def test_every_local_is_used(folder):
    text = sources(folder)
    for body in re.findall(r"^locals \{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL):
        for name in re.findall(r"^  (\w+) +=(?!>)", body, re.MULTILINE):
            assert re.search(rf"\blocal\.{name}\b", text), f"local.{name} is not used"


@pytest.mark.parametrize("folder", MODULES, ids=name_of)
def test_every_validation_is_seen_to_refuse(folder):
    """A variable with a rule is in an expect_failures of the module's tests."""
    tests = "\n".join(path.read_text() for path in folder.glob("tests/*.tftest.hcl"))
    refused = set(re.findall(r"var\.(\w+)", " ".join(
        re.findall(r"expect_failures = \[([^\]]*)\]", tests))))
    with_rules = {name for name, body in re.findall(
        r'^variable "(\w+)" \{\n(.*?)^\}', sources(folder), re.MULTILINE | re.DOTALL)
        if "validation {" in body}
    assert with_rules == refused


@pytest.mark.parametrize("folder", MODULES, ids=name_of)
def test_the_provider_is_pinned_from_the_version_that_is_checked_here(folder):
    schema = json.loads((ROOT / "tests/operations/aws_schema.json").read_text())
    checked = schema["version"].rpartition(".")[0]
    assert f'version = ">= {checked}, < 7.0"' in (folder / "versions.tf").read_text()


def test_the_tables_in_the_readmes_are_up_to_date():
    checked = subprocess.run([sys.executable, TERRAFORM / "readme.py", "--check"],
                             capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
