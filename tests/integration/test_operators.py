"""What operators do: look, pause, resume, cancel, read the past; and what the sweep does."""

from __future__ import annotations

import json

import pytest
from deployment import Deployment
from processes import wait_until

CONTROL = "autorecycle:control"
JOURNAL = "autorecycle:journal"


@pytest.fixture
def deployment(region, build, directory) -> Deployment:
    return Deployment(region, build, directory)


def tags(deployment, name) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in deployment.region.group(name)["Tags"]}


def status(deployment, *words) -> list[dict]:
    ended = deployment.cli("status", "--json", *words)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)["groups"]


def begin(deployment, name="web-asg-1", size=4) -> None:
    """A recycle under way whose new instances take their time."""
    deployment.add_recyclable(name, "out-in", size=size)
    deployment.region.config(launch_lag_ms=15_000)
    deployment.new_version(name)
    wait_until("the journal", lambda: JOURNAL in tags(deployment, name))
    wait_until("new instances", lambda: len(deployment.region.group(name)["Instances"]) > size)


def test_status_shows_a_run_from_anywhere(deployment, start_worker):
    start_worker()
    begin(deployment)
    (run,) = status(deployment)
    assert (run["group"], run["state"], run["phase"]) == ("web-asg-1", "running", "grow")
    assert (run["old"], run["new"], run["new_ready"]) == (4, 4, 0)
    assert "deadline" in run and run["step"]
    table = deployment.cli("status")
    assert table.returncode == 0 and "web-asg-1" in table.stdout and "running" in table.stdout
    assert "autorecycle-recycles.fifo" in table.stdout


def test_status_has_nothing_to_say_when_there_is_nothing(deployment):
    deployment.add_recyclable("web-asg-1", "out-in")
    ended = deployment.cli("status")
    assert ended.returncode == 0 and "nothing is being recycled" in ended.stdout
    assert status(deployment) == []
    (idle,) = status(deployment, "web-asg-1")
    assert idle["state"] == "idle"


def test_status_names_a_wrong_tag(deployment):
    deployment.add_recyclable("web-asg-1", "typo")
    (refused,) = status(deployment)
    assert refused["state"] == "refused"
    for part in ("autorecycle_strategy", "typo", "out-in"):
        assert part in refused["step"]


def test_cancel_says_so_on_the_group_and_status_knows(deployment, start_worker):
    worker = start_worker()
    begin(deployment)
    worker.kill()  # what is said on the group needs nobody to hear it
    ended = deployment.cli("cancel", "web-asg-1")
    assert ended.returncode == 0, ended.stderr
    assert tags(deployment, "web-asg-1")[CONTROL] == "cancel"
    assert status(deployment)[0]["state"] == "cancelling"
    assert deployment.cli("cancel", "web-asg-1", "--restore").returncode == 0
    assert tags(deployment, "web-asg-1")[CONTROL] == "cancel-restore"
    for command in ("pause", "resume"):
        refused = deployment.cli(command, "web-asg-1")
        assert refused.returncode == 1 and "cancel" in refused.stderr


def test_pause_holds_and_resume_goes_on(deployment, start_worker):
    start_worker()
    begin(deployment)
    assert deployment.cli("pause", "web-asg-1").returncode == 0
    assert tags(deployment, "web-asg-1")[CONTROL] == "pause"
    wait_until("the pause to show", lambda: status(deployment)[0]["state"] == "paused")
    ended = deployment.cli("resume", "web-asg-1", "--json")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["group"] == "web-asg-1"
    assert CONTROL not in tags(deployment, "web-asg-1")
    assert status(deployment)[0]["state"] == "running"
    again = deployment.cli("resume", "web-asg-1")
    assert again.returncode == 1 and "not paused" in again.stderr


