"""Breaks the recycle engine on purpose, one bug at a time, and expects the proof to notice.

    mutants.py [--build DIR] [--runs N] [--only NAME]

Each bug costs the compilation of one file, before whose object the rest of the build is linked once
more: neither the tree nor the build is touched. A bug whose place in the code is gone fails loudly:
it has to be put where the code does that now.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = "autorecycle-recycle-soak"
RECYCLE = "consumers/recycle/"


@dataclass
class Mutant:
    """`old` occurs exactly once in `file`; `new` takes its place."""

    name: str
    file: str
    old: str
    new: str
    why: str
    options: tuple[str, ...] = ()  # of the proof


MUTANTS = [
    Mutant("skip-restore", RECYCLE + "restore.cc",
           "if (auto step = restore_bounds(turn)) return *step;", "(void)restore_bounds(turn);",
           "bounds stay where the roll had put them"),
    Mutant("wrong-victim", RECYCLE + "cull.cc",
           "std::copy_if(turn.census.old.begin(), turn.census.old.end(),",
           "std::copy_if(turn.census.fresh.begin(), turn.census.fresh.end(),",
           "a new instance is named"),
    # In both guards: each of them alone makes up for the other.
    Mutant("floor-off-by-one", RECYCLE + "cull.cc",
           "const int wanted = turn.journal.wanted();\n"
           "  const int fresh = std::max(0, turn.wanted_fresh() - turn.journal.keep);",
           "const int wanted = turn.journal.wanted() - 1;\n"
           "  const int fresh = std::max(0, turn.wanted_fresh() - 1 - turn.journal.keep);",
           "one old instance may go too early"),
    Mutant("window-in-utc", RECYCLE + "planner.cc",
           "const auto answer = check_window(turn.policy.window, turn.now);",
           "WindowRule rule = turn.policy.window;\n  rule.zone = \"UTC\";\n"
           "  const auto answer = check_window(rule, turn.now);",
           "the window is read in UTC"),
    Mutant("journal-second", RECYCLE + "preflight.cc",
           "  return begin(turn);\n}",
           "  if (!is_suspended(turn.group(), kRebalance)) {\n"
           "    return Mutate{.action = SuspendProcesses{.processes = {\"AZRebalance\"}},\n"
           "                  .why = \"too early\"};\n  }\n  return begin(turn);\n}",
           "the first mutation comes before the journal"),
    Mutant("claim-ignored", RECYCLE + "claim.cc",
           "return is_above(one, claim_); })) return Sight::kLost;",
           "return is_above(one, claim_); })) return Sight::kFine;",
           "a delivery goes on although another has claimed the group", ("--crowded",)),
]


def run(*command: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run(command, text=True, check=False, capture_output=True, **options)


def must(what: str, made: subprocess.CompletedProcess) -> str:
    if made.returncode:
        sys.exit(f"mutants: {what}:\n{made.stdout[-3000:]}{made.stderr[-3000:]}")
    return made.stdout


class Build:
    def __init__(self, folder: Path):
        self.folder = folder
        self.scratch = folder / "mutants"
        self.scratch.mkdir(parents=True, exist_ok=True)
        if not (folder / "build.ninja").exists():
            must("cmake", run("cmake", "--preset", "release", "-B", str(folder),
                              "-DAUTORECYCLE_TESTS=ON", cwd=ROOT))
        must("it does not build", run("cmake", "--build", str(folder), "-j", str(os.cpu_count()),
                                      "--target", TARGET))
        commands = json.loads((folder / "compile_commands.json").read_text())
        self.compilations = {Path(one["file"]).resolve(): one for one in commands}
        self.program = folder / "tests/recycle_proof" / TARGET

    def with_mutant(self, file: str, text: str) -> Path:
        """The program with this text in the place of that file."""
        source = self.scratch / Path(file).name
        source.write_text(text)
        built = self.scratch / "mutant.o"
        one = self.compilations[ROOT / file]
        command = shlex.split(one["command"])
        command[command.index("-o") + 1] = str(built)
        command[command.index("-c") + 1] = str(source)
        must(f"{file} with its bug does not compile", run(*command, cwd=one["directory"]))
        # What the object defines is not looked for in the libraries behind it.
        link = must("ninja", run("ninja", "-C", str(self.folder), "-t", "commands", TARGET))
        line = link.strip().splitlines()[-1]
        mutant = self.scratch / TARGET
        old = f"-o tests/recycle_proof/{TARGET}"
        if line.count(old) != 1:
            sys.exit(f"mutants: how {TARGET} is linked is not understood: {line}")
        must("linking", run("bash", "-c", line.replace(old, f"{built} -o {mutant}"),
                            cwd=self.folder))
        return mutant


def judge(program: Path, runs: int, options: tuple[str, ...] = ()) -> tuple[bool, str]:
    """Whether a promise was broken, and the first line that says so."""
    ended = run(str(program), "--runs", str(runs), "--failures", "1", *options)
    broken = [line for line in ended.stdout.splitlines() if line.startswith("seed ")]
    return ended.returncode != 0, broken[0] if broken else ended.stdout[-200:]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / "build/soak")
    parser.add_argument("--runs", type=int, default=3000)
    parser.add_argument("--only")
    options = parser.parse_args()
    build = Build(options.build.resolve())
    for more in sorted({mutant.options for mutant in MUTANTS}):
        broken, line = judge(build.program, options.runs, more)
        if broken:
            print(f"mutants: the code itself breaks a promise: {line}")
            return 1
    missed = []
    for mutant in MUTANTS:
        if options.only not in (None, mutant.name):
            continue
        text = (ROOT / mutant.file).read_text()
        if text.count(mutant.old) != 1:
            print(f"mutants: {mutant.name}: its place in {mutant.file} is gone (found "
                  f"{text.count(mutant.old)} times): put it where the code does that now")
            return 1
        begun = time.monotonic()
        program = build.with_mutant(mutant.file, text.replace(mutant.old, mutant.new))
        caught, line = judge(program, options.runs, mutant.options)
        print(f"{'caught' if caught else 'MISSED':7} {mutant.name}: {mutant.why} "
              f"({time.monotonic() - begun:.0f} s)\n          {line if caught else ''}", flush=True)
        if not caught:
            missed.append(mutant.name)
    print("mutants: " + (f"missed {', '.join(missed)}" if missed else "all caught"))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
