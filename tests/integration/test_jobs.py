"""On-call jobs end to end: a request on the queue, a real worker, a simulated region, an answer."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from conftest import ROOT
from processes import wait_until
from stack import WORKER, find_binary, worker_environment

EXAMPLES = ROOT / "docs/jobs/examples"


@pytest.fixture
def scripts():
    """A folder that the users can read that scripts get when the worker is root: not pytest's."""
    with tempfile.TemporaryDirectory(prefix="oncall-scripts-") as name:
        Path(name).chmod(0o755)
        shutil.copytree(EXAMPLES, Path(name) / "jobs")
        yield Path(name) / "jobs"


def add_script(scripts: Path, name: str, text: str, **more) -> None:
    folder = scripts / name
    folder.mkdir()
    (folder / "run.sh").write_text("#!/bin/bash\n" + text + "\n")
    (folder / "run.sh").chmod(0o755)
    job = {"name": name, "owner": "tests", "purpose": "A test", "params": {"type": "object"},
           "example": {}, "command": ["./run.sh"], **more}
    (folder / "job.json").write_text(json.dumps(job))


@pytest.fixture
def jobs(region, start_worker, build, directory, scripts):
    """jobs.worker(...) starts one; jobs.ask(...) sends a request and gives its answer."""

    class Jobs:
        def __init__(self):
            self.queue = region.sqs.create_queue(QueueName="oncall-jobs")["QueueUrl"]
            self.replies = region.sqs.create_queue(QueueName="oncall-reply-test")["QueueUrl"]
            self.letters = region.sqs.create_queue(QueueName="oncall-dlq")["QueueUrl"]
            arn = region.sqs.get_queue_attributes(
                QueueUrl=self.letters, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            region.sqs.set_queue_attributes(QueueUrl=self.queue, Attributes={
                "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "9"})})

        def worker(self, *options, **more):
            return start_worker("--oncall-queue", "oncall-jobs", "--events-queue", "off",
                                "--recycles-queue", "off", "--oncall-scripts", str(scripts),
                                *options, **more)

        def send(self, **request) -> None:
            region.sqs.send_message(QueueUrl=self.queue, MessageBody=json.dumps(request))

        def reply(self, timeout: float = 150) -> dict:
            until = time.monotonic() + timeout
            while time.monotonic() < until:
                for message in region.sqs.receive_message(
                        QueueUrl=self.replies, WaitTimeSeconds=2).get("Messages", []):
                    region.sqs.delete_message(QueueUrl=self.replies,
                                              ReceiptHandle=message["ReceiptHandle"])
                    return json.loads(message["Body"])
            raise AssertionError("no answer")

        def ask(self, job: str, params: dict, **more) -> dict:
            self.send(job=job, params=params, reply_to="oncall-reply-test",
                      request_id=more.pop("request_id", f"{job}-{time.monotonic_ns()}"),
                      requested_by="alice", **more)
            return self.reply()

        def start_cli(self, *words) -> subprocess.Popen:
            return subprocess.Popen(
                [find_binary(build, "autorecycle"), "jobs", *words,
                 *([] if words[0] == "lint" else ["--oncall-scripts", str(scripts)])],
                env=worker_environment(directory, region.endpoint, WORKER),
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

        def cli(self, *words, timeout=60):
            with self.start_cli(*words) as process:
                out, err = process.communicate(timeout=timeout)
            return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    return Jobs()


def test_a_script_answers_on_the_reply_queue_with_the_original_shape(jobs):
    jobs.worker()
    answer = jobs.ask("debug-disk-usage", {"folders": ["/"]}, request_id="incident-1")
    assert answer["statusCode"] == 200
    assert isinstance(answer["body"], str), "JSON in a string, as the functions answered"
    assert json.loads(answer["body"])["folders"][0]["folder"] == "/"
    assert answer["requestId"] == "incident-1" and answer["attempts"] == 1
    assert answer["durationMs"] >= 0


def test_wrong_parameters_are_refused_by_name_and_dead_lettered(jobs, region):
    jobs.worker()
    answer = jobs.ask("debug-disk-usage", {"folder": "/"})
    assert answer["statusCode"] == 400
    assert json.loads(answer["body"]) == "params.folder: unknown, expected one of folders"
    letters = region.sqs.receive_message(QueueUrl=jobs.letters, WaitTimeSeconds=10,
                                         MessageAttributeNames=["All"])["Messages"]
    kind = letters[0]["MessageAttributes"]["autorecycle.error-kind"]["StringValue"]
    assert kind == "invalid"


def test_what_changes_things_needs_a_rule_but_not_for_a_dry_run(jobs, directory):
    folder = Path("/tmp") / f"oncall-test-{os.getpid()}"
    folder.mkdir(exist_ok=True)
    (folder / "old").write_text("x")
    folder.chmod(0o777)
    params = {"folder": str(folder), "days": 0}
    worker = jobs.worker()
    try:
        refused = jobs.ask("oncall-clean-folder", params)
        assert refused["statusCode"] == 409 and "--oncall-allow" in refused["body"]
        dry = jobs.ask("oncall-clean-folder", params, dry_run=True)
        assert json.loads(dry["body"]) == {"files": 1, "dry_run": True}
        assert (folder / "old").exists()
        worker.stop()
        jobs.worker("--oncall-allow", "oncall-clean-*=alice")
        done = jobs.ask("oncall-clean-folder", params)
        assert json.loads(done["body"]) == {"files": 1, "dry_run": False}
        assert not (folder / "old").exists()
    finally:
        shutil.rmtree(folder)


def test_a_request_is_run_once(jobs, scripts, directory):
    add_script(scripts, "test-once", "date +%s%N | jq .")
    jobs.worker()
    first = jobs.ask("test-once", {}, request_id="same")
    jobs.send(job="test-once", params={}, reply_to="oncall-reply-test", request_id="same",
              requested_by="alice")
    third = jobs.ask("test-once", {}, request_id="other")
    assert third["requestId"] == "other", "the second one was answered already, and is not run"
    assert third["body"] != first["body"]


def test_the_command_line_waits_for_the_answer_and_exits_by_its_status(jobs, region):
    jobs.worker()
    done = jobs.cli("run", "debug-disk-usage", "--param", "folders=/", "--wait")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["folders"][0]["folder"] == "/"
    missing = jobs.cli("run", "debug-disk-usage", "--params", '{"folders":["/no/such"]}', "--wait")
    assert missing.returncode == 1
    assert missing.stderr == "autorecycle: 404: no such folder: /no/such\n"
    assert region.sqs.list_queues(QueueNamePrefix="oncall-reply-")["QueueUrls"] == [jobs.replies]
    wrong = jobs.cli("run", "oncall-replay-dlq", "--param", "que=x")
    assert wrong.returncode == 2 and "params.queue: missing" in wrong.stderr


def test_ctrl_c_ends_the_wait_for_an_answer_and_says_what_goes_on(jobs, region):
    asking = jobs.start_cli("run", "debug-disk-usage", "--wait")  # and nobody answers
    try:
        wait_until("the request", lambda: region.sqs.receive_message(
            QueueUrl=jobs.queue, WaitTimeSeconds=1).get("Messages"))
        asking.send_signal(signal.SIGINT)
        _, said = asking.communicate(timeout=30)
    finally:
        asking.kill()
    assert asking.returncode == 130
    assert re.fullmatch(r"autorecycle: interrupted; request \S+ may still be run\n", said)
    assert region.sqs.list_queues(QueueNamePrefix="oncall-reply-")["QueueUrls"] == [jobs.replies]


def test_dead_letters_are_replayed_by_a_job(jobs, region):
    region.sqs.send_message(QueueUrl=jobs.letters, MessageBody="a letter")
    target = region.sqs.create_queue(QueueName="target")["QueueUrl"]
    jobs.worker("--oncall-allow", "oncall-replay-dlq=*")
    answer = jobs.ask("oncall-replay-dlq", {"queue": "oncall-dlq", "to": "target",
                                            "own-replay": True})
    assert answer["statusCode"] == 200, answer
    assert json.loads(answer["body"])["sent"] == 1
    assert region.sqs.receive_message(QueueUrl=target)["Messages"][0]["Body"] == "a letter"


def test_a_failed_job_is_counted_logged_and_told(jobs, region, scripts):
    topic = region.sns.create_topic(Name="oncall")["TopicArn"]
    region.s3.create_bucket(Bucket="job-logs")
    add_script(scripts, "test-broken", "echo 'half way' >&2; echo 'no such host' >&2; exit 3")
    worker = jobs.worker("--oncall-topic", topic, "--oncall-log-bucket", "job-logs/oncall")
    answer = jobs.ask("test-broken", {}, request_id="r-1")
    assert answer["statusCode"] == 500 and "exit code 3: no such host" in answer["body"]
    bucket, key = answer["log"].removeprefix("s3://").split("/", 1)
    assert bucket == "job-logs" and key.startswith("oncall/20") and "/test-broken/" in key
    log = region.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    assert "half way" in log and '"who":"alice"' in log
    wait_until("the topic to be told", lambda: re.search(
        r'aws_requests_total{[^}]*operation="Publish"[^}]*} 1', worker.metrics()))
    assert 'autorecycle_jobs_total{name="test-broken",result="failed"} 1' in worker.metrics()
    assert 'request_id=r-1' in worker.log() and "no such host" in worker.log()


def test_heartbeats_stay_on_time_while_scripts_run_at_their_parallelism(jobs, region, scripts):
    """Twelve scripts that print and burn, four at once, on a queue whose messages are hidden for
    ten seconds: were a heartbeat late, one of them would be received a second time."""
    add_script(scripts, "test-noise",
               "for i in $(seq 20000); do echo noise $i >&2; done; sleep 3; echo '\"done\"'",
               safe_to_retry=False)
    jobs.worker("--oncall-scripts-at-once", "4")
    began = time.monotonic()
    for i in range(12):
        jobs.send(job="test-noise", params={}, reply_to="oncall-reply-test", request_id=f"n-{i}")
    answers = {}
    while len(answers) < 12 and time.monotonic() - began < 120:
        answer = jobs.reply()
        assert answer["requestId"] not in answers, "run twice"
        answers[answer["requestId"]] = answer
    assert {each["statusCode"] for each in answers.values()} == {200}
    assert {each["attempts"] for each in answers.values()} == {1}, "a heartbeat was late"
    assert time.monotonic() - began >= 9, "more than four at once"


def test_lint_says_exactly_what_is_wrong(jobs, scripts):
    good = jobs.cli("lint", str(scripts))
    assert good.returncode == 0, good.stderr
    assert good.stdout.count("in order") == 5
    add_script(scripts, "test-wrong", "true", chagnes=True, timeout="2 days")
    bad = jobs.cli("lint", str(scripts / "test-wrong"))
    assert bad.returncode == 1
    assert "test-wrong/job.json: chagnes: unknown" in bad.stderr
    assert "test-wrong/job.json: timeout: found \"2 days\"" in bad.stderr


def test_a_script_that_is_not_in_order_is_left_out_and_the_others_run(jobs, scripts):
    add_script(scripts, "test-wrong", "true", timeout="2 days")
    jobs.worker()
    assert jobs.ask("test-wrong", {})["statusCode"] == 404
    assert jobs.ask("debug-disk-usage", {})["statusCode"] == 200


def test_the_catalogue_needs_no_aws(jobs, autorecycle, directory, scripts):
    ended = subprocess.run([autorecycle, "jobs", "ls", "--oncall-scripts", str(scripts),
                            "--output", "json"], capture_output=True, text=True, timeout=60,
                           env={"HOME": str(directory), "PATH": os.environ["PATH"]}, check=False)
    assert ended.returncode == 0, ended.stderr
    names = [job["name"] for job in json.loads(ended.stdout)]
    assert names == sorted(names) and "oncall-replay-dlq" in names and "debug-certificate" in names


# The jobs that come with the worker: those three that the original had, with its shapes.


def define(ecs, family: str, command: str = "") -> None:
    container = {"name": "app", "image": "app:1", "logConfiguration": {
        "logDriver": "awslogs",
        "options": {"awslogs-group": f"/ecs/{family}", "awslogs-stream-prefix": "ecs"}}}
    if command:
        container["command"] = ["sh", "-c", command]
    ecs.register_task_definition(family=family, containerDefinitions=[container])


def test_oncall_restart_service(jobs, region):
    define(region.ecs, "web")
    region.ecs.create_service(serviceName="web", taskDefinition="web", desiredCount=2)
    jobs.worker("--oncall-allow", "oncall-restart-*=alice")
    answer = jobs.ask("oncall-restart-service", {"service_name": "web"}, timeout="5m")
    assert answer["statusCode"] == 200, answer
    body = json.loads(answer["body"])
    assert body["service_name"] == "web" and body["running"] == 2
    missing = jobs.ask("oncall-restart-service", {"service_name": "nobody"})
    assert missing["statusCode"] == 404
    assert json.loads(missing["body"]).startswith("Error restarting service: ")


def test_debug_logs(jobs, region):
    region.logs.create_log_group(logGroupName="/aws/lambda/checkout")
    region.logs.create_log_stream(logGroupName="/aws/lambda/checkout", logStreamName="s")
    now = int(time.time() * 1000)
    region.logs.put_log_events(
        logGroupName="/aws/lambda/checkout", logStreamName="s",
        logEvents=[{"timestamp": now - 2000 + i, "message": f"line {i}"} for i in range(30)])
    jobs.worker()
    answer = jobs.ask("debug-logs", {"service_name": "checkout"})
    assert answer["statusCode"] == 200, answer
    body = json.loads(answer["body"])
    assert [stream["name"] for stream in body["streams"]] == ["s"]
    assert [event["message"] for event in body["events"]] == [f"line {i}" for i in range(30)]
    assert jobs.ask("debug-logs", {"service_name": "absent"})["statusCode"] == 404


def test_test_integration(jobs, region, directory):
    define(region.ecs, "checkout-tests", "echo testing $SERVICE_NAME; exit 3")
    suites = directory / "suites.json"
    suites.write_text(json.dumps({"checkout": {"task_definition": "checkout-tests",
                                               "container": "app"}}))
    jobs.worker("--oncall-suites", str(suites), "--oncall-allow", "test-*=*")
    answer = jobs.ask("test-integration", {"service_name": "checkout", "test_suite": "checkout"},
                      timeout="5m")
    body = json.loads(answer["body"])
    assert isinstance(body, dict) and body["exit_code"] == 3 and body["passed"] is False, answer
    unknown = jobs.ask("test-integration", {"test_suite": "absent"})
    assert unknown["statusCode"] in (400, 404) and "checkout" in unknown["body"]


def test_secrets_logs_and_audits_go_where_they_are_meant(jobs, region, scripts):
    region.ssm.put_parameter(Name="/oncall/incident-webhook", Type="SecureString",
                             Value="http://127.0.0.1:1/T0PS3CR3T")
    for group in ("jobs", "audit"):
        region.logs.create_log_group(logGroupName=group)
    worker = jobs.worker("--oncall-log-group", "jobs", "--oncall-audit-group", "audit")
    answer = jobs.ask("oncall-post-message", {"text": "hello"}, dry_run=True, request_id="r-1")
    assert json.loads(answer["body"]) == {"posted": False}, answer
    assert answer["log"] == "jobs:oncall-post-message/r-1/1"
    lines = [event["message"]
             for event in region.logs.filter_log_events(logGroupName="jobs")["events"]]
    assert lines == ["posting to ***"]
    record = json.loads(region.logs.filter_log_events(
        logGroupName="audit")["events"][0]["message"])
    assert record["who"] == "alice" and record["job"] == "oncall-post-message"
    assert record["result"] == "done" and record["dryRun"] is True
    assert "T0PS3CR3T" not in worker.log()
