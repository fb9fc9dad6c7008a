"""What is said here and in the code, compared: names of queues, settings, patterns, log lines."""

import json
import re

import pytest
from tools import ROOT, TERRAFORM

SOURCES = "".join(path.read_text(encoding="utf-8")
                  for path in sorted((ROOT / "worker").glob("options*.cc")))
OPTIONS = re.findall(r'\{"([a-z][a-z-]*)", "[^"]*",', SOURCES)


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def test_the_workers_queues_have_the_names_of_the_module():
    defaults = dict(re.findall(r'^    (\w+) += optional\(string, "([^"]+)"\)',
                               read("terraform/modules/queues/variables.tf"), re.MULTILINE))
    config = read("worker/config.h")
    assert f'events{{"{defaults["events"]}"' in config
    assert f'recycles{{"{defaults["recycles"]}"' in config
    assert f"usually {defaults['oncall']}" in read("worker/options.cc")


def test_the_module_sets_only_settings_that_exist():
    module = read("terraform/modules/worker/main.tf")
    named = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)" +=', module)) | {
        f"{role}-queue" for role in re.search(r'in \[("events".*?)\]', module).group(1)
        .replace('"', "").split(", ")}
    assert {"payload-bucket", "log-format", "events-queue"} <= named
    assert named <= set(OPTIONS), named - set(OPTIONS)
    for example in TERRAFORM.glob("examples/*/main.tf"):
        for settings in re.findall(r"settings += \{(.*?)\}", example.read_text(), re.DOTALL):
            assert set(re.findall(r"([a-z-]+) +=", settings)) <= set(OPTIONS)


def test_settings_that_the_module_keeps_for_itself_exist():
    for kept in re.findall(r"keys\(var\.settings\), \[(.*?)\]",
                           read("terraform/modules/worker/variables.tf")):
        assert set(re.findall(r'"([a-z-]+)"', kept)) <= set(OPTIONS)


def test_secrets_are_the_workers():
    """What the worker calls secret must not be among the plain settings of a task definition."""
    variables = read("terraform/modules/worker/variables.tf")
    lists = re.findall(r'\["hooks",[^\]]*\]', variables)
    assert len(lists) == 2
    secret = re.findall(r'secret\(\s*\{"([a-z-]+)"', SOURCES)
    assert all(json.loads(each) == sorted(secret) for each in lists)


def test_the_tags_of_a_group_are_the_ones_that_the_worker_reads(states):
    known = set(re.findall(r'"(autorecycle_[a-z_]*[a-z])"', read("consumers/recycle/policy.h") +
                           read("consumers/recycle/gates/rules.cc")))
    written = set(states("asg-tags")["everything_that_is_set_has_its_tag"]["tags"])
    assert written == known


def test_the_strategies_are_the_workers():
    offered = re.search(r'contains\(\[(.*?)\], var\.strategy\)',
                        read("terraform/modules/asg-tags/variables.tf")).group(1)
    accepted = read("consumers/recycle/policy.cc") + read("consumers/recycle/policy.h")
    for strategy in re.findall(r'"([a-z-]+)"', offered):
        assert f'"{strategy}"' in accepted or strategy in accepted


def test_the_log_lines_that_are_counted_are_written():
    """The metric filters' sentence, fields and verdicts are those of worker/settler.cc."""
    settler = read("worker/settler.cc")
    filters = re.findall(r'"\{ (\$\..*?) \}"', read("terraform/modules/monitoring/main.tf"))
    assert len(filters) == 2
    for pattern in filters:
        pattern = pattern.replace('\\"', '"')
        for field, value in re.findall(r'\$\.(\w+) = "([^"]+)"', pattern):
            if field == "message":
                assert f'"{value}"' in settler
            else:
                assert f'{{"{field}",' in settler
            if field == "verdict":
                assert f'"{value}"' in settler
            if field == "queue":
                assert f'"{value}"' in read("worker/startup.cc")


