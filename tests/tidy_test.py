#!/usr/bin/env python3
"""Plants one violation after the other in a copy of the project and sees tidy.py find it."""

import shutil
import tempfile
import unittest
from pathlib import Path

import tidy

ROOT = Path(__file__).resolve().parent.parent

# File to write -> what it holds -> what tidy says about it.
PLANTED = [
    ("aws/planted.cc", '#include "worker/poller.h"\n', "aws/ may not include worker/"),
    ("base/planted.h", '#pragma once\n#include "aws/sqs.h"\n', "base/ may not include aws/"),
    ("messages/planted.cc", '#include "aws/sqs.h"\n', "messages/ may not include aws/"),
    ("consumers/oncall/planted.cc", '#include "dlq/dead_letter.h"\n',
     "consumers/ may not include dlq/"),
    ("worker/planted.cc", '#include "sim/region.h"\n', "worker/ may not include sim/"),
    ("sim/planted.cc", '#include "aws/sqs.h"\n', "sim/ may not include aws/"),
    ("worker/planted.cc", '#include "tests/messages/examples.h"\n',
     "worker/ may not include tests/"),
    ("worker/planted.cc", "#include <bench/load.h>\n", "worker/ may not include bench/"),
    ("base/planted.cc", '#include "clock.h"\n', 'include "clock.h" by its full path'),
    ("worker/planted.cc", "#include <curl/curl.h>\n", "curl/ may be used in aws only"),
    ("worker/planted.cc", "#include <openssl/evp.h>\n", "openssl/ may be used in aws, sim only"),
    ("sim/planted.cc", "#include <prometheus/counter.h>\n",
     "prometheus/ may be used in worker only"),
    ("worker/planted.cc", "#include <google/protobuf/message.h>\n",
     "google/protobuf/ may be used in messages, proto only"),
    ("base/CMakeLists.txt", "house_library(base SOURCES a.cc LINKS aws)\n",
     "base/ may not link aws"),
    ("base/CMakeLists.txt", "house_library(base SOURCES a.cc LINKS CURL::libcurl)\n",
     "CURL:: may be linked in aws only"),
    ("base/planted.cc", "int a;\n" * 401, "401 lines, at most 400"),
    ("tests/planted.py", "a = 1\n" * 401, "401 lines, at most 400"),
    ("base/planted.cc", "// " + "x" * 98 + "\n", "101 characters, at most 100"),
    ("base/planted.h", "int a();\n", "a header without #pragma once"),
    ("base/planted.hpp", "#pragma once\n", "C++ files end in .h and .cc"),
    ("base/planted.cc", "void f() { co_spawn(e, g(), asio::detached); }\n", "detached loses"),
    ("base/planted.cc", "void f() { co_spawn(e, g(), detached); }\n", "detached loses"),
    ("base/planted.cc", "asio::steady_timer timer;\n", "waiting only through base::Clock"),
    ("tests/base/planted.cc", "void f() { std::this_thread::sleep_for(1s); }\n",
     "waiting only through base::Clock"),
    ("base/planted.cc", "auto t = std::chrono::system_clock::now();\n",
     "time only through base::Clock"),
    ("base/planted.cc", "int r = std::rand();\n", "randomness only through base::Random"),
    ("tests/base/planted.cc", "std::random_device device;\n",
     "randomness only through base::Random"),
    ("base/planted.cc", "auto f = [&]() -> asio::awaitable<void> { co_return; };\n",
     "a capturing lambda"),
    ("base/planted.cc",
     "auto f = [this, a = b](std::function<void()> g)\n"
     "    -> boost::asio::awaitable<int> { co_return 1; };\n", "a capturing lambda"),
    ("base/planted.cc", 'void f() { std::printf("x"); }\n', "library folders do not print"),
    ("consumers/planted.cc", "void f() { std::cout << 1; }\n", "library folders do not print"),
    ("base/planted.cc", "using namespace boost;\n", "using namespace hides"),
    ("base/planted.cc", "#include <boost/asio.hpp>\n", "the whole of Asio"),
    ("tests/base/planted.cc", "// TEST(A, B) {\n// }\n", "commented-out test"),
    ("tests/planted.py", "# def test_a():\n", "commented-out test"),
    ("tests/base/planted.cc", "TEST(A, DISABLED" "_B) {}\n", "switched-off test"),
    ("base/planted.cc", "// TO" "DO: later\n", "without an owner"),
    ("docs/planted.md", "FIX" "ME\n", "unfinished work"),
    ("docs/planted.md", "<<<<<<" "< HEAD\n", "merge conflict"),
    ("docs/planted.md", "see /wo" "rk/main/x\n", "path of one machine"),
    ("docs/planted.md", "AKIA" + "Q" * 16 + "\n", "access key that is no example"),
    ("docs/planted.md", "Lorem " "ipsum\n", "placeholder text"),
    ("base/planted.cc", "\tint a;\n", "tab"),
    ("base/planted.cc", "int a; \n", "trailing space"),
    ("base/planted.cc", "int a;", "no newline at the end"),
    ("planted/a.md", "a\n", "does not name the folder `planted/`"),
    ("docs/decisions/planted.md", "a\n", "a decision is called NNNN-title.md"),
    ("docs/decisions/0001-planted.md", "a\n", "has the number of"),
]

