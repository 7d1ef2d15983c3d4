"""Executed notebooks as HTML pages, made beside the work by one process that has nbconvert imported.

    with Pages() as pages:
        pages.prepare()                 # it will be needed
        pages.make(notebook)            # returns at once
        pages.wait()
        page_of(notebook)               # here every page is written

nbconvert takes seconds to import: once per pipeline run, while steps execute, instead of once per step.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from nbmlops.lib.files import write_atomic
from nbmlops.lib.lean_imports import lean_imports

PATIENCE_SECONDS = 120
LIBRARIES = ("mathjax_url", "require_js_url", "jquery_url", "mermaid_js_url", "jupyter_widgets_base_url")
NOTHING = "data:text/javascript,"
"""Pages fetch nothing when they are opened: the formulas of a step stay as they were typed."""


def page_of(notebook: Path) -> Path:
    return notebook.with_suffix(".html")


class Pages:
    """The process starts with the first page, or when it is told that there will be one, and ends with the block."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "nbmlops.pipeline.page"],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # Ctrl-C stops the steps; the pages of what was done are still made.
                start_new_session=True,
            )

    def make(self, notebook: Path) -> None:
        self.prepare()
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps([str(notebook), str(page_of(notebook))]).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return  # a page is a convenience: the executed notebook is there

    def wait(self) -> None:
        """Until all that were asked for are written."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.wait()


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
    with contextlib.suppress(OSError):
        os.nice(10)  # behind the steps
    with lean_imports():
        import nbconvert.exporters.html  # noqa: F401 - while nobody waits for a page
    for line in sys.stdin:
        notebook, page = json.loads(line)
        try:
            write_page(Path(notebook), Path(page))
        except Exception:  # noqa: BLE001 - one notebook that cannot be drawn must not cost the others theirs
            continue


if __name__ == "__main__":
    main()