def poisons(text):
    """What stands between the braces of each Poison{...}."""
    for start in re.finditer(r"\bPoison\{", text):
        depth, at = 1, start.end()
        while depth:
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        yield text[start.end():at - 1]


def test_the_runbook_says_what_to_do_for_every_kind_of_dead_letter():
    """As the worker writes them, and those of letters that it did not write."""
    kinds = {re.search(r'error_kind = "([a-z-]+)"', read("consumers/consumer.h")).group(1)}
    for path in [*(ROOT / "worker").glob("*.cc"), *(ROOT / "consumers").rglob("*.cc")]:
        text = path.read_text(encoding="utf-8")
        for poison in poisons(text):
            kinds |= set(re.findall(r',\s*"([a-z-]+)"\s*$', poison))
        kinds |= set(re.findall(r'kPoisonKind = "([a-z-]+)"', text))
    assert kinds >= {"decode", "unroutable", "refused", "payload"}
    others = set(re.findall(r'k(?:MovedBySqs|UnknownKind) = "([a-z-]+)"', read("dlq/letter.h")))
    assert len(others) == 2
    section = read("docs/runbook.md").partition("\n## Dead letters, by kind\n")[2]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE)) == kinds | others
    row = re.search(r"^\| `autorecycle.error-kind` \| (.*) \|$", read("docs/dead-letters.md"),
                    re.MULTILINE).group(1)
    assert set(re.findall(r"`([a-z-]+)`", row)) == kinds


# Examples in tests/data/events: which rule sends them to the queue.
CAUGHT = {"groups": ["update-group-*.json", "tags-created*.json", "tags-deleted*.json"],
          "launch-templates": ["template-*.json"]}
INSTANCES = ["instance-*.json", "lifecycle-*.json"]


def examples(patterns):
    folder = ROOT / "tests/data/events"
    return {path.name: json.loads(path.read_text()) for pattern in patterns
            for path in sorted(folder.glob(pattern))}


@pytest.fixture(scope="module")
def patterns(states):
    """The rules' patterns, as moto's EventBridge matches them, of a run of the module's tests."""
    models = pytest.importorskip("moto.events.models",
                                 reason="not installed: .ci/install servers")
    made = states("events")

    def of(run):
        return {name: models.EventPattern.load(text)
                for name, text in made[run]["event_patterns"].items()}

    return of


@pytest.mark.parametrize("run", ["rules_watch_groups_and_templates",
                                 "the_workers_own_calls_can_be_left_out"])
def test_every_change_that_matters_reaches_the_queue(patterns, run):
    rules = patterns(run)
    for rule, names in CAUGHT.items():
        found = examples(names)
        assert len(found) > 2
        for name, event in found.items():
            failed = "errorCode" in event["detail"]
            assert rules[rule].matches_event(event) == (not failed), name


def test_calls_of_the_worker_are_left_out_and_of_others_are_not(patterns):
    rule = patterns("the_workers_own_calls_can_be_left_out")["groups"]
    event = examples(["update-group-launch-template.json"])["update-group-launch-template.json"]

    def issued_by(arn):
        issuer = {"sessionContext": {"sessionIssuer": {"type": "Role", "arn": arn}}}
        return {**event, "detail": {**event["detail"],
                                    "userIdentity": {"type": "AssumedRole", **issuer}}}

    assert not rule.matches_event(issued_by("arn:aws:iam::123456789012:role/autorecycle"))
    assert rule.matches_event(issued_by("arn:aws:iam::123456789012:role/deploy"))
    assert rule.matches_event({**event, "detail": {**event["detail"],
                                                   "userIdentity": {"type": "IAMUser"}}})


def test_instance_events_are_caught_when_asked_for(patterns):
    rule = patterns("instance_events_are_opt_in")["instances"]
    for name, event in examples(INSTANCES).items():
        assert rule.matches_event(event), name


def test_what_is_none_of_our_business_is_not_sent(patterns):
    rules = patterns("instance_events_are_opt_in").values()
    for name, event in examples(["unknown-*.json", "suspend-processes.json"]).items():
        assert not any(rule.matches_event(event) for rule in rules), name
