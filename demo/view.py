"""What the demo shows: a live table on a terminal, one line per change anywhere else."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Iterable

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text


@dataclass(frozen=True)
class Row:
    """One group as it is now."""

    name: str
    strategy: str
    old: int            # in service, of the old version
    new: int            # in service, of the new version
    coming: int         # launched, not in service yet
    going: int          # terminating
    bounds: str         # "min/desired/max"
    phase: str
    reason: str         # what is waited for, or how it ended


LEGEND = (("new", "█", "green"), ("coming", "▒", "green"), ("old", "▓", "yellow"),
          ("going", "░", "red"))


def bar(row: Row) -> Text:
    counts = (row.new, row.coming, row.old, row.going)
    return Text.assemble(*((symbol * 2 * count, style)
                           for count, (_, symbol, style) in zip(counts, LEGEND)))


def phase_style(phase: str) -> str:
    return {"done": "green", "dry run": "blue", "worker down": "red"}.get(phase, "cyan")


class LiveView:
    def __init__(self) -> None:
        self.console = Console()
        self.live = Live(console=self.console, refresh_per_second=8)
        self.legend = Text("   ").join(
            Text.assemble((symbol * 2, style), " " + name) for name, symbol, style in LEGEND)

    def __enter__(self):
        self.live.__enter__()
        return self

    def __exit__(self, *failure):
        self.live.__exit__(*failure)

    def show(self, seconds: float, rows: Iterable[Row], headline: str) -> None:
        table = Table(title=f"{headline}   {seconds:4.1f} s", title_justify="left", expand=True,
                      caption=self.legend, caption_justify="left")
        table.add_column("group", no_wrap=True)
        table.add_column("strategy", no_wrap=True)
        table.add_column("instances", no_wrap=True, min_width=18)
        table.add_column("min/desired/max", no_wrap=True)
        table.add_column("phase", no_wrap=True)
        table.add_column("waiting for, or result", no_wrap=True, overflow="ellipsis", ratio=1)
        for row in rows:
            table.add_row(row.name, row.strategy, bar(row), row.bounds,
                          Text(row.phase, style=phase_style(row.phase)), row.reason)
        self.live.update(table)

    def say(self, line: str) -> None:
        self.live.console.print(line, highlight=False)


class PlainView:
    """For logs and pipes: says what changed, when it changes."""

    def __init__(self) -> None:
        self.shown: dict[str, Row] = {}

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        pass

    def show(self, seconds: float, rows: Iterable[Row], headline: str) -> None:
        for row in rows:
            if self.shown.get(row.name) == row:
                continue
            self.shown[row.name] = row
            self.say(f"{seconds:5.1f} s  {row.name:20} {row.old} old {row.new} new {row.coming} "
                     f"coming {row.going} going  {row.bounds:7} {row.phase}: {row.reason}")

    def say(self, line: str) -> None:
        print(line, flush=True)


def make_view() -> LiveView | PlainView:
    return LiveView() if sys.stdout.isatty() else PlainView()


def print_table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 150).print(table, highlight=False)
