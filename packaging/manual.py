#!/usr/bin/env python3
"""Writes the man page and the shells' completions from what the program says of itself, and the
package's changelog.

    packaging/manual.py path/to/autorecycle FOLDER MAINTAINER

FOLDER gets autorecycle.1, autorecycle.bash, _autorecycle (zsh), autorecycle.fish and changelog.
Everything is read from `--help`, so a new command or option needs nothing here. The page has the
date of SOURCE_DATE_EPOCH, or none without it or where it is 0.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import format_datetime
from pathlib import Path

PROGRAM = "autorecycle"
# "text or json", "debug, info, warn or error" at the start of an option's help.
CHOICES = re.compile(r"((?:[a-z-]+, )*[a-z-]+ or [a-z-]+)(?=[,;:.]|$)")


@dataclass
class Option:
    flags: list[str]
    argument: str
    help: str

    @property
    def choices(self) -> list[str]:
        found = CHOICES.match(self.help) if self.argument else None
        return re.split(r", | or ", found.group(1)) if found else []


@dataclass
class Command:
    words: list[str]
    about: str = ""
    usage: str = ""
    options: list[Option] = field(default_factory=list)
    positional: bool = False
    text: str = ""  # what follows the options
    below: list[Command] = field(default_factory=list)

    def all(self) -> list[Command]:
        return [self] + [each for command in self.below for each in command.all()]


def entries(lines: list[str]) -> list[tuple[str, str]]:
    """(left, right) of a list in two columns; a long left part has the right one below it."""
    found: list[tuple[str, str]] = []
    for line in lines:
        if re.match(r" {10,}\S", line) and found:
            left, right = found[-1]
            found[-1] = (left, f"{right} {line.strip()}".strip())
        else:
            left, _, right = re.sub(r" {2,}", "\t", line.strip(), count=1).partition("\t")
            found.append((left, right))
    return found


def read(program: str, words: list[str]) -> Command:
    said = subprocess.run([program, *words, "--help"], capture_output=True, text=True, check=True)
    command = Command(words)
    about, _, rest = said.stdout.partition("Usage: ")
    command.about = about.strip()
    command.usage, _, rest = rest.partition("\n")
    lists = re.match(r"(?:\n+(?!Examples?:)[A-Z]\w+:\n(?: +\S.*\n)+)*", rest).group()
    command.text = rest[len(lists):].strip("\n")
    names = []
    for title, body in re.findall(r"([A-Z]\w+):\n((?: +\S.*\n)+)", lists):
        listed = entries(body.splitlines())
        if title == "Subcommands":
            names = [name for name, _ in listed]
        elif title == "Positionals":
            command.positional = True
        else:
            for left, right in listed:
                flags, _, argument = left.partition(" ")
                command.options.append(Option(flags.split(","), argument, right))
    command.below = [read(program, words + [name]) for name in names]
    return command


def roff(text: str) -> str:
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga")
    return re.sub(r"^([.'])", r"\\&\1", escaped, flags=re.MULTILINE)


def verbatim(text: str) -> list[str]:
    return [".nf", roff(text), ".fi"] if text else []


def built() -> datetime:
    return datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH") or 0), timezone.utc)


def date() -> str:
    return f"{built():%Y-%m-%d}" if built().timestamp() else ""


def changelog(version: str, maintainer: str) -> str:
    """In Debian's form, which every package has to have."""
    return (f"{PROGRAM} ({version}) unstable; urgency=medium\n\n"
            f"  * What has changed: CHANGELOG.md in this folder.\n\n"
            f" -- {maintainer}  {format_datetime(built())}\n")


def man(root: Command, version: str) -> str:
    summary = root.about.partition(": ")[2].partition(".")[0]
    lines = [f'.TH AUTORECYCLE 1 "{date()}" "{roff(version)}" "User Commands"', ".SH NAME",
             f"{PROGRAM} \\- {roff(summary)}", ".SH SYNOPSIS"]
    for command in root.all():
        if not command.below:
            arguments = command.usage.partition("[OPTIONS]")[2].strip()
            lines += [".br"] if lines[-1] != ".SH SYNOPSIS" else []
            lines += [f".B {roff(' '.join([PROGRAM, *command.words]))}",
                      f"[\\fIoptions\\fR] {roff(arguments)}".rstrip()]
    lines += [".SH DESCRIPTION", *verbatim(root.about)]
    for command in root.all()[1:]:
        lines += [f'.SH "{roff(" ".join(command.words).upper())}"', roff(command.about) + "."]
        for option in command.options:
            flags = ", ".join(f"\\fB{roff(flag)}\\fR" for flag in option.flags)
            lines += [".TP", f"{flags} {roff(option.argument)}".rstrip(), roff(option.help)]
        if command.text and command.text != root.text:
            lines += [".PP", *verbatim(command.text)]
    lines += [".SH ENVIRONMENT, FILES AND EXIT STATUS", *verbatim(root.text)]
    return "\n".join(lines) + "\n"


