#!/usr/bin/env python3
"""The house rules that a machine can check: tests/tidy.py [ROOT]

Prints one line per violation, "path:line: what is wrong", and exits 1 if there are any. Standard
library only. tests/tidy_test.py plants each violation and sees it found.
"""

import re
import sys
from pathlib import Path

SKIPPED = {"build", "node_modules", "__pycache__"}  # and every hidden folder but .ci

# Folder -> the folders of ours that it may include and link. Reading order is a topological sort.
ARROWS = {
    "base": [],
    "proto": [],
    "messages": ["base", "proto"],
    "aws": ["base"],
    "consumers": ["base", "proto", "messages", "aws"],
    "dlq": ["base", "proto", "messages", "aws"],
    "worker": ["base", "proto", "messages", "aws", "consumers", "dlq"],
    "sim": ["base"],
}
FREE = {"tests", "bench", "demo"}  # may include anything; nothing above includes them

# Third-party header, the prefix of its CMake targets, and who may use them.
THIRD_PARTY = [
    ("curl/", "CURL::", {"aws"}),
    ("openssl/", "OpenSSL::", {"aws", "sim"}),
    ("prometheus/", "prometheus-cpp::", {"worker"}),
    ("google/protobuf/", "protobuf::", {"proto", "messages"}),
]

FILE_LINES_MAX = 400
LINE_CHARACTERS_MAX = 100
CPP = {".h", ".cc"}
CODE = CPP | {".py", ".sh", ".cmake", ".proto", ".tf"}
NARROW = CPP | {".py", ".cmake", ".proto"}
TEXT = CODE | {".md", ".txt", ".json", ".yaml", ".yml", ".toml", ".hcl", ""}

# (what, pattern in the code without comments and strings, files or folders where it is fine)
BANNED = [
    ("detached loses exceptions: give co_spawn a completion handler",
     r"asio::detached|,\s*detached\s*\)", []),
    ("waiting only through base::Clock",
     r"\b(?:steady_timer|system_timer|high_resolution_timer)\b|this_thread::sleep|\bu?sleep\s*\("
     r"|\bnanosleep\s*\(", ["base/clock.cc", "aws/curl_http_client.cc"]),
    ("time only through base::Clock",
     r"\b(?:system_clock|steady_clock|clock_type)::now\s*\(|\bgettimeofday\b|\bclock_gettime\b",
     ["base/clock.cc", "aws/curl_http_client.cc", "bench/", "tests/"]),
    ("randomness only through base::Random", r"\bstd::rand\b|\bsrand\s*\(|\brandom_device\b",
     ["base/random.cc"]),
    ("a capturing lambda dies before its coroutine: use a function with parameters by value",
     r"\[[^\[\]\s][^\[\]]*\]\s*(?:\([^()]*(?:\([^()]*\)[^()]*)*\))?\s*(?:mutable\s*)?"
     r"(?:noexcept\s*)?->\s*(?:boost::)?(?:asio::)?awaitable\b", ["tests/", "bench/"]),
    ("library folders do not print: return it, or base::log",
     r"\b(?:std::)?(?:f|v|vf)?printf\s*\(|\bstd::(?:cout|cerr|clog)\b|\bfmt::print\b|\bputs\s*\(",
     ["worker/", "sim/main", "tests/", "bench/"]),
    ("using namespace hides where a name comes from",
     r"\busing\s+namespace\s+(?![\w:]*_(?:literals|operators)\s*;)", []),
    ("the whole of Asio takes seconds to compile: include what is used",
     r"#include\s*<boost/asio\.hpp>", []),
]

# The same in whatever text there is. The words are split, so that this file does not hold them.
FORBIDDEN = [
    ("commented-out test", r"^\s*(?://|#)\s*(?:TEST(?:_F|_P)?|RC_GTEST_PROP)\s*\(", CPP),
    ("commented-out test", r"^\s*#\s*(?:async\s+)?def\s+test_", {".py"}),
    ("switched-off test", r"\bDISABLED" r"_[A-Z]", CPP),
    ("TO" "DO without an owner: TO" "DO(name): what", r"\bTO" r"DO\b(?!\(\w[\w .-]*\))", TEXT),
    ("unfinished work", r"\b(?:FIX" r"ME|XX" r"X|W" r"IP)\b", TEXT),
    ("merge conflict", r"^(?:<{7}|>{7}|\|{7}) ", TEXT),
    ("path of one machine", r"(?<![\w.}~-])/(?:wo" r"rk|ro" r"ot|Us" r"ers)/[\w.]", TEXT),
    ("access key that is no example", r"\bA[KS]IA(?!\w*EXAMPLE)[A-Z0-9]{16}\b", TEXT),
    ("placeholder text", r"(?i)\blorem " r"ipsum\b", TEXT),
    ("tab", r"\t", CODE),
    ("trailing space", r"[ \t]+$", CODE | {".md"}),
]

URL_ALONE = re.compile(r"\s*(?://|#)\s*https?://\S+$")  # cannot be broken
COMMENT_OR_STRING = re.compile(
    r'R"(?P<tag>[^()\s\\]{0,16})\(.*?\)(?P=tag)"'  # raw string
    r"|//[^\n]*|/\*.*?\*/"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",
    re.DOTALL)


