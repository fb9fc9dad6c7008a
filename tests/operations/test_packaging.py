"""packaging/: what is installed, and that it works, without building anything: the program that was
built for the other tests is packed by the same rules."""

import gzip
import os
import re
import shlex
import subprocess

import pytest
from tools import ROOT, flags, run, tool

PACKAGING = ROOT / "packaging"
OPTIONS = set(re.findall(r'\{"([a-z][a-z-]*)", "[^"]*",', "".join(
    path.read_text(encoding="utf-8") for path in sorted((ROOT / "worker").glob("options*.cc")))))
PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(autorecycle VERSION 1.2.3 LANGUAGES NONE)
set(CMAKE_INSTALL_LIBDIR lib)
add_executable(autorecycle IMPORTED GLOBAL)
set_target_properties(autorecycle PROPERTIES IMPORTED_LOCATION ${BINARY})
include(${SOURCE}/cmake/packaging.cmake)
"""


def pack(binary, folder):
    """The package that the rules make of `binary`."""
    folder.mkdir()
    (folder / "CMakeLists.txt").write_text(PROJECT)
    environment = os.environ | {"SOURCE_DATE_EPOCH": "1700000000"}  # of the manual's date too
    run("cmake", "-G", "Ninja", "-S", folder, "-B", folder / "build", f"-DBINARY={binary}",
        f"-DSOURCE={ROOT}", "-DCMAKE_INSTALL_PREFIX=/usr", "-DAUTORECYCLE_PACKAGE=ON",
        "-DCMAKE_SKIP_INSTALL_ALL_DEPENDENCY=ON")
    run("cmake", "--build", folder / "build", "--target", "manual", env=environment)
    run("cpack", "-G", "DEB", cwd=folder / "build", env=environment)
    [package] = (folder / "build").glob("*.deb")
    return package


@pytest.fixture(scope="session")
def package(binary, tmp_path_factory):
    tool("dpkg-shlibdeps")
    return pack(binary, tmp_path_factory.mktemp("package") / "one")


@pytest.fixture(scope="session")
def installed(package, tmp_path_factory):
    """The package's files, in a folder."""
    root = tmp_path_factory.mktemp("root")
    run("dpkg-deb", "-x", package, root)
    return root


def test_the_package_has_what_a_service_needs(package, installed):
    assert package.name == "autorecycle_1.2.3_amd64.deb" or package.name.startswith("autorecycle_1")
    files = {str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file()}
    assert files == {
        "etc/autorecycle/autorecycle.toml", "usr/bin/autorecycle",
        "usr/lib/systemd/system/autorecycle.service", "usr/share/doc/autorecycle/copyright",
        "usr/share/doc/autorecycle/CHANGELOG.md", "usr/share/doc/autorecycle/changelog.gz",
        "usr/share/lintian/overrides/autorecycle",
        "usr/share/bash-completion/completions/autorecycle", "usr/share/man/man1/autorecycle.1.gz",
        "usr/share/fish/vendor_completions.d/autorecycle.fish",
        "usr/share/zsh/vendor-completions/_autorecycle"}
    assert "autorecycle " in run(installed / "usr/bin/autorecycle", "--version")


def test_the_package_depends_on_the_libraries_that_it_links(package):
    depends = run("dpkg-deb", "-f", package, "Depends")
    for name in ("libcurl", "libssl3", "libprotobuf", "ca-certificates", "tzdata"):
        assert name in depends


def test_the_configuration_is_not_overwritten(package, tmp_path):
    run("dpkg-deb", "-e", package, tmp_path)
    assert (tmp_path / "conffiles").read_text() == "/etc/autorecycle/autorecycle.toml\n"
    for script in ("postinst", "prerm", "postrm"):
        assert os.access(tmp_path / script, os.X_OK)
        run("sh", "-n", tmp_path / script)


def test_the_same_sources_give_the_same_bytes(binary, package, tmp_path):
    assert pack(binary, tmp_path / "two").read_bytes() == package.read_bytes()


