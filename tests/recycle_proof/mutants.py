"""Breaks the recycle engine on purpose, one bug at a time, and expects the proof to notice.

    mutants.py [--runs N] [--only NAME]

Works on a copy of the tree under build/mutants, so that each bug costs one compilation and a link.
A bug whose place in the code is gone fails loudly: it has to be put where the code does that now.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / "build/mutants"
RECYCLE = "consumers/recycle/"


@dataclass
class Mutant:
    """`old` occurs exactly once in `file`; `new` takes its place."""

    name: str
    file: str
    old: str
    new: str
    why: str


MUTANTS = [
    Mutant("skip-restore", RECYCLE + "restore.cc",
           "if (auto step = restore_bounds(turn)) return *step;", "",
           "bounds stay where the roll had put them"),
    Mutant("wrong-victim", RECYCLE + "cull.cc",
           "std::copy_if(turn.census.old.begin(), turn.census.old.end(),",
           "std::copy_if(turn.census.fresh.begin(), turn.census.fresh.end(),",
           "a new instance is named"),
    Mutant("floor-off-by-one", RECYCLE + "cull.cc",
           "if (victim.ready && census.ready() - victim.units < wanted) {\n    return stand_by",
           "if (victim.ready && census.ready() - victim.units < wanted - 1) {\n    return stand_by",
           "one old instance may go too early"),
    Mutant("window-in-utc", RECYCLE + "window.cc",
           "const auto local = zone.to_local(at);",
           "const auto local = date::locate_zone(\"UTC\")->to_local(at);",
           "the window is read in UTC"),
    Mutant("journal-second", RECYCLE + "preflight.cc",
           "  return begin(turn);\n}",
           "  if (!is_suspended(turn.group(), kRebalance)) {\n"
           "    return Mutate{.action = SuspendProcesses{.processes = {\"AZRebalance\"}},\n"
           "                  .why = \"too early\"};\n  }\n  return begin(turn);\n}",
           "the first mutation comes before the journal"),
]


def run(*command: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run(command, text=True, check=False, **options)


def copy_tree(tree: Path) -> None:
    """What git knows; files that are the same keep their time, so that little is built again."""
    listed = run("git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others",
                 "--exclude-standard", capture_output=True).stdout
    for name in filter(None, listed.split("\0")):
        source, target = ROOT / name, tree / name
        if not source.is_file():
            continue
        if target.is_file() and target.read_bytes() == source.read_bytes():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def build(tree: Path, out: Path) -> Path:
    if not (out / "build.ninja").exists():
        run("cmake", "--preset", "release", "-B", str(out), "-DAUTORECYCLE_TESTS=ON", cwd=tree,
            stdout=subprocess.DEVNULL)
    made = run("cmake", "--build", str(out), "-j", str(os.cpu_count()), "--target",
               "autorecycle-recycle-soak", capture_output=True)
    if made.returncode:
        sys.exit("mutants: it does not build:\n" + made.stdout[-4000:])
    return out / "tests/recycle_proof/autorecycle-recycle-soak"


def judge(binary: Path, runs: int) -> tuple[bool, str]:
    """Whether a promise was broken, and the first line that says so."""
    ended = run(str(binary), "--runs", str(runs), "--failures", "1", capture_output=True)
    broken = [line for line in ended.stdout.splitlines() if line.startswith("seed ")]
    return ended.returncode != 0, broken[0] if broken else ended.stdout[-200:]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3000)
    parser.add_argument("--only")
    options = parser.parse_args()
    tree, out = HOME / "tree", HOME / "build"
    copy_tree(tree)
    broken, line = judge(build(tree, out), options.runs)
    if broken:
        print(f"mutants: the code itself breaks a promise: {line}")
        return 1
    missed = []
    for mutant in MUTANTS:
        if options.only not in (None, mutant.name):
            continue
        path = tree / mutant.file
        text = path.read_text()
        if text.count(mutant.old) != 1:
            print(f"mutants: {mutant.name}: its place in {mutant.file} is gone (found "
                  f"{text.count(mutant.old)} times): put it where the code does that now")
            return 1
        begun = time.monotonic()
        try:
            path.write_text(text.replace(mutant.old, mutant.new))
            caught, line = judge(build(tree, out), options.runs)
        finally:
            path.write_text(text)
        print(f"{'caught' if caught else 'MISSED':7} {mutant.name}: {mutant.why} "
              f"({time.monotonic() - begun:.0f} s)\n          {line if caught else ''}", flush=True)
        if not caught:
            missed.append(mutant.name)
    print("mutants: " + (f"missed {', '.join(missed)}" if missed else "all caught"))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
