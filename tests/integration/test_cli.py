"""Commands that need no AWS: decode, window, help; exit codes and what goes to which stream."""

from __future__ import annotations

import json
import subprocess

import pytest
from processes import clean_environment
from stack import find_binary


@pytest.fixture
def cli(autorecycle, directory):
    def run(*words, stdin="", **env):
        return subprocess.run([autorecycle, *words], input=stdin, capture_output=True, text=True,
                              env=clean_environment(directory, env), timeout=60, check=False)

    return run


UPDATE = {"source": "aws.autoscaling", "detail-type": "AWS API Call via CloudTrail", "id": "e-1",
          "time": "2018-04-23T08:01:36Z",
          "detail": {"eventSource": "autoscaling.amazonaws.com",
                     "eventName": "UpdateAutoScalingGroup", "requestParameters": {
                         "autoScalingGroupName": "web-asg-1",
                         "launchTemplate": {"launchTemplateId": "lt-1", "version": "$Latest"}}}}


def test_decode_says_kind_and_group(cli):
    ended = cli("decode", "--output", "json", stdin=json.dumps(UPDATE))
    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout)
    assert "update" in answer["kind"] and "web-asg-1" in json.dumps(answer)


def test_decode_reads_a_file(cli, directory):
    (directory / "event.json").write_text(json.dumps(UPDATE))
    ended = cli("decode", str(directory / "event.json"))
    assert ended.returncode == 0 and "web-asg-1" in ended.stdout


def test_decode_says_why_a_message_is_ignored(cli):
    failed = UPDATE | {"detail": UPDATE["detail"] | {"errorCode": "AccessDenied"}}
    ended = cli("decode", stdin=json.dumps(failed))
    assert ended.returncode == 0 and "AccessDenied" in ended.stdout


def test_decode_refuses_garbage(cli, directory):
    for garbage in ("", "{", "[]", "nonsense"):
        ended = cli("decode", stdin=garbage)
        assert (ended.returncode, bool(ended.stderr)) == (1, True), garbage
    assert cli("decode", str(directory / "no-such-file")).returncode != 0


@pytest.mark.parametrize("words, answer", [
    # The examples of the original's delayer, and both sides of a clock change.
    (["04:00:00, 05:30:00", "2018-03-22T06:20:00Z", "Europe/London"],
     {"wait": True, "time_wait": "2018-03-23T04:00:00Z"}),
    (["10:45:00, 09:45:00", "2018-03-22T11:00:00Z", "Europe/London"], {"wait": False}),
    (["04:00:00, 05:30:00", "2026-03-29T00:30:00Z", "Europe/London"],
     {"wait": True, "time_wait": "2026-03-29T03:00:00Z"}),
    (["01:00:00, 02:00:00", "2026-07-01T00:30:00Z", "Europe/London"], {"wait": False}),
])
def test_window_answers_as_the_original_did(cli, words, answer):
    window, at, zone = words
    ended = cli("window", "--window", window, "--at", at, "--zone", zone)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == answer


@pytest.mark.parametrize("words", [
    ["--window", "10.00.00"], ["--window", "111:000:000, 1:1:1"], ["--zone", "Mars/Olympus"],
    ["--at", "yesterday"]])
def test_window_names_what_it_cannot_read(cli, words):
    base = {"--window": "04:00:00, 05:30:00", "--at": "2026-03-29T00:30:00Z"}
    base |= {words[0]: words[1]}
    ended = cli("window", *[word for pair in base.items() for word in pair])
    assert ended.returncode in (1, 2) and words[1] in ended.stderr


def test_help_of_every_command_goes_to_standard_output(cli):
    for words in ([], ["worker"], ["enqueue", "recycle"], ["plan"], ["decode"], ["window"]):
        ended = cli(*words, "--help")
        assert ended.returncode == 0 and "Usage" in ended.stdout and not ended.stderr


@pytest.mark.parametrize("words", [
    [], ["fly"], ["plan"], ["plan", "--asg"], ["worker", "--no-such-option"],
    ["worker", "--visibility-timeout", "soon"], ["enqueue", "recycle"]])
def test_wrong_usage_is_exit_code_2(cli, words):
    ended = cli(*words)
    assert ended.returncode == 2 and ended.stderr and not ended.stdout


def test_a_setting_is_named_with_the_place_it_came_from(cli, directory):
    ended = cli("worker", AUTORECYCLE_VISIBILITY_TIMEOUT="soon")
    assert ended.returncode == 2 and "AUTORECYCLE_VISIBILITY_TIMEOUT" in ended.stderr
    config = directory / "autorecycle.toml"
    config.write_text('visibility-timeout = "soon"\n')
    ended = cli("worker", "--config", str(config))
    assert ended.returncode == 2 and "autorecycle.toml" in ended.stderr


@pytest.mark.parametrize("words", [
    ["--port", "99999"], ["--speed", "nan"], ["--speed", "0"], ["--account", "abc"],
    ["--region", "eu west"], ["--key", "no-secret"], ["--frob"], ["extra"]])
def test_the_region_refuses_wrong_usage_with_exit_code_2(build, directory, words):
    ended = subprocess.run([find_binary(build, "autorecycle-sim"), "--port", "0", *words],
                           capture_output=True, text=True, timeout=60, check=False,
                           env=clean_environment(directory))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert words[0] in ended.stderr


def test_a_command_fails_when_nobody_can_read_its_answer(autorecycle, directory):
    with open("/dev/full", "w", encoding="utf-8") as full:
        ended = subprocess.run([autorecycle, "window"], stdout=full, stderr=subprocess.PIPE,
                               text=True, timeout=60, check=False, env=clean_environment(directory))
    assert ended.returncode == 1 and "standard output" in ended.stderr
