"""What the pages tell people to type and to look at is there: links, commands, options, targets,
metrics, settings, paths."""

import re
import shlex
import subprocess

import pytest
from test_monitoring import FAMILIES
from tools import ROOT, flags, run

PAGES = [ROOT / each for each in subprocess.run(
    ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    .stdout.splitlines()]
FENCE = re.compile(r"^(?: *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def name_of(page):
    return str(page.relative_to(ROOT))


def text_of(page):
    return page.read_text(encoding="utf-8")


def without_code(text):
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))


def anchors(text):
    """As GitHub names headings: small letters, no punctuation, hyphens for spaces."""
    found, seen = set(), {}
    for heading in re.findall(r"^#{1,6} (.*)$", FENCE.sub("", text), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        seen[slug] = seen.get(slug, -1) + 1
        found.add(slug if seen[slug] == 0 else f"{slug}-{seen[slug]}")
    return found


def typed(text):
    """Every line of code, fenced, indented or between backticks, continued lines joined."""
    blocks = [body for _, body in FENCE.findall(text)]
    rest = FENCE.sub("", text)
    blocks += re.findall(r"^ {4}\S.*$", rest, re.MULTILINE)
    blocks += re.findall(r"`([^`\n]+)`", re.sub(r"(?<=\S)\n *(?=\S)", " ", rest))
    for block in blocks:
        yield from re.sub(r"\\\n\s*", " ", block).splitlines()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(text_of(page))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(text_of(there)), target


def invocations(page):
    """[words after autorecycle] of every command on the page."""
    for line in typed(text_of(page)):
        line = line.partition(" #")[0] if " #" in line else line
        for at in re.finditer(r"(?:^|[\s(]|(?<!autorecycle)/)autorecycle (?=[a-z-])", line):
            words = re.split(r" (?:\||&&|;) ?|\)|\s{2,}", line[at.end():])[0]
            try:
                yield shlex.split(words)
            except ValueError:  # a quotation begins in the one and ends in the next
                yield words.split()


def known(words, commands):
    """The longest command that `words` begin with."""
    for count in range(len(words), 0, -1):
        if tuple(words[:count]) in commands:
            return tuple(words[:count])
    return None


@pytest.mark.parametrize("page", [page for page in PAGES if any(invocations(page))], ids=name_of)
def test_commands_and_their_options_exist(page, commands):
    for words in invocations(page):
        command = known(words, commands)
        options = [re.split(r"[=\]]", word.strip("[]"))[0] for word in words
                   if word.strip("[").startswith("--")]
        if command is None:
            assert words[0].startswith("--"), f"autorecycle {' '.join(words)}"
            command = ()
        assert set(options) <= flags(commands[command]), f"autorecycle {' '.join(words)}"
        below = re.search(r"^Subcommands:", commands[command], re.MULTILINE)
        named = [word for word in words[len(command):] if re.fullmatch(r"[a-z]+", word)]
        assert not (below and command and named), f"autorecycle {' '.join(words)}"


SOURCES = "".join(path.read_text(encoding="utf-8")
                  for path in sorted((ROOT / "worker").glob("options*.cc")))
SECRETS = {f"--{name}" for name in re.findall(r'secret\(\s*\{"([a-z-]+)"', SOURCES)}
TAGS = set(re.findall(r'"(autorecycle_[a-z_]*[a-z])"', text_of(
    ROOT / "consumers/recycle/policy.h")))
# Variables of the build and of the tests.
VARIABLES = set(re.findall(r"\bAUTORECYCLE_[A-Z_]+", "".join(
    text_of(ROOT / each) for each in ("CMakeLists.txt", "Makefile"))))


def options_of_other_programs():
    found = set()
    for path in [*ROOT.glob("tests/**/*main*.cc"), *ROOT.glob("bench/**/*.py"),
                 *ROOT.glob("bench/**/*.cc")]:
        found |= set(re.findall(r'"(?:-\w,)?(--[a-z][a-z-]+)', text_of(path)))
    return found | {"--hook-type"}  # of pre-commit


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"],
                         ids=name_of)
def test_options_variables_and_metrics_exist(page, commands, binary):
    text = text_of(page)
    ours = set().union({"--config"}, SECRETS, *(flags(said) for said in commands.values()))
    if page.name == "simulator.md":
        ours |= flags(run(binary.parent / "sim/autorecycle-sim", "--help"))
    for option in re.findall(r"`(--[a-z][a-z-]+)[^`]*`", text):
        assert option in ours | options_of_other_programs(), option
    for name in re.findall(r"\bAUTORECYCLE_[A-Z_]*[A-Z]\b", text):
        assert f"--{name[12:].lower().replace('_', '-')}" in ours or name in VARIABLES, name
    for metric in re.findall(r"`(autorecycle_[a-z_]+)[`{]", text):
        if not metric.startswith(("autorecycle_gate_", "autorecycle_hook_")):
            assert metric in TAGS or metric in FAMILIES or f"{metric}_bucket" in FAMILIES, metric


def test_targets_of_make_exist():
    targets = set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    for page in PAGES:
        for line in typed(text_of(page)):
            for target in re.findall(r"(?:^|[;&(] *)make ([a-z-]+)", line):
                assert target in targets, f"{name_of(page)}: make {target}"


def test_paths_exist():
    """Anything between backticks that begins with one of our folders."""
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()} - {"build", ".git", ".venv"}
    for page in PAGES:
        for span in re.findall(r"`([\w.-]+/[\w./-]*)`", text_of(page)):
            if span.split("/")[0] in folders and "NNNN" not in span:
                found = (ROOT / span).exists() or any(ROOT.glob(f"{span}.*"))
                assert found, f"{name_of(page)}: {span}"