# What looks like a violation and is none.
INNOCENT = [
    ("base/planted.cc", "// asio::detached and std::rand are not for us, nor is steady_timer\n"),
    ("base/planted.cc", 'const char* a = "std::cout << std::rand(); // using namespace x";\n'),
    ("base/planted.cc", 'auto a = R"(system_clock::now() "quoted" printf(1))";\n'),
    ("base/planted.cc", "void f(Clock& clock) { clock.sleep_for(1s); }\n"),
    ("base/planted.cc", "int detached(int a, int b);\nint c = 1'000'000;\n"),
    ("base/planted.cc", "auto f = [](Clock& c) -> asio::awaitable<void> { co_return; };\n"),
    ("base/planted.cc", "auto f = [&] { return a[i]; };\nasio::awaitable<void> g();\n"),
    ("base/planted.cc", "using namespace std::chrono_literals;\n"),
    ("base/planted.cc", "using namespace asio::experimental::awaitable_operators;\n"),
    ("worker/planted.cc", '#include "messages/decode.h"\nvoid f() { std::cout << 1; }\n'),
    ("tests/base/planted.cc", '#include "worker/poller.h"\n#include <openssl/evp.h>\n'),
    ("base/planted.cc", "// https://docs.aws.amazon.com/" + "x" * 98 + "\n"),
    ("base/planted.cc", "// " + "é" * 97 + "\n"),
    ("base/planted.cc", "// TO" "DO(ada): say why\n"),
    ("docs/planted.md", "AKIAIOSFODNN7EXAMPLE ~/work/a https://x.example/root/a ./work/b\n"),
]


class TidyTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)
        for name in [*tidy.ARROWS, *tidy.FREE, "docs", "docs/decisions"]:
            (self.root / name).mkdir(parents=True)
        shutil.copy(ROOT / "ARCHITECTURE.md", self.root)
        for decision in (ROOT / "docs/decisions").iterdir():
            shutil.copy(decision, self.root / "docs/decisions")
        self.before = set(tidy.violations(self.root))

    def plant(self, name, text):
        """What tidy finds with the file there and did not find without it."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        found = set(tidy.violations(self.root)) - self.before
        path.unlink()
        return sorted(found)

    def test_finds_every_planted_violation_and_nothing_else(self):
        for name, text, message in PLANTED:
            with self.subTest(name=name, message=message):
                found = self.plant(name, text)
                self.assertEqual(len(found), 1, found)
                self.assertIn(message, found[0])

    def test_leaves_the_innocent_alone(self):
        for name, text in INNOCENT:
            with self.subTest(text=text):
                self.assertEqual(self.plant(name, text), [])

    def test_names_file_and_line(self):
        found = self.plant("base/planted.cc", "/* two\n   lines */\nint r = std::rand();\n")
        self.assertEqual(found, ["base/planted.cc:3: randomness only through base::Random"])

    def test_arrows_are_acyclic(self):
        order = list(tidy.ARROWS)
        for folder, allowed in tidy.ARROWS.items():
            for target in allowed:
                self.assertLess(order.index(target), order.index(folder))

    def test_skips_what_is_built_or_hidden(self):
        for folder in ["build/x", ".venv/x", "tests/__pycache__"]:
            self.assertEqual(self.plant(f"{folder}/planted.cc", "\tusing namespace a;"), [])


if __name__ == "__main__":
    unittest.main()
