"""Where things are, and programs that tests need."""

from __future__ import annotations

import os
import shutil
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
