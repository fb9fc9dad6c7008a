#!/usr/bin/env python3
"""Writes the tables of inputs and outputs into the modules' READMEs: terraform/readme.py

What stands between the two markers is replaced; --check says what is out of date and changes
nothing. Reads files as `terraform fmt` leaves them.
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
BEGIN, END = "<!-- inputs and outputs: terraform/readme.py -->", "<!-- end -->"


def blocks(text: str, kind: str) -> dict[str, str]:
    """Body by name of the blocks `kind "name" { ... }`."""
    return dict(re.findall(rf'^{kind} "(\w+)" {{\n(.*?)^}}', text, re.MULTILINE | re.DOTALL))


def attribute(body: str, name: str) -> str | None:
    """An attribute's expression, its lines joined, or None."""
    found = re.search(rf"^  {name} += (.*(?:\n(?:    .*|  [\]}})].*))*)", body, re.MULTILINE)
    if found is None:
        return None
    expression = re.sub(r"\n\s*", ", ", found.group(1))
    return re.sub(r"([({\[]),", r"\1", re.sub(r", ([)}\]])", r" \1", expression))


def described(body: str) -> str:
    text = attribute(body, "description") or '""'
    return text[1:-1].replace('\\"', '"').replace("$$", "$").replace("|", "\\|")


def code(expression: str) -> str:
    return "`" + re.sub(r"\s+", " ", expression).replace("|", "\\|") + "`"


def tables(module: Path) -> str:
    variables = blocks((module / "variables.tf").read_text(encoding="utf-8"), "variable")
    outputs = blocks((module / "outputs.tf").read_text(encoding="utf-8"), "output")
    lines = ["| input | type | default | |", "| --- | --- | --- | --- |"]
    for name, body in variables.items():
        default = attribute(body, "default")
        lines.append(f"| `{name}` | {code(attribute(body, 'type') or 'any')} "
                     f"| {code(default) if default else '**required**'} | {described(body)} |")
    lines += ["", "| output | |", "| --- | --- |"]
    lines += [f"| `{name}` | {described(body)} |" for name, body in outputs.items()]
    return "\n".join(lines)


def rewritten(module: Path) -> str:
    text = (module / "README.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables(module)}\n\n{END}{after}"


def modules() -> list[Path]:
    return sorted(path.parent for path in HERE.glob("*/*/variables.tf"))


def main() -> int:
    stale = [module for module in modules()
             if rewritten(module) != (module / "README.md").read_text(encoding="utf-8")]
    for module in stale:
        print(f"{module.relative_to(HERE)}/README.md is out of date: run terraform/readme.py")
        if "--check" not in sys.argv:
            (module / "README.md").write_text(rewritten(module), encoding="utf-8")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
