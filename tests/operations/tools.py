"""Where things are, and programs that tests need."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TERRAFORM = ROOT / "terraform"
MODULES = sorted(path.parent for path in TERRAFORM.glob("modules/*/main.tf"))
EXAMPLES = sorted(path.parent for path in TERRAFORM.glob("examples/*/main.tf"))


def tool(name: str) -> str:
    """The path of a program: in .venv, else on PATH. Without it the test is skipped."""
    found = shutil.which(name, path=f"{ROOT / '.venv/bin'}:{os.environ.get('PATH', '')}")
    if found is None:
        pytest.skip(f"{name} is not installed: .ci/install checks")
    return found


def run(*arguments, **options) -> str:
    """What a program printed; that it fails fails the test."""
    done = subprocess.run([str(each) for each in arguments], capture_output=True, text=True,
                          check=False, timeout=120, **options)
    assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout


def flags(text: str) -> set[str]:
    """The options of a --help."""
    return set(re.findall(r"^  (?:-\w,)?(--[a-z][a-z0-9-]*)", text, re.MULTILINE))
