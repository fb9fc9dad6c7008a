#!/usr/bin/env python3
"""Writes aws_schema.json: the arguments of the AWS resources that terraform/ uses.

    npm pack @cdktf/provider-aws && tar xzf cdktf-provider-aws-*.tgz
    tests/operations/schema_from_cdktf.py package > tests/operations/aws_schema.json

The package is generated from the provider's own schema. What of it is facts (names, types, which
are required, which are blocks) is read back from there, for the resources and data sources named
in terraform/ alone.
"""

import json
import re
import sys
from pathlib import Path

TYPES = {"string": "string", "number": "number", "boolean": "bool",
         "stringMap": ["map", "string"], "stringList": ["list", "string"],
         "numberList": ["list", "number"], "booleanMap": ["map", "bool"],
         "numberMap": ["map", "number"]}
READ_BY = {"getStringAttribute": "string", "getNumberAttribute": "number",
           "getBooleanAttribute": "bool", "getListAttribute": ["list", "string"],
           "getStringMapAttribute": ["map", "string"], "getNumberListAttribute": ["list", "number"]}
ARGUMENT = re.compile(r"^ {4,12}(\w+): \{\n\s+value: (.*),\n\s+isBlock: (true|false),\n"
                      r"\s+type: \"(\w+)\",\n\s+storageClassType: \"(\w+)\",\n", re.MULTILINE)
# Optional arguments that AWS fills in when they are not given.
FILLED_IN = {"arn", "id", "name", "name_prefix", "policy", "region", "tags_all", "url"}


class Resource:
    def __init__(self, folder: Path):
        self.code = (folder / "index.js").read_text(encoding="utf-8")
        self.types = (folder / "index.d.ts").read_text(encoding="utf-8")

    def required_in(self, interface: str) -> set[str]:
        body = re.search(rf"export interface {interface} (?:extends [\w.]+ )?\{{(.*?)\n\}}",
                         self.types, re.DOTALL).group(1)
        return {name.lower() for name in re.findall(r"^    readonly (\w+):", body, re.MULTILINE)}

    def arguments(self, body: str, interface: str) -> dict:
        attributes, blocks = {}, {}
        required = self.required_in(interface)
        for name, value, is_block, kind, storage in ARGUMENT.findall(body):
            needed = name.replace("_", "") in required
            if is_block == "false":
                of_type = TYPES[storage]
                attributes[name] = {"type": ["set", of_type[1]] if kind == "set" else of_type,
                                    "required" if needed else "optional": True}
            else:
                blocks[name] = self.block(value, kind, needed)
        return {"attributes": attributes} | ({"blocks": blocks} if blocks else {})

    def block(self, value: str, kind: str, needed: bool) -> dict:
        name = re.search(r"(\w+)ToHclTerraform", value).group(1)
        body = re.search(rf"function {name}ToHclTerraform\(.*?\n\}}\n", self.code, re.DOTALL)
        found = self.arguments(body.group(), name[0].upper() + name[1:])
        found["nesting"] = "single" if kind == "struct" else kind
        if kind != "struct":
            found |= {} if "listMapper" in value else {"max_items": 1}
            found |= {"min_items": 1} if needed else {}
        return found

    def schema(self) -> dict:
        start = self.code.rindex("synthesizeHclAttributes()")
        config = re.search(r"export interface (\w+Config) extends", self.types).group(1)
        found = self.arguments(self.code[start:], config)
        attributes = found["attributes"]
        getters = r"return (?:cdktf\.Fn\.tolist\()?this\.(get\w+Attribute)\('(\w+)'\)"
        for getter, name in re.findall(getters, self.code[self.code.rindex("class ", 0, start):]):
            if name not in attributes:
                attributes[name] = {"type": READ_BY[getter], "computed": True}
            elif name in FILLED_IN and "optional" in attributes[name]:
                attributes[name]["computed"] = True
        return found


def main() -> None:
    library = Path(sys.argv[1]) / "lib"
    sources = "\n".join(path.read_text(encoding="utf-8") for path in
                        Path(__file__).resolve().parents[2].glob("terraform/*/*/*.tf"))
    version = re.search(r"providerVersion: '([\d.]+)'",
                        (library / "sqs-queue/index.js").read_text(encoding="utf-8")).group(1)
    found = {"provider": "hashicorp/aws", "version": version}
    for kind, keyword, prefix in (("resources", "resource", ""),
                                  ("data_sources", "data", "data-aws-")):
        names = sorted(set(re.findall(rf'^{keyword} "aws_(\w+)"', sources, re.MULTILINE)))
        found[kind] = {f"aws_{name}": Resource(library / (prefix + name.replace("_", "-"))).schema()
                       for name in names}
    print(json.dumps(found, separators=(",", ":"), sort_keys=True))


if __name__ == "__main__":
    main()