def test_the_unit_starts_what_is_installed(installed):
    unit = (installed / "usr/lib/systemd/system/autorecycle.service").read_text()
    [command] = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    program, *arguments = shlex.split(command)
    assert (installed / program.lstrip("/")).is_file()
    assert arguments[:2] == ["worker", "--config"]
    assert (installed / arguments[2].lstrip("/")).is_file()
    stop = int(re.search(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE).group(1))
    drain = re.search(r'"drain-deadline".*?"(\d+)s"', (ROOT / "worker/options.cc").read_text(),
                      re.DOTALL)
    assert stop > int(drain.group(1)) + 10, "systemd would kill it while it drains"


def test_the_unit_is_valid_and_hardened(installed, tmp_path):
    unit = tmp_path / "autorecycle.service"
    text = (installed / "usr/lib/systemd/system/autorecycle.service").read_text()
    unit.write_text(text.replace("/usr/bin/autorecycle", f"{installed}/usr/bin/autorecycle"))
    analyze = tool("systemd-analyze")
    checked = subprocess.run([analyze, "verify", "--man=no", str(unit)], capture_output=True,
                             text=True, check=False)
    assert checked.returncode == 0 and "autorecycle.service:" not in checked.stderr, checked.stderr
    said = run(analyze, "security", "--offline=true", "--no-pager", unit)
    exposure = float(re.search(r"Overall exposure level.*?: ([\d.]+)", said).group(1))
    assert exposure < 2.0, said


def test_the_sample_configuration_is_understood(binary, tmp_path):
    text = (PACKAGING / "autorecycle.toml").read_text()
    keys = re.findall(r"^#?([a-z-]+) = ", text, re.MULTILINE)
    assert len(keys) > 5 and set(keys) <= OPTIONS
    everything = tmp_path / "everything.toml"
    everything.write_text(re.sub(r"^#(?=[a-z-]+ = )", "", text, flags=re.MULTILINE))
    for config in (PACKAGING / "autorecycle.toml", everything):
        run(binary, "window", "--config", config, env={"PATH": os.environ["PATH"]})


def test_the_man_page_names_every_command_and_option(installed, commands):
    page = gzip.decompress((installed / "usr/share/man/man1/autorecycle.1.gz").read_bytes())
    text = page.decode().replace("\\-", "-")
    for words, said in commands.items():
        assert not words or f'.SH "{" ".join(words).upper()}"' in text
        for flag in flags(said):
            assert f"\\fB{flag}\\fR" in text or not words, (words, flag)
    assert text.startswith('.TH AUTORECYCLE 1 "2023-11-14" "autorecycle ')
    macros = {line.split()[0] for line in text.splitlines() if line.startswith((".", "'"))}
    assert macros <= {".TH", ".SH", ".PP", ".TP", ".B", ".br", ".nf", ".fi"}


