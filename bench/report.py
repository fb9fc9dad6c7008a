"""The results as Markdown: one table of the clients, one of the targets. Medians everywhere."""

from __future__ import annotations

import os
import platform
import re
import statistics
from pathlib import Path

OURS = "autorecycle"
FLOOR = "floor"
SQUISS = "squiss-ts"
BATCH = "sqs-consumer, batch"
# The server that the targets of CPU are read from: the client alone is the limit there.
ANCHOR = "stub"
LIMITS = {"floor": 1.5, "squiss": 10, "batch": 14, "requests": 0.205, "idle": 3.1, "beats": 0.11,
          "wake_ms": 2, "delete_ms": 10, "rss_mb": 20, "prefetched": 512, "running": 2048}


def machine() -> dict[str, str | int]:
    model = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    return {"cpu": model[1] if model else platform.machine(), "cores": os.cpu_count() or 1,
            "kernel": platform.release(), "load": round(os.getloadavg()[0], 1)}


def median(rows: list[dict], name: str) -> float | None:
    values = [row[name] for row in rows if name in row]
    return statistics.median(values) if values else None


def text(value: float | None, digits: int = 1) -> str:
    return "" if value is None else f"{value:,.{digits}f}".replace(",", " ")


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |",
             "| --- |" + " ---: |" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def ratio(rounds: dict[str, list[dict]], over: str, under: str) -> float | None:
    """Of the CPU per message of two clients: the median of the rounds' ratios."""
    pairs = zip(rounds.get(over, []), rounds.get(under, []))
    ratios = [one["cpu_us_per_message"] / other["cpu_us_per_message"] for one, other in pairs]
    return statistics.median(ratios) if ratios else None


def load_row(server: str, name: str, rounds: dict[str, list[dict]]) -> list[str]:
    rows = rounds[name]
    cpu = [row["cpu_us_per_message"] for row in rows]
    return [f"{name} ({server})", text(median(rows, "messages_per_second"), 0),
            text(median(rows, "requests_per_message"), 4), text(statistics.median(cpu)),
            f"{text(min(cpu))} to {text(max(cpu))}", text(ratio(rounds, name, FLOOR), 2),
            text(ratio(rounds, name, OURS), 2), text(median(rows, "rss_mb"))]


def load_table(results: dict) -> str:
    head = ["client (server)", "messages/s", "requests/message", "CPU µs/message",
            "lowest to highest", "times the floor", "times autorecycle", "RSS MB"]
    rows = [load_row(server, name, rounds) for server, rounds in results["drain"].items()
            for name in rounds]
    return table(head, rows)


def hold_table(results: dict) -> str:
    head = ["client", "in flight", "requests/extension", "extensions per visibility timeout",
            "lost", "CPU ms/s", "RSS MB idle", "RSS MB", "RSS MB per 10 000"]
    return table(head, [
        [row["client"], str(row["in_flight"]), text(row["requests_per_extension"], 3),
         text(row["extensions_per_visibility"], 2), str(row["lost"]),
         text(row["cpu_ms_per_second"]), text(row["rss_idle_mb"]), text(row["rss_mb"]),
         text(row["rss_mb_per_10000"])] for row in results["hold"]])


def quiet_table(results: dict) -> str:
    head = ["client", "p50 ms to handler", "p99", "p50 over the floor", "p50 ms handler to delete",
            "p99", "highest", "idle requests/minute", "idle RSS MB", "idle CPU ms/minute"]
    floor = median(results["latency"].get(FLOOR, []), "handler_p50_ms")
    rows = []
    for name in list(results["settings"]):
        paced, idle = results["latency"].get(name, []), results["idle"].get(name, {})
        if not paced and not idle:
            continue
        p50 = median(paced, "handler_p50_ms")
        over = p50 - floor if p50 is not None and floor is not None else None
        rows.append([name, text(p50, 2), text(median(paced, "handler_p99_ms"), 2), text(over, 2),
                     text(median(paced, "delete_p50_ms"), 2),
                     text(median(paced, "delete_p99_ms"), 2),
                     text(median(paced, "delete_max_ms"), 2),
                     text(idle.get("requests_per_minute"), 2), text(idle.get("rss_mb")),
                     text(idle.get("cpu_ms_per_minute"))])
    return table(head, rows)


