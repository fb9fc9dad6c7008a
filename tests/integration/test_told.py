"""Gates, hooks and notifications of a real worker: over real sockets, with real programs."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from deployment import Deployment
from processes import wait_until
from stack import client, worker_environment

SECRETS = {"AUTORECYCLE_SLACK_TOKEN": "xoxb-s3cr3t-one", "AUTORECYCLE_PAGERDUTY_KEY": "s3cr3t-two"}


class Receiver:
    """Slack, PagerDuty and whoever hooks are posted to: keeps what it is told."""

    def __init__(self):
        self.posts: list[tuple[str, dict[str, str], dict]] = []
        self.hangs = threading.Event()
        self.released = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                receiver.posts.append((self.path, dict(self.headers), body))
                if receiver.hangs.is_set():
                    receiver.released.wait(60)
                answer = b'{"ok":true}'
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def of(self, path: str) -> list[dict]:
        return [body for at, _, body in self.posts if at == path]

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def deployment(region, build, directory) -> Deployment:
    return Deployment(region, build, directory)


def told_environment(directory, region, receiver, **more):
    return worker_environment(
        directory, region.endpoint, **SECRETS, AUTORECYCLE_SLACK_API=receiver.url,
        AUTORECYCLE_SLACK_CHANNEL="deployments", AUTORECYCLE_PAGERDUTY_URL=receiver.url + "/pager",
        AUTORECYCLE_NOTIFY_ENVIRONMENT="test", AUTORECYCLE_NOTIFY_DEADLINE="2s", **more)


def test_people_programs_and_hooks_are_told_of_a_recycle(
        deployment, start_worker, receiver, region, directory):
    topic = client("sns", region.endpoint).create_topic(Name="recycles")["TopicArn"]
    region.events.put_rule(Name="ours", EventPattern=json.dumps({"source": ["autorecycle"]}))
    region.events.put_targets(Rule="ours", Targets=[
        {"Id": "audit", "Arn": deployment.queues.arn(region.sqs, "audit")}])
    asked = directory / "asked"
    hooks = f"tell={receiver.url}/hook-s3cr3t"
    deployment.add_recyclable("web-asg-1", "out-in", size=2, tags={
        "autorecycle_notify_pager_duty": "true", "autorecycle_gate_command": "smoke",
        "autorecycle_hook_before_start": "tell", "autorecycle_hook_before_terminate": "tell",
        "autorecycle_hook_after_end": "tell"})
    old = {one["InstanceId"] for one in region.group("web-asg-1")["Instances"]}
    worker = start_worker(env=told_environment(
        directory, region, receiver, AUTORECYCLE_SNS_TOPIC=topic, AUTORECYCLE_EVENT_BUS="default",
        AUTORECYCLE_HOOKS=hooks,
        AUTORECYCLE_GATE_COMMANDS=f"smoke=sh -c 'cat >> {asked}; env >> {asked}'"))
    deployment.new_version("web-asg-1")
    deployment.wait_recycled("web-asg-1")

    wait_until("Slack to be told twice", lambda: len(receiver.of("/chat.postMessage")) == 2)
    texts = [one["attachments"][0]["text"] for one in receiver.of("/chat.postMessage")]
    assert texts == ["Auto-recycling was successfully initiated",
                     "Autorecycling has successfully completed"]
    wait_until("the page to be resolved", lambda: receiver.of("/pager"))
    assert receiver.of("/pager")[0]["event_action"] == "resolve"

    told = receiver.of("/hook-s3cr3t")
    assert [one["hook"] for one in told] == ["before_start"] + 2 * ["before_terminate"] + [
        "after_end"]
    assert {one["instance"] for one in told[1:3]} == old
    assert all(headers["Idempotency-Key"] == body["key"]
               for path, headers, body in receiver.posts if path == "/hook-s3cr3t")

    words = asked.read_text()
    new = {one["InstanceId"] for one in region.group("web-asg-1")["Instances"]}
    assert all(f'"instance":"{one}"' in words for one in new)
    assert "AUTORECYCLE_" not in words and "s3cr3t" not in words

    kinds = []

    def both_events():
        answer = region.sqs.receive_message(QueueUrl=deployment.queues.urls["audit"],
                                            MaxNumberOfMessages=10, WaitTimeSeconds=1)
        kinds.extend(json.loads(one["Body"])["detail-type"] for one in answer.get("Messages", [])
                     if json.loads(one["Body"])["source"] == "autorecycle")
        return len(kinds) >= 2

    wait_until("both events on the bus", both_events)
    assert set(kinds) == {"Autorecycle Recycle Started", "Autorecycle Recycle Succeeded"}
    assert worker.stop() == 0
    assert "s3cr3t" not in worker.log()


def test_a_receiver_that_hangs_holds_up_neither_the_recycle_nor_the_end(
        deployment, start_worker, receiver, region, directory):
    receiver.hangs.set()
    deployment.add_recyclable("web-asg-1", "out-in", size=2)
    worker = start_worker(env=told_environment(directory, region, receiver))
    deployment.new_version("web-asg-1")
    deployment.wait_recycled("web-asg-1")
    assert receiver.posts, "somebody was told"
    began = time.monotonic()
    assert worker.stop() == 0
    assert time.monotonic() - began < 10
    assert "notifications were not delivered before the end" in worker.log()


def test_a_wrong_tag_is_told_with_its_value_and_what_is_accepted(
        deployment, start_worker, receiver, region, directory):
    deployment.add_recyclable("web-asg-1", "out-in", size=2, tags={
        "autorecycle_gate_http": "http:80@evil.example/", "autorecycle_notify_pager_duty": "true"})
    worker = start_worker(env=told_environment(directory, region, receiver))
    deployment.new_version("web-asg-1")
    wait_until("Slack to be told", lambda: receiver.of("/chat.postMessage"))
    wait_until("somebody to be paged", lambda: receiver.of("/pager"))
    wait_until("the dead letter", lambda: deployment.count("events-dlq") >= 1)
    said = [json.dumps(receiver.of("/chat.postMessage")[0]), json.dumps(receiver.of("/pager")[0]),
            json.dumps(worker.status()), worker.log()]
    for text in said:
        for part in ("autorecycle_gate_http", "http:80@evil.example/", "http:PORT/PATH"):
            assert part in text
    assert deployment.mutations("web-asg-1") == 0
