"""What a real worker tells of itself: metrics to CloudWatch (the simulated region and moto), its
traces to an X-Ray daemon and an OpenTelemetry collector, its probes."""

from __future__ import annotations

import http.server
import json
import re
import socket
import threading
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from datetime import datetime, timedelta, timezone

import pytest
from deployment import Deployment
from motoctl import ANY_KEY, operator
from processes import wait_until
from signed import query
from stack import Worker, create_queues, worker_environment

NAMESPACE = "Autorecycle/Test"
EXPORT = ("--cloudwatch-namespace", NAMESPACE)
# Counted by every process to its very end: what is left of these after the last scrape is nothing.
SETTLED = ("autorecycle_messages_received_total", "autorecycle_verdicts_total",
           "autorecycle_deletes_total", "autorecycle_recycles_total",
           "autorecycle_message_age_seconds", "autorecycle_message_receives")


@pytest.fixture
def deployment(region, build, directory) -> Deployment:
    return Deployment(region, build, directory)


def prometheus_sums(text: str) -> dict[tuple, float]:
    """{(name, labels): sum} of the settled counters, and of histograms their sum."""
    found = {}
    for name, labels, value in re.findall(r"^(autorecycle_\w+)\{([^}]*)\} (\S+)$", text, re.M):
        family = name.removesuffix("_sum")
        if family in SETTLED and not name.endswith(("_bucket", "_count")):
            key = family, tuple(sorted(re.findall(r'(\w+)="([^"]*)"', labels)))
            found[key] = float(value)
    return found


def cloudwatch(endpoint: str, action: str, **parameters: str) -> ET.Element:
    """In the Query protocol, which boto3 does not speak to CloudWatch any more."""
    answer = query("monitoring", endpoint, "2010-08-01", action, Namespace=NAMESPACE, **parameters)
    assert answer.status == 200, answer.text
    return ET.fromstring(re.sub(r' xmlns="[^"]*"', "", answer.text))


def cloudwatch_sums(endpoint: str) -> dict[tuple, float]:
    now = datetime.now(timezone.utc)
    span = {"StartTime": (now - timedelta(hours=1)).isoformat(),
            "EndTime": (now + timedelta(hours=1)).isoformat()}
    found = {}
    for metric in cloudwatch(endpoint, "ListMetrics").iterfind(".//Metrics/member"):
        name = metric.findtext("MetricName")
        if name not in SETTLED:
            continue
        labels = tuple(sorted((each.findtext("Name"), each.findtext("Value"))
                              for each in metric.iterfind("Dimensions/member")))
        of = {f"Dimensions__member__{number}__{part}": text
              for number, label in enumerate(labels, 1)
              for part, text in zip(("Name", "Value"), label)}
        points = cloudwatch(endpoint, "GetMetricStatistics", MetricName=name, Period="60",
                            Statistics__member__1="Sum", **span, **of)
        found[name, labels] = sum(float(point.findtext("Sum"))
                                  for point in points.iterfind(".//Datapoints/member"))
    return found


def expect_agreement(scrapes: list[str], endpoint: str) -> None:
    expected: dict[tuple, float] = {}
    for text in scrapes:
        for key, value in prometheus_sums(text).items():
            expected[key] = expected.get(key, 0) + value
    told = cloudwatch_sums(endpoint)
    moved = {key: value for key, value in expected.items() if value}
    assert len(moved) > 1, moved
    assert {key: told.get(key, 0) for key in moved} == pytest.approx(moved)
    assert not {key: value for key, value in told.items() if value and key not in moved}


def test_cloudwatch_adds_up_to_prometheus_over_faults_and_a_restart(deployment, start_worker,
                                                                    region):
    deployment.add_recyclable("web-asg-1", "out-in", size=2)
    region.faults(rules=[{"kind": "throttle", "service": "monitoring", "count": 1},
                         {"kind": "lost", "service": "monitoring", "count": 1}])
    scrapes = []
    for version in ("2", "3"):
        worker = start_worker(*EXPORT)
        deployment.new_version("web-asg-1")
        deployment.wait_recycled("web-asg-1", version)
        deployment.wait_empty()
        deployment.send("garbage")
        wait_until("the dead letter", lambda: 'verdict="poison"' in worker.metrics())
        deployment.wait_empty()
        # The queue is empty before the worker has heard that it is.
        wait_until("the last answer", lambda: all(
            f'autorecycle_in_flight{{queue="{role}"}} 0' in worker.metrics()
            for role in ("events", "recycles")))
        scrapes.append(worker.metrics())
        assert worker.stop() == 0, worker.log()
    expect_agreement(scrapes, region.endpoint)


