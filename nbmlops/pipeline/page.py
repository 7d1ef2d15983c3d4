"""Executed notebooks as HTML pages, made beside the work by one process that has nbconvert imported.

    with Pages() as pages:
        pages.make(notebook, page)      # returns at once
    # here every page is written

nbconvert takes seconds to import: once per pipeline run, while the next step executes, instead of once per step.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from nbmlops.lib.files import write_atomic

PATIENCE_SECONDS = 120
LIBRARIES = ("mathjax_url", "require_js_url", "jquery_url", "mermaid_js_url", "jupyter_widgets_base_url")
NOTHING = "data:text/javascript,"
"""Pages fetch nothing when they are opened: the formulas of a step stay as they were typed."""


class Pages:
    """The process starts with the first page and ends with the block."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def make(self, notebook: Path, page: Path) -> None:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "nbmlops.pipeline.page"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # Ctrl-C stops the steps; the pages of what was done are still made.
                start_new_session=True,
            )
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps([str(notebook), str(page)]).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return  # a page is a convenience: the executed notebook is there

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process is None:
            return
        try:
            self._process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


def write_page(notebook: Path, page: Path) -> None:
    """Render with nbconvert's own template, pictures embedded."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter()
    exporter.embed_images = True
    for library in LIBRARIES:
        setattr(exporter, library, NOTHING)
    text, _ = exporter.from_filename(str(notebook))
    write_atomic(page, text)


def main() -> None:
    for line in sys.stdin:
        notebook, page = json.loads(line)
        try:
            write_page(Path(notebook), Path(page))
        except Exception:  # noqa: BLE001 - one notebook that cannot be drawn must not cost the others theirs
            continue


if __name__ == "__main__":
    main()