def complete(installed, line):
    """What bash offers after `line`."""
    words = line.split(" ")
    script = f"""
      source {installed}/usr/share/bash-completion/completions/autorecycle
      COMP_WORDS=({" ".join(shlex.quote(word) for word in words)}) COMP_CWORD={len(words) - 1}
      _autorecycle
      printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    return set(run("bash", "-c", script).split())


def test_bash_completes_commands_options_and_values(installed, commands):
    assert {"worker", "plan", "--version"} <= complete(installed, "autorecycle ")
    for words, said in commands.items():
        offered = complete(installed, " ".join(["autorecycle", *words, "--"]))
        assert offered == flags(said), words
    assert complete(installed, "autorecycle plan --strategy o") == {"out-in", "out-in-timed"}
    assert complete(installed, "autorecycle worker --log-format ") == {"json", "text"}
    assert "--strategy" in complete(installed, "autorecycle plan web-asg-1 --st")
    for words in ("decode ev", "worker --config x", "jobs lint ."):
        assert complete(installed, f"autorecycle {words}") == set(), "bash itself offers files"


def test_the_manual_and_the_completions_are_well_formed(installed):
    share = installed / "usr/share"
    page = gzip.decompress((share / "man/man1/autorecycle.1.gz").read_bytes())
    said = subprocess.run([tool("mandoc"), "-T", "lint", "-W", "warning"], input=page,
                          capture_output=True, check=False)
    assert said.returncode == 0 and not said.stdout, said.stdout.decode()
    run(tool("zsh"), "-n", share / "zsh/vendor-completions/_autorecycle")
    run(tool("fish"), "-n", share / "fish/vendor_completions.d/autorecycle.fish")


def test_fish_offers_what_bash_offers(installed):
    script = installed / "usr/share/fish/vendor_completions.d/autorecycle.fish"

    def offered(line):
        said = run(tool("fish"), "-N", "-c", f"source {script}; complete -C '{line}'")
        return {each.split("\t")[0] for each in said.splitlines()}

    assert {"worker", "plan", "dlq"} <= offered("autorecycle ")
    assert offered("autorecycle dlq re") == {"replay"}
    assert offered("autorecycle plan web-asg-1 --strategy ") == {"out-in", "out-in-timed", "in-out"}


def test_fish_and_zsh_know_every_option(installed, commands):
    fish = (installed / "usr/share/fish/vendor_completions.d/autorecycle.fish").read_text()
    zsh = (installed / "usr/share/zsh/vendor-completions/_autorecycle").read_text()
    assert zsh.startswith("#compdef autorecycle\n")
    for words, said in commands.items():
        for flag in flags(said):
            assert f" -l {flag[2:]} " in fish
            assert f"'{flag}[" in zsh
        if words:
            assert f"    '{' '.join(words)}')" in zsh


def test_the_image_runs_as_nobody_and_checks_its_health_as_the_service_does():
    text = (PACKAGING / "Dockerfile").read_text().replace("\\\n", "")
    stages = re.split(r"^FROM ", text, flags=re.MULTILINE)[1:]
    assert len(stages) == 2 and all(stage.startswith("debian:bookworm-slim") for stage in stages)
    assert re.search(r"^USER 65532:65532$", stages[1], re.MULTILINE)
    for source in re.findall(r"^COPY (\S+) ", text, re.MULTILINE):
        assert (ROOT / source).exists(), source
    health = re.search(r'CMD \["bash", "-c",\s+"(.*?)"\]$', stages[1], re.MULTILINE).group(1)
    module = (ROOT / "terraform/modules/worker/main.tf").read_text()
    theirs = re.search(r'health_check = "(.*)"', module).group(1)
    assert health == theirs.replace("${local.port}", "9464")
    scratch = re.search(r'scratch = .*\{ scratch = "(.*)" \}', module).group(1)
    assert f'VOLUME ["{scratch}"]' in stages[1]
    assert f'"{scratch}"' in (ROOT / "worker/options_jobs.cc").read_text(), "of oncall-scratch"


def test_the_health_check_tells_well_from_ill(tmp_path):
    """The command of the image, against a server that answers 200 and one that answers 503."""
    text = (PACKAGING / "Dockerfile").read_text()
    command = re.search(r'"(exec 3<>.*?)"\]$', text, re.MULTILINE).group(1).replace("\\\\", "\\")
    server = """
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(sys.argv[1])); self.end_headers()
    def log_message(self, *arguments): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Answer)
print(server.server_port, flush=True)
server.serve_forever()
"""
    for status, expected in ((200, 0), (503, 1)):
        with subprocess.Popen(["python3", "-c", server, str(status)], stdout=subprocess.PIPE,
                              text=True) as process:
            port = process.stdout.readline().strip()
            check = command.replace("9464", port)
            done = subprocess.run(["bash", "-c", check], capture_output=True, check=False)
            process.terminate()
        assert done.returncode == expected