def files_of(root):
    """Every file of the project, as paths relative to its root."""
    for path in sorted(root.iterdir()):
        hidden = path.name.startswith(".") and path.name != ".ci"
        if path.is_dir() and not hidden and path.name not in SKIPPED:
            yield from (Path(path.name) / sub for sub in files_of(path))
        elif path.is_file() and path.name != ".git":  # a linked work tree has such a file
            yield Path(path.name)


def code_of(text):
    """C++ without comments and strings; every line keeps its number."""
    # Includes stay readable: their quotes are no string.
    def blank(match):
        line_start = text.rfind("\n", 0, match.start()) + 1
        if text[line_start:match.start()].lstrip().startswith("#include"):
            return match.group()
        return '""' + "\n" * match.group().count("\n")
    return COMMENT_OR_STRING.sub(blank, text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def kind_of(path):
    return ".cmake" if path.name == "CMakeLists.txt" else path.suffix


def is_within(path, places):
    return any(path.as_posix().startswith(place) for place in places)


def check_includes(path, code):
    folder = path.parts[0]
    allowed = set(ARROWS.get(folder, [])) | {folder}
    for match in re.finditer(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', code, re.MULTILINE):
        line, name = line_of(code, match.start(2)), match.group(2)
        target = name.split("/")[0]
        ours = target in ARROWS or target in FREE
        if match.group(1) == '"' and (not ours or "/" not in name):
            yield line, f'include "{name}" by its full path from the root'
        elif ours and folder in ARROWS and target not in allowed:
            yield line, f"{folder}/ may not include {target}/"
        for prefix, _, users in THIRD_PARTY:
            if name.startswith(prefix) and folder not in users | FREE:
                yield line, f"{prefix} may be used in {', '.join(sorted(users))} only"


def check_links(path, text):
    folder = path.parts[0]
    if len(path.parts) < 2 or folder not in ARROWS:
        return
    allowed = set(ARROWS[folder]) | {folder}
    for links in re.finditer(r"\bLINKS\b([^)]*)|target_link_libraries\(([^)]*)\)", text):
        line = line_of(text, links.start())
        for word in (links.group(1) or links.group(2)).split():
            if word in ARROWS and word not in allowed:
                yield line, f"{folder}/ may not link {word}"
            for _, prefix, users in THIRD_PARTY:
                if word.startswith(prefix) and folder not in users:
                    yield line, f"{prefix} may be linked in {', '.join(sorted(users))} only"


def check_sizes(path, text):
    lines = text.splitlines()
    if len(lines) > FILE_LINES_MAX:
        yield len(lines), f"{len(lines)} lines, at most {FILE_LINES_MAX}"
    if kind_of(path) in NARROW:
        for number, line in enumerate(lines, 1):
            if len(line) > LINE_CHARACTERS_MAX and not URL_ALONE.match(line):
                yield number, f"{len(line)} characters, at most {LINE_CHARACTERS_MAX}"


def check_cpp(path, text):
    code = code_of(text)
    yield from check_includes(path, code)
    if path.suffix == ".h" and not re.search(r"^#pragma once$", code, re.MULTILINE):
        yield 1, "a header without #pragma once"
    for what, pattern, fine in BANNED:
        if not is_within(path, fine):
            for match in re.finditer(pattern, code):
                yield line_of(code, match.start()), what


def check_text(path, text):
    kind = kind_of(path)
    for what, pattern, kinds in FORBIDDEN:
        if kind in kinds:
            for match in re.finditer(pattern, text, re.MULTILINE):
                yield line_of(text, match.start()), what
    if kind in CODE or path.parts[0] == ".ci":
        yield from check_sizes(path, text)
        if text and not text.endswith("\n"):
            yield line_of(text, len(text)), "no newline at the end"


def check_file(root, path):
    if path.suffix in {".cpp", ".cxx", ".hpp", ".hxx", ".hh"}:
        yield 1, "C++ files end in .h and .cc"
    if kind_of(path) not in TEXT or path.name == "LICENSE":
        return
    try:
        text = (root / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return  # test data
    yield from check_text(path, text)
    if path.suffix in CPP:
        yield from check_cpp(path, text)
    elif path.name == "CMakeLists.txt":
        yield from check_links(path, text)


def check_documents(root, paths):
    architecture = root / "ARCHITECTURE.md"
    text = architecture.read_text(encoding="utf-8") if architecture.exists() else ""
    for folder in sorted({path.parts[0] for path in paths if len(path.parts) > 1}):
        if not folder.startswith(".") and f"`{folder}/`" not in text:
            yield Path("ARCHITECTURE.md"), 1, f"does not name the folder `{folder}/`"
    numbers = {}
    for path in paths:
        if path.parts[:2] == ("docs", "decisions"):
            match = re.fullmatch(r"(\d{4})-[a-z0-9-]+\.md", path.name)
            if match is None:
                yield path, 1, "a decision is called NNNN-title.md"
            elif numbers.setdefault(match.group(1), path) != path:
                yield path, 1, f"has the number of {numbers[match.group(1)].name}"


def violations(root):
    """Every violation under root, as "path:line: what is wrong"."""
    root = Path(root)
    paths = list(files_of(root))
    found = [(path, line, what) for path in paths for line, what in check_file(root, path)]
    found += check_documents(root, paths)
    return [f"{path.as_posix()}:{line}: {what}" for path, line, what in found]


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    found = violations(root)
    for violation in found:
        print(violation)
    print(f"tidy: {len(found)} violations" if found else "tidy: clean")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
