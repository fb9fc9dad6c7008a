#!/usr/bin/env python3
"""Prints autorecycle.json, the Grafana dashboard.

Two panels a row; the tests hold every query to the metrics that the worker has.
"""

import json

WHERE = 'job=~"$job",instance=~"$instance"'
QUEUE = WHERE + ',queue=~"$queue"'


def rate(metric: str, by: str, where: str = QUEUE) -> str:
    return f"sum by ({by}) (rate({metric}{{{where}}}[$__rate_interval]))"


def p95(histogram: str, by: str, where: str = QUEUE) -> str:
    return (f"histogram_quantile(0.95, sum by (le, {by}) "
            f"(rate({histogram}_bucket{{{where}}}[$__rate_interval])))")


def most(gauge: str, by: str, where: str = QUEUE) -> str:
    return f"sum by ({by}) ({gauge}{{{where}}})"


# Row, title, unit, what the reader learns, queries with their legends.
PANELS = [
    ("Now", "Workers by version", "short", "Two for long: a canary was forgotten.",
     [(f"count by (version) (autorecycle_build_info{{{WHERE}}})", "{{version}}")]),
    ("Now", "Seconds since the last good poll", "s", "Beyond 60 nobody reads that queue.",
     [(f"time() - max by (queue) (autorecycle_poller_last_success_timestamp_seconds{{{QUEUE}}})",
       "{{queue}}")]),
    ("Now", "Seconds until the credentials expire", "s",
     "They are renewed 10 to 15 minutes before. Usable: 0 means none are left.",
     [(f"min by (instance) (autorecycle_credentials_expiry_seconds{{{WHERE}}})", "{{instance}}"),
      (f"min by (instance) (autorecycle_credentials_usable{{{WHERE}}})", "{{instance}} usable")]),
    ("Now", "Event loop lag, p99", "s", "Everything else is at least as late as that.",
     [(f"histogram_quantile(0.99, sum by (le, instance) "
       f"(rate(autorecycle_event_loop_lag_seconds_bucket{{{WHERE}}}[$__rate_interval])))",
       "{{instance}}")]),
    ("Recycles", "Under way", "short", "Recycles in hand, by strategy and phase.",
     [(most("autorecycle_recycles_running", "strategy, phase", WHERE), "{{strategy}} {{phase}}")]),
    ("Recycles", "Waiting", "short", "What the recycles in hand wait for, and waits that began.",
     [(most("autorecycle_recycles_waiting", "for", WHERE), "{{for}}"),
      (f"sum by (for) (increase(autorecycle_recycle_waits_total{{{WHERE}}}[1h]))",
       "{{for}} begun in an hour")]),
    ("Recycles", "Ended in an hour", "short", "aborted: failed, and the group was put back.",
     [(f"sum by (strategy, result) (increase(autorecycle_recycles_total{{{WHERE}}}[1h]))",
       "{{strategy}} {{result}}")]),
    ("Recycles", "Oldest under way", "s", "Since it began, whichever worker began it.",
     [(f"max by (strategy) (autorecycle_recycle_oldest_seconds{{{WHERE}}})", "{{strategy}}")]),
    ("Recycles", "Capacity above the floor", "short",
     "The least of the groups being recycled. Below 0 fewer instances serve than should.",
     [(f"min by (strategy) (autorecycle_capacity_margin{{{WHERE}}})", "{{strategy}}")]),
    ("Recycles", "How long they take, p95", "s", "Whole recycles by result, and their phases.",
     [(p95("autorecycle_recycle_seconds", "strategy, result", WHERE), "{{strategy}} {{result}}"),
      (p95("autorecycle_recycle_phase_seconds", "strategy, phase", WHERE),
       "{{strategy}} {{phase}}")]),
    ("On-call jobs", "Ended in an hour", "short", "By job and result.",
     [(f"sum by (name, result) (increase(autorecycle_jobs_total{{{WHERE}}}[1h]))",
       "{{name}} {{result}}")]),
    ("On-call jobs", "Duration, p95", "s", "By job.",
     [(p95("autorecycle_job_seconds", "name", WHERE), "{{name}}")]),
    ("Messages", "Received", "ops", "By kind.",
     [(rate("autorecycle_messages_received_total", "kind"), "{{kind}}")]),
    ("Messages", "Verdicts", "ops", "retry: it comes back; poison: to the dead-letter queue.",
     [(rate("autorecycle_verdicts_total", "queue, verdict"), "{{queue}} {{verdict}}")]),
    ("Messages", "Age when begun, p95", "s", "From SQS taking a message to its handler beginning.",
     [(p95("autorecycle_message_age_seconds", "queue"), "{{queue}}")]),
    ("Messages", "Receives, p95", "short", "How often SQS had handed a message out; 1 is well.",
     [(p95("autorecycle_message_receives", "queue"), "{{queue}}")]),
    ("Messages", "Handling, p95", "s", "From a message's begin to its verdict carried out.",
     [(p95("autorecycle_handle_seconds", "queue, verdict"), "{{queue}} {{verdict}}")]),
    ("Messages", "Dead letters in an hour", "short", "By kind of error; see docs/runbook.md.",
     [(f"sum by (queue, error_kind) (increase(autorecycle_poison_total{{{QUEUE}}}[1h]))",
       "{{queue}} {{error_kind}}")]),
    ("Messages", "Dead letters", "short", "What waits in each dead-letter queue.",
     [(most("autorecycle_dead_letters", "queue"), "{{queue}}")]),
    ("Messages", "Duplicates and lost visibility", "ops",
     "Finished messages that came back, and messages that were taken away.",
     [(rate("autorecycle_duplicates_suppressed_total", "queue"), "{{queue}} duplicate"),
      (rate("autorecycle_visibility_lost_total", "queue"), "{{queue}} lost")]),
    ("Queue runtime", "In hand and allowed", "short", "Allowed falls when handlers fail.",
     [(most("autorecycle_in_flight", "queue"), "{{queue}}"),
      (most("autorecycle_prefetched", "queue"), "{{queue}} not begun"),
      (most("autorecycle_in_flight_allowed", "queue"), "{{queue}} allowed")]),
    ("Queue runtime", "Pollers, circuit, pause", "short", "Circuit: 1 open, 0.5 probing.",
     [(most("autorecycle_pollers", "queue"), "{{queue}} pollers"),
      (f"max by (queue) (autorecycle_circuit_open{{{QUEUE}}})", "{{queue}} circuit"),
      (f"max by (queue) (autorecycle_paused{{{QUEUE}}})", "{{queue}} paused")]),
    ("Queue runtime", "Polls", "ops", "Empty ones are idleness; abandoned ones never answered.",
     [(rate("autorecycle_polls_total", "queue, result"), "{{queue}} {{result}}"),
      (rate("autorecycle_polls_empty_total", "queue"), "{{queue}} empty"),
      (rate("autorecycle_polls_abandoned_total", "queue"), "{{queue}} abandoned")]),
    ("Queue runtime", "Deletes, returns, extensions, payloads", "ops", "By result.",
     [(rate("autorecycle_deletes_total", "queue, result"), "{{queue}} delete {{result}}"),
      (rate("autorecycle_returns_total", "queue, result"), "{{queue}} return {{result}}"),
      (rate("autorecycle_visibility_extensions_total", "queue, result"),
       "{{queue}} extend {{result}}"),
      (rate("autorecycle_payloads_total", "queue, action, result"),
       "{{queue}} {{action}} {{result}}")]),
    ("Queue runtime", "Batch sizes", "short", "Ten messages a request is what costs least.",
     [(f"sum by (queue) (rate(autorecycle_receive_batch_size_sum{{{QUEUE}}}[$__rate_interval])) / "
       f"sum by (queue) (rate(autorecycle_receive_batch_size_count{{{QUEUE}}}[$__rate_interval]))",
       "{{queue}} received"),
      (f"sum by (queue) (rate(autorecycle_delete_batch_size_sum{{{QUEUE}}}[$__rate_interval])) / "
       f"sum by (queue) (rate(autorecycle_delete_batch_size_count{{{QUEUE}}}[$__rate_interval]))",
       "{{queue}} deleted")]),
    ("Queue runtime", "Visibility left, lowest twentieth", "s",
     "When a message was extended or deleted. Towards 0 messages are lost.",
     [(f"histogram_quantile(0.05, sum by (le, queue) "
       f"(rate(autorecycle_visibility_left_seconds_bucket{{{QUEUE}}}[$__rate_interval])))",
       "{{queue}}")]),
    ("AWS", "Requests", "reqps", "Attempts, by service.",
     [(rate("autorecycle_aws_requests_total", "service", WHERE), "{{service}}")]),
    ("AWS", "Errors", "reqps", "By operation and AWS's code.",
     [(rate("autorecycle_aws_requests_total", "service, operation, code", WHERE + ',code!="ok"'),
       "{{service}} {{operation}} {{code}}")]),
    ("AWS", "Duration of attempts, p95", "s", "Without long polls.",
     [(p95("autorecycle_aws_request_seconds", "service, operation",
           WHERE + ',operation!="ReceiveMessage"'), "{{service}} {{operation}}")]),
    ("AWS", "Billed SQS requests in an hour", "short", "One for each 64 KiB begun.",
     [(f"sum by (operation) (increase(autorecycle_sqs_billed_requests_total{{{WHERE}}}[1h]))",
       "{{operation}}")]),
    ("AWS", "Retry tokens", "short", "At 0 nothing is tried again until something succeeds.",
     [(f"min by (connections) (autorecycle_aws_retry_tokens{{{WHERE}}})", "{{connections}}")]),
    ("AWS", "Clock skew", "s", "AWS's clock minus ours; beyond five minutes AWS refuses.",
     [(f"max by (instance) (autorecycle_clock_skew_seconds{{{WHERE}}})", "{{instance}}")]),
    ("AWS", "Exports", "ops", "Figures to CloudWatch, spans to X-Ray and OpenTelemetry.",
     [(rate("autorecycle_exported_total", "exporter, result", WHERE), "{{exporter}} {{result}}")]),
]


