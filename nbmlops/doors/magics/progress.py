"""Progress of long work in a notebook: an ipywidgets bar per task, a text line where there are no widgets."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from nbmlops.ops.call import Progress

_STYLES = {"done": "success", "failed": "danger", "skipped": "", "killed": "warning", "running": "info"}


@contextlib.contextmanager
def progress_display() -> Iterator[Callable[[Progress], None]]:
    """Yields a callable for events. Nothing is shown, and no widget made, before the first event."""
    bars = _Bars()
    try:
        yield bars
    finally:
        bars.close()


class _Bars:
    def __init__(self) -> None:
        self.box: Any = None
        self.rows: dict[str, tuple[Any, Any]] = {}

    def __call__(self, event: Progress) -> None:
        if event.task == "init":
            print(f"nbmlops: {event.note}")
            return
        import ipywidgets
        from IPython.display import display

        if self.box is None:
            self.box = ipywidgets.VBox()
            display(self.box)
        if event.task not in self.rows:
            bar = ipywidgets.IntProgress(min=0, max=1, description=event.task, layout=ipywidgets.Layout(width="320px"))
            label = ipywidgets.Label()
            self.rows[event.task] = (bar, label)
            self.box.children = (*self.box.children, ipywidgets.HBox([bar, label]))
        bar, label = self.rows[event.task]
        total = event.total or 1
        bar.max = max(1, total)
        bar.value = total if event.state == "done" else min(event.done, total)
        bar.bar_style = _STYLES.get(event.state, "")
        label.value = event.note

    def close(self) -> None:
        """A bar that is still moving when the work is over has been left behind by an error."""
        for bar, _ in self.rows.values():
            if bar.bar_style == "info":
                bar.bar_style = ""