@pytest.mark.parametrize("command", ["pause", "resume", "cancel"])
def test_commands_say_what_is_wrong(deployment, command):
    deployment.add_recyclable("web-asg-1", "out-in")
    before = deployment.mutations("web-asg-1")
    idle = deployment.cli(command, "web-asg-1")
    assert idle.returncode == 1 and "nothing is running" in idle.stderr
    missing = deployment.cli(command, "nowhere")
    assert missing.returncode == 1 and "nowhere does not exist" in missing.stderr
    assert deployment.cli(command).returncode == 2
    wrong = deployment.cli(command, "web-asg-1", AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert wrong.returncode == 1 and "endpoint" in wrong.stderr
    refused = deployment.cli(command, "web-asg-1", key=("AKIDNOBODY", "x"))
    assert refused.returncode == 1 and refused.stderr
    assert deployment.mutations("web-asg-1") == before


def test_history_tells_of_what_was_done(deployment, start_worker):
    none = deployment.cli("history")
    assert none.returncode == 0 and "no recycle" in none.stdout
    start_worker()
    deployment.add_recyclable("web-asg-1", "out-in")
    deployment.new_version("web-asg-1")
    deployment.wait_recycled("web-asg-1")

    def runs(*words):
        ended = deployment.cli("history", "--json", *words)
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)["runs"]

    wait_until("the end in the trail", lambda: runs()[0]["result"] == "done")
    (run,) = runs("web-asg-1")
    assert (run["group"], run["strategy"]) == ("web-asg-1", "out-in")
    assert run["target"].endswith(":2") and run["by"].endswith("AKIDWORKER")
    assert runs("other") == []
    assert "web-asg-1" in deployment.cli("history").stdout


def test_the_regions_trail_answers_boto3_page_by_page(deployment):
    deployment.add_recyclable("web-asg-1", "out-in")
    for number in range(60):
        deployment.region.autoscaling.create_or_update_tags(Tags=[
            {"ResourceId": "web-asg-1", "ResourceType": "auto-scaling-group", "Key": "number",
             "Value": str(number), "PropagateAtLaunch": False}])

    def pages():
        pages = deployment.region.cloudtrail.get_paginator("lookup_events").paginate(
            LookupAttributes=[{"AttributeKey": "EventName",
                               "AttributeValue": "CreateOrUpdateTags"}])
        return [page["Events"] for page in pages]

    def numbers():
        records = [json.loads(one["CloudTrailEvent"]) for page in pages() for one in page]
        return [one["requestParameters"]["tags"][0]["value"] for one in records]

    newest_first = [str(number) for number in reversed(range(60))]
    wait_until("all of them", lambda: numbers() == newest_first)
    assert max(len(page) for page in pages()) <= 50
    with pytest.raises(deployment.region.cloudtrail.exceptions.InvalidMaxResultsException):
        deployment.region.cloudtrail.lookup_events(MaxResults=51)


def test_watch_prints_what_changes_into_a_pipe(deployment, start, build, directory):
    from processes import Process
    from stack import WORKER, find_binary, worker_environment
    deployment.add_recyclable("web-asg-1", "out-in")
    watcher = start(Process, "watch", [find_binary(build, "autorecycle"), "status", "--watch",
                                       "--every", "1s", "--json"],
                    worker_environment(directory, deployment.region.endpoint, WORKER), directory)
    wait_until("the first line", lambda: '"groups":[]' in watcher.log())
    deployment.new_version("web-asg-1")
    wait_until("the change", lambda: '"state":"due"' in watcher.log())
    lines = [line for line in watcher.log().splitlines() if line.startswith("{")]
    assert len(lines) == len(set(lines))


def test_a_run_whose_message_was_lost_is_found_and_finished(deployment, start_worker):
    worker = start_worker()
    begin(deployment)
    worker.kill()
    deployment.region.sqs.purge_queue(QueueUrl=deployment.queues.urls["recycles"])
    deployment.region.sqs.purge_queue(QueueUrl=deployment.queues.urls["events"])
    deployment.region.config(launch_lag_ms=200)
    for _ in range(2):
        start_worker("--sweep-interval", "5s")
    # Of these, two minutes until what the worker before may have begun is over.
    deployment.wait_recycled("web-asg-1", timeout=240)
    deployment.wait_empty(timeout=120)
    assert deployment.count("recycles-dlq") == 0