BELOW_ZERO = {"Capacity above the floor", "Clock skew", "Seconds until the credentials expire"}


def variable(name: str, query: str) -> dict:
    return {"name": name, "type": "query", "datasource": {"type": "prometheus", "uid": "${source}"},
            "query": {"query": query, "refId": name}, "refresh": 2, "multi": True,
            "includeAll": True, "allValue": ".*", "current": {"text": "All", "value": "$__all"}}


def panels() -> list[dict]:
    source = {"type": "prometheus", "uid": "${source}"}
    out: list[dict] = []
    y, column, row = 0, 0, ""
    for title_of_row, title, unit, text, queries in PANELS:
        if title_of_row != row:
            y += 8 * (column > 0)
            out.append({"type": "row", "title": title_of_row, "collapsed": False, "panels": [],
                        "id": len(out) + 1, "gridPos": {"x": 0, "y": y, "w": 24, "h": 1}})
            y, column, row = y + 1, 0, title_of_row
        targets = [{"refId": chr(ord("A") + index), "datasource": source, "expr": expression,
                    "legendFormat": legend} for index, (expression, legend) in enumerate(queries)]
        out.append({"type": "timeseries", "title": title, "description": text, "id": len(out) + 1,
                    "datasource": source, "targets": targets,
                    "gridPos": {"x": 12 * column, "y": y, "w": 12, "h": 8},
                    "fieldConfig": {"overrides": [], "defaults": {
                        "unit": unit, "min": None if title in BELOW_ZERO else 0}},
                    "options": {"legend": {"displayMode": "list", "placement": "bottom"},
                                "tooltip": {"mode": "multi", "sort": "desc"}}})
        column = 1 - column
        y += 8 * (column == 0)
    return out


def dashboard() -> dict:
    info = "autorecycle_build_info"
    return {
        "title": "autorecycle", "uid": "autorecycle", "tags": ["autorecycle"], "editable": True,
        "schemaVersion": 39, "version": 1, "refresh": "1m", "timezone": "browser",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [
            {"name": "source", "type": "datasource", "query": "prometheus"},
            variable("job", f"label_values({info}, job)"),
            variable("instance", f'label_values({info}{{job=~"$job"}}, instance)'),
            variable("queue", "label_values(autorecycle_in_flight, queue)"),
        ]},
        "panels": panels(),
    }


if __name__ == "__main__":
    print(json.dumps(dashboard(), indent=1))
