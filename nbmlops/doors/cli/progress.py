"""Progress events as live lines on a terminal, or as plain lines where there is none."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from nbmlops.doors.render.blocks import seconds
from nbmlops.ops.call import Progress

MARKS = {"done": ("✓", "green"), "failed": ("✗", "bold red"), "skipped": ("–", "dim"), "killed": ("■", "yellow")}


class TerminalProgress:
    """Callable with each event. Finished tasks stay as a line; running ones move."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.has_printed = False
        self.running: dict[str, tuple[Progress, float]] = {}
        self.live = Live(console=console, refresh_per_second=8, transient=True) if console.is_terminal else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.live is not None:
            self.live.stop()
        if self.has_printed:
            self.console.print()

    def __call__(self, event: Progress) -> None:
        began = self.running.get(event.task, (event, time.monotonic()))[1]
        if event.state == "running":
            self.running[event.task] = (event, began)
        else:
            self.running.pop(event.task, None)
            self._finished(event, time.monotonic() - began)
        if self.live is not None:
            if self.running and not self.live.is_started:
                self.live.start()
            self.live.update(Group(*(self._moving(*item) for item in self.running.values())))

    def _finished(self, event: Progress, passed: float) -> None:
        mark, style = MARKS.get(event.state, ("·", ""))
        line = Text.assemble((f"{mark} ", style), event.task.ljust(14), " ", event.note)
        if passed >= 0.05:
            line.append(f"{'  ' if event.note else ''}{seconds(passed)}", style="dim")
        self.console.print(line)
        self.has_printed = True

    def _moving(self, event: Progress, began: float) -> Table:
        row = Table.grid(padding=(0, 1))
        count = f"{event.done}/{event.total}" if event.total else ""
        row.add_row(
            Spinner("dots"),
            event.task.ljust(14),
            event.note,
            count,
            Text(seconds(time.monotonic() - began), style="dim"),
        )
        return row