def flags_of(command: Command) -> list[str]:
    return [flag for option in command.options for flag in option.flags]


def known_commands(root: Command) -> str:
    return "".join(f"|{' '.join(command.words)}" for command in root.all()[1:]) + "|"


def bash(root: Command) -> str:
    """Where this offers nothing, the shell offers files, with whatever their names need."""
    cases, values, others = [], [], []
    for command in root.all():
        names = [each.words[-1] for each in command.below]
        listed = " ".join(names + flags_of(command))
        cases.append(f"    '{' '.join(command.words)}') words='{listed}' ;;")
    known = {flag: option for command in root.all() for option in command.options
             for flag in option.flags if option.argument}
    for flag, option in sorted(known.items()):
        if option.choices:
            values.append(f"    {flag}) words='{' '.join(option.choices)}' ;;")
        else:
            others.append(flag)
    values.append(f"    {' | '.join(others)}) return ;;")
    return f"""# bash completion of {PROGRAM}; written by packaging/manual.py
# shellcheck shell=bash
_{PROGRAM}() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}}
  local path='' words='' word
  local commands='{known_commands(root)}'
  COMPREPLY=()
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    [[ $commands == *"|${{path:+$path }}$word|"* ]] || break
    path+="${{path:+ }}$word"
  done
  case $previous in
{chr(10).join(values)}
    *) case $path in
{chr(10).join(cases)}
    esac ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}}
complete -o bashdefault -o default -F _{PROGRAM} {PROGRAM}
"""


def quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "’")


def zsh(root: Command) -> str:
    def specification(option: Option) -> list[str]:
        text = quoted(option.help).replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")
        value = ""
        if option.argument:
            is_file = option.argument.startswith("FILE")
            what = "_files" if is_file else f"({' '.join(option.choices)})"
            value = f":{option.argument.split(' ')[0].lower().replace(':', '-')}:{what}"
        return [f"'{flag}[{text}]{value}'" for flag in option.flags]

    cases = []
    for command in root.all():
        below = [f"'{each.words[-1]}:{quoted(each.about.splitlines()[0])}'"
                 for each in command.below]
        specifications = [each for option in command.options for each in specification(option)]
        body = [f"      _arguments {' '.join(specifications)} '*:file:_files'"]
        if below:
            body = [f"      if [[ $PREFIX == -* ]]; then _arguments {' '.join(specifications)}",
                    f"      else local -a commands=({' '.join(below)})",
                    "        _describe command commands", "      fi"]
        cases.append("\n".join([f"    '{' '.join(command.words)}')", *body, "      ;;"]))
    return f"""#compdef {PROGRAM}
# zsh completion of {PROGRAM}; written by packaging/manual.py
_{PROGRAM}() {{
  local chosen='' word commands='{known_commands(root)}'
  for word in "${{(@)words[2,CURRENT-1]}}"; do
    [[ $commands == *"|${{chosen:+$chosen }}$word|"* ]] || break
    chosen+="${{chosen:+ }}$word"
  done
  case $chosen in
{chr(10).join(cases)}
  esac
}}
_{PROGRAM} "$@"
"""


def fish(root: Command) -> str:
    lines = [f"# fish completion of {PROGRAM}; written by packaging/manual.py",
             f"complete -c {PROGRAM} -f"]
    for command in root.all():
        seen = " and ".join(f"__fish_seen_subcommand_from {word}" for word in command.words)
        names = " ".join(each.words[-1] for each in command.below)
        here = f"{seen}{' and ' if seen and names else ''}" \
               f"{f'not __fish_seen_subcommand_from {names}' if names else ''}".replace(
                   " and ", "; and ")
        for each in command.below:
            lines.append(f"complete -c {PROGRAM} -n '{here}' -a {each.words[-1]} "
                         f"-d '{quoted(each.about.splitlines()[0])}'")
        for option in command.options:
            long = [flag[2:] for flag in option.flags if flag.startswith("--")]
            short = [flag[1:] for flag in option.flags if not flag.startswith("--")]
            line = f"complete -c {PROGRAM} -n '{here}'" + "".join(f" -l {each}" for each in long)
            line += "".join(f" -s {each}" for each in short)
            if option.argument:
                line += " -r -F" if option.argument.startswith("FILE") else \
                    f" -x -a '{' '.join(option.choices)}'"
            lines.append(f"{line} -d '{quoted(option.help)}'")
    return "\n".join(lines) + "\n"


def main() -> None:
    program, folder, maintainer = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    root = read(program, [])
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in ((f"{PROGRAM}.1", man(root, said.stdout.strip())),
                       (f"{PROGRAM}.bash", bash(root)), (f"_{PROGRAM}", zsh(root)),
                       (f"{PROGRAM}.fish", fish(root)),
                       ("changelog", changelog(said.stdout.split()[-1], maintainer))):
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
