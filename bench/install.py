"""Installs the peers with the ordinary clients of their registries into build/bench/peers.

A peer that cannot be installed is left out with the reason; a second run finds everything there.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

PEERS = Path(__file__).resolve().parent / "peers"
TIMEOUT = 600


def stamp_of(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT,
                          check=False)
    if done.returncode != 0:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise OSError(f"{command[0]}: {' '.join(last)}")


def install_node(folder: Path) -> None:
    if shutil.which("npm") is None:
        raise OSError("npm is not installed")
    run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier",
         "--loglevel=error"], folder)


def install_python(folder: Path) -> None:
    run([sys.executable, "-m", "venv", "."], folder)
    run(["bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--requirement", "requirements.txt"], folder)


def install_go(folder: Path) -> None:
    if shutil.which("go") is None:
        raise OSError("Go is not installed")
    run(["go", "build", "-o", "loop", "."], folder)


def install_peers(target: Path) -> dict[str, str]:
    """Into `target`/node, /python and /go; why each one that is missing is missing."""
    missing = {}
    steps = {"node": install_node, "python": install_python, "go": install_go}
    for name, install in steps.items():
        folder, stamp = target / name, target / f"{name}.stamp"
        wanted = stamp_of(PEERS / name)
        if stamp.exists() and stamp.read_text() == wanted:
            continue
        print(f"bench: installing the {name} peers into {folder}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        stamp.unlink(missing_ok=True)
        shutil.copytree(PEERS / name, folder)
        try:
            install(folder)
            stamp.write_text(wanted)
        except (OSError, subprocess.TimeoutExpired) as error:
            shutil.rmtree(folder, ignore_errors=True)
            missing[name] = str(error)
    return missing
