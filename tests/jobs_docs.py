"""docs/jobs is what the catalogue says: PROGRAM FOLDER. `make job-docs` writes it anew."""

import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

BY_HAND = {"submit-a-script.md"}


def main(program, folder):
    wrong = []
    with tempfile.TemporaryDirectory() as home:
        environment = {"HOME": home, "PATH": "/usr/bin:/bin"}

        def run(*words):
            return subprocess.run([program, *words], capture_output=True, text=True, check=False,
                                  env=environment)

        written = Path(home) / "pages"
        ended = run("jobs", "docs", str(written))
        if ended.returncode != 0:
            sys.exit(ended.stderr)
        names = {page.name for page in written.glob("*.md")}
        for name in sorted(names | {page.name for page in Path(folder).glob("*.md")} - BY_HAND):
            new, old = written / name, Path(folder) / name
            if not new.exists() or not old.exists() or new.read_text() != old.read_text():
                wrong.append(f"{old} is not what the catalogue says: make job-docs")
        # The commands of the pages are taken as they stand; that nobody listens ends them.
        for page in sorted(written.glob("*-*.md")):
            usage = page.read_text().split("## Usage\n\n```\n")[1].split("\n")[0]
            words = shlex.split(usage)[1:]
            ended = run(*words, "--endpoint-url", "http://127.0.0.1:1", "--region", "eu-west-2")
            if ended.returncode == 2:
                wrong.append(f"{page.name}: {usage}: {ended.stderr}")
    sys.exit("\n".join(wrong) or 0)


main(*sys.argv[1:])