def targets(results: dict) -> list[tuple[str, float | None, float, bool]]:
    """(what, measured, limit, whether more is better)."""
    rounds = results["drain"].get(ANCHOR, {})
    loads = [server[OURS] for server in results["drain"].values() if OURS in server]
    paced = results["latency"]
    mine, floor = (median(paced.get(name, []), "handler_p50_ms") for name in (OURS, FLOOR))
    idle = results["idle"].get(OURS, {})
    beats = [row["requests_per_extension"] for row in results["hold"] if row["client"] == OURS]
    lost = [row["lost"] for row in results["hold"] if row["client"] == OURS]
    memory = results["memory"]
    return [
        ("requests per message at full load, the worst server",
         max((median(rows, "requests_per_message") for rows in loads), default=None),
         LIMITS["requests"], False),
        ("CPU per message, times the floor", ratio(rounds, OURS, FLOOR), LIMITS["floor"], False),
        ("squiss-ts's CPU per message, times ours", ratio(rounds, SQUISS, OURS),
         LIMITS["squiss"], True),
        ("sqs-consumer's batch handler's, times ours", ratio(rounds, BATCH, OURS),
         LIMITS["batch"], True),
        ("idle: requests per minute and queue", idle.get("requests_per_minute"), LIMITS["idle"],
         False),
        ("heartbeat requests per message in flight and interval", max(beats, default=None),
         LIMITS["beats"], False),
        ("visibilities lost while held", max(lost, default=None), 0, False),
        ("low rate: p50 to the handler beyond the floor's, ms",
         mine - floor if mine is not None and floor is not None else None, LIMITS["wake_ms"],
         False),
        ("low rate: p99 from handler to delete, ms",
         median(paced.get(OURS, []), "delete_p99_ms"), LIMITS["delete_ms"], False),
        ("idle RSS, MB", idle.get("rss_mb"), LIMITS["rss_mb"], False),
        ("bytes beyond body and receipt handle per prefetched message",
         memory.get("prefetched_bytes_without_receipt_handle"), LIMITS["prefetched"], False),
        ("bytes beyond body and receipt handle per running message",
         memory.get("running_bytes_without_receipt_handle"), LIMITS["running"], False),
        (f"visibilities lost of {text(memory.get('held_messages'), 0)} held for 10 virtual minutes",
         memory.get("held_lost"), 0, False),
    ]


def target_table(results: dict) -> str:
    rows = []
    for what, measured, limit, more in targets(results):
        if measured is None:
            verdict = "not measured"
        else:
            verdict = "yes" if (measured >= limit if more else measured <= limit) else "NO"
        digits = 0 if isinstance(measured, int) or (measured or 0) >= 100 else 3
        bound = f"{'at least' if more else 'at most'} {limit:g}"
        rows.append([what, text(measured, digits), bound, verdict])
    return table(["must reach", "measured", "limit", "met"], rows)


def memory_lines(results: dict) -> str:
    return "\n".join(f"- {name.replace('_', ' ')}: {value:,}".replace(",", " ")
                     for name, value in results["memory"].items())


def markdown(results: dict) -> str:
    here = results["machine"]
    parts = [f"{here['cpu']}, {here['cores']} cores, Linux {here['kernel']}, load {here['load']} "
             f"at the start; {results['mode']} run of {results.get('minutes', '?')} minutes"]
    if results["drain"]:
        parts += ["### Full load", load_table(results)]
    if results["hold"]:
        parts += ["### Held by handlers that sleep", hold_table(results)]
    if results["latency"] or results["idle"]:
        parts += ["### Low rate and idle", quiet_table(results)]
    if results["memory"]:
        parts += ["### Memory in process", memory_lines(results)]
    parts += ["### Targets", target_table(results)]
    for name, why in results["missing"].items():
        parts.append(f"Left out: {name}: {why}")
    parts += [f"FAILED: {what}" for what in results["failed"]]
    return "\n\n".join(parts) + "\n"