def test_moto_adds_up_to_prometheus_over_a_restart(moto, start, build, directory):
    sqs = operator("sqs", moto)
    queues = create_queues(sqs)
    scrapes = []
    for _ in range(2):
        worker = start(Worker, build, directory, moto, "--poll-wait", "1s",
                       "--visibility-timeout", "5s", *EXPORT,
                       env=worker_environment(directory, moto, ANY_KEY))
        for _ in range(7):
            sqs.send_message(QueueUrl=queues.urls["events"], MessageBody="garbage")
        wait_until("seven dead letters", lambda: re.search(
            r'autorecycle_deletes_total\{[^}]*events[^}]*"ok"\} 7', worker.metrics()))
        scrapes.append(worker.metrics())
        assert worker.stop() == 0, worker.log()
    expect_agreement(scrapes, moto)


class Collector:
    """An OpenTelemetry collector, as far as OTLP over HTTP goes."""

    def __init__(self):
        self.spans: list[dict] = []
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                collector.keys = self.headers.get("x-api-key")
                for resource in body["resourceSpans"]:
                    for scope in resource["scopeSpans"]:
                        collector.spans += scope["spans"]
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_):
                pass

        self.keys = None
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def attributes(span: dict) -> dict[str, str]:
    return {each["key"]: each["value"]["stringValue"] for each in span["attributes"]}


def test_a_trace_leads_from_the_event_over_the_recycles_steps_to_the_calls(
        deployment, start_worker, directory, region):
    collector = Collector()
    daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    daemon.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    daemon.bind(("127.0.0.1", 0))
    environment = worker_environment(directory, region.endpoint,
                                     AUTORECYCLE_OTLP_HEADERS="x-api-key=of-the-collector")
    worker = start_worker("--otlp-endpoint", collector.url, "--log-format", "json",
                          "--xray-daemon", f"127.0.0.1:{daemon.getsockname()[1]}", env=environment)
    deployment.add_recyclable("web-asg-1", "out-in", size=2)
    deployment.new_version("web-asg-1")
    deployment.wait_recycled("web-asg-1")
    deployment.wait_empty()
    assert worker.stop() == 0, worker.log()
    collector.server.shutdown()
    assert collector.keys == "of-the-collector"

    spans = {span["spanId"]: span for span in collector.spans}
    calls = [span for span in spans.values()
             if span["name"] == "autoscaling.TerminateInstanceInAutoScalingGroup"]
    assert len(calls) == 2
    for call in calls:
        step = spans[call["parentSpanId"]]
        assert step["name"] == "recycle.TerminateInstanceInAutoScalingGroup"
        assert attributes(step)["autorecycle.group"] == "web-asg-1"
        assert attributes(step)["autorecycle.phase"] == "cull"
        recycle = spans[step["parentSpanId"]]
        assert recycle["name"] == "recycles process"
        assert attributes(recycle)["autorecycle.verdict"] == "done"
        event = spans[recycle["parentSpanId"]]
        assert event["name"] == "events process"
        assert "parentSpanId" not in event
        assert len({each["traceId"] for each in (call, step, recycle, event)}) == 1
        trace = event["traceId"]
        lines = [json.loads(line) for line in worker.log().splitlines() if trace[8:] in line]
        assert {"recycle step", "message handled"} <= {line["message"] for line in lines}
        assert {line.get("group") for line in lines if line["message"] == "recycle step"} == {
            "web-asg-1"}

    daemon.setblocking(False)
    segments = {}
    try:
        while True:
            header, _, document = daemon.recv(65536).partition(b"\n")
            assert json.loads(header) == {"format": "json", "version": 1}
            segment = json.loads(document)
            segments[segment["id"]] = segment
    except BlockingIOError:
        pass
    assert set(segments) == set(spans)
    for identity, segment in segments.items():
        assert segment["trace_id"].replace("-", "")[1:] == spans[identity]["traceId"]
        assert segment.get("parent_id") == spans[identity].get("parentSpanId")


def probe(worker, path: str) -> tuple[int, str]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(worker.url + path, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_a_worker_says_that_it_is_ready_and_alive(deployment, start_worker):
    worker = start_worker()
    wait_until("a ready worker", lambda: probe(worker, "/readyz") == (200, "ok\n"))
    assert probe(worker, "/healthz") == (200, "ok\n")
    status = worker.status()
    assert status["ready"] and status["not_ready_because"] == []
    assert status["credentials_expire"] is None
    assert 'autorecycle_event_loop_lag_seconds_count' in worker.metrics()
    assert "autorecycle_credentials_usable 1" in worker.metrics()
