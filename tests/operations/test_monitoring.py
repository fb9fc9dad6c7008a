"""monitoring/ and the alarms of terraform/: only figures that exist, alerts that fire and clear,
and a section in the runbook for each."""

import json
import re
import subprocess
import sys

import pytest
from tools import ROOT, TERRAFORM, tool

RULES = ROOT / "monitoring/prometheus/rules.yml"
DASHBOARD = ROOT / "monitoring/grafana/autorecycle.json"
RUNBOOK = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
ALARMS = RUNBOOK.partition("\n## Alarms\n")[2].partition("\n## ")[0]


def families():
    """{metric: labels} of the worker; a histogram's under each of its three names."""
    text = "".join(path.read_text() for path in sorted((ROOT / "worker").glob("metrics*")))
    declared = re.findall(
        r"(?:(\w+)& (\w+) =\s+)?(?:all\.)?(counters|gauges|histograms)\(\s*\"(autorecycle_\w+)\"",
        text)
    labels = {"instance", "job"} | set(re.findall(r'\{\{?"(\w+)",', text))
    found = {}
    for _, _, kind, name in declared:
        names = [name + end for end in ("_bucket", "_count", "_sum")] if kind == "histograms" \
            else [name]
        found |= {each: labels | ({"le"} if kind == "histograms" else set()) for each in names}
    return found


FAMILIES = families()


def expressions():
    """Every query of ours, with where it stands."""
    dashboard = json.loads(DASHBOARD.read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield f"dashboard, {panel['title']}", target["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield f"dashboard, ${variable['name']}", variable["query"]["query"]
    yaml = pytest.importorskip("yaml")
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


def rules():
    yaml = pytest.importorskip("yaml")
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"]
            for rule in group["rules"]]


def promtool(*arguments):
    done = subprocess.run([tool("promtool"), *map(str, arguments)], capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_metrics_are_found():
    assert "autorecycle_recycles_total" in FAMILIES
    assert "autorecycle_message_age_seconds_bucket" in FAMILIES
    assert "autorecycle_build_info" in FAMILIES
    assert len(FAMILIES) > 25


def test_queries_ask_only_for_metrics_and_labels_that_exist():
    for where, expression in expressions():
        names = set(re.findall(r"\bautorecycle_\w+", expression))
        assert names, f"{where} asks for nothing of ours"
        assert names <= set(FAMILIES), f"{where}: {names - set(FAMILIES)}"
        used = set(re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"', expression))
        for group in re.findall(r"\bby \(([^)]*)\)", expression):
            used |= {label.strip() for label in group.split(",")}
        known = set().union(*(FAMILIES[name] for name in names))
        assert used <= known, f"{where}: {used - known}"


def test_every_metric_is_shown():
    """A figure that nobody sees is a figure that nobody needs."""
    shown = " ".join(expression for where, expression in expressions() if "dashboard" in where)
    for name in FAMILIES:
        family = re.sub(r"_(bucket|count|sum)$", "", name)
        assert re.search(rf"\b{family}(_bucket|_sum)?\b", shown), f"{family} is on no panel"


def test_the_dashboard_is_the_one_that_its_script_writes():
    written = subprocess.run([sys.executable, DASHBOARD.with_name("dashboard.py")],
                             capture_output=True, text=True, check=True)
    assert written.stdout == DASHBOARD.read_text(), "run monitoring/grafana/dashboard.py"


def test_panels_do_not_overlap():
    taken = set()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                 for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells


def test_the_rules_are_rules():
    assert re.search(r"SUCCESS: \d+ rules", promtool("check", "rules", RULES))


def test_alerts_fire_and_clear():
    assert "SUCCESS" in promtool("test", "rules", RULES.with_name("rules_test.yml"))


def test_every_alert_is_seen_to_fire_and_to_clear():
    tests = RULES.with_name("rules_test.yml").read_text()
    for rule in rules():
        checks = re.findall(rf"alertname: {rule['alert']}\n(\s+exp_alerts)?", tests)
        assert any(checks), f"{rule['alert']} is not seen to fire"
        assert checks[-1] == "", f"{rule['alert']} is not seen to clear"


def test_alerts_say_how_urgent_they_are():
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "ticket"), rule["alert"]


def anchors():
    return set(re.findall(r"^### ([\w-]+)$", ALARMS, re.MULTILINE))


def test_every_alert_has_its_section_in_the_runbook(states):
    asked = {rule["annotations"]["runbook"].partition("docs/runbook.md#")[2] for rule in rules()}
    module = (TERRAFORM / "modules/monitoring/main.tf").read_text()
    asked |= set(re.findall(r'section = "([\w-]+)"', module)) | {"worker-silent"}
    asked |= set(re.findall(r"^ +([\w-]+) = \{ role =", module, re.MULTILINE))
    assert asked == anchors()
    names = states("monitoring")["every_failure_has_an_alarm"]["alarm_names"]
    for alarm in names:
        assert any(alarm == each or alarm.endswith(f"-{each}") for each in anchors()), alarm


def test_every_section_says_what_it_means_where_to_look_and_what_to_do():
    for section in re.split(r"^### ", ALARMS, flags=re.MULTILINE)[1:]:
        for part in ("**Means:**", "**First look:**", "**Then:**"):
            assert section.count(part) == 1, f"{section.splitlines()[0]}: {part}"


def test_links_inside_of_the_runbook_lead_somewhere():
    for anchor in re.findall(r"\]\(#([\w-]+)\)", ALARMS):
        assert anchor in anchors(), anchor


def test_settings_and_metrics_in_the_runbook_exist():
    options = "".join(path.read_text() for path in (ROOT / "worker").glob("options*.cc"))
    for option in re.findall(r"`--([a-z-]+)`", ALARMS):
        assert f'"{option}"' in options, option
    for metric in re.findall(r"`(autorecycle_\w+)`", ALARMS):
        assert metric in FAMILIES, metric
