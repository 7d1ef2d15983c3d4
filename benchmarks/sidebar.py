"""The sidebar in JupyterLab, as somebody sees it: from a click, an edit or a write to what is painted in Chromium."""

from __future__ import annotations

import gzip
import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat

from benchmarks.analysis import CELLS, long_notebook
from benchmarks.many_runs import fill
from benchmarks.stopwatch import chromium, desk, jupyterlab, took
from benchmarks.table import Row
from nbmlops.project import Project
from nbmlops.track import address
from nbmlops.track.writer import Writer
from tests.browser.desk import Desk
from tests.browser.lab import Lab

ROOT = Path(__file__).resolve().parents[1]
MANY = 10_000
MOST = 100_000
TRIES = 5
MOST_OPEN = 1.0
MOST_ROWS = 0.3
MOST_SORT = 0.5
MOST_NEW = 0.5
MOST_GRAPH = 0.5
MOST_BUNDLE = 300.0
MOST_FRAME_MS = 1000 / 30
SCROLLED_MS = 3000

SIDEBAR = "#nbmlops-sidebar"
ROW = f"{SIDEBAR} .nbmlops-Runs-row [role=rowheader]"
STEP = f"{SIDEBAR} .nbmlops-Graph-step"
LOADING = f"""
    stopwatch.once(() => window.jupyterapp).then(() => window.jupyterapp.restored).then(() =>
        stopwatch.mark('lab', () => stopwatch.isShown('.jp-Notebook .jp-Cell')));
    stopwatch.mark('steps', () => stopwatch.isShown('{STEP}'));
    stopwatch.mark('rows', () => stopwatch.isShown('{ROW}'));
"""
CLICK_TAB = f"""[...document.querySelectorAll('{SIDEBAR} [role=tab]')].find(tab => tab.innerText === given).click()"""
FIRST = f"document.querySelector('{ROW}').innerText"


def measure() -> tuple[Row, ...]:
    missing = chromium()
    if missing:
        print(f"the sidebar is not measured: {missing}", file=sys.stderr)
        return ()
    with jupyterlab() as server:
        uri = _project(server.root / "many", MANY)
        _project(server.root / "most", MOST)
        _long_notebooks(server.root / "long")
        with desk(server) as page:
            return (
                *_opened(page),
                *_runs(page, server, uri),
                *_scrolled(page),
                *_graph(page),
            )


def _project(root: Path, runs: int) -> str:
    """With the wine notebook, and runs of few metrics where they are very many."""
    project = Project.init(root)
    shutil.copy(ROOT / "example-notebooks" / "wine.ipynb", root)
    project.database.close()
    return fill(root, runs) if runs <= MANY else fill(root, runs, metrics=4, parameters=4)


def _long_notebooks(root: Path) -> None:
    Project.init(root).database.close()
    cells = [nbformat.v4.new_code_cell(cell.source) for cell in long_notebook().cells]
    for place in range(0, len(cells) + 8, 26):
        cells.insert(place, nbformat.v4.new_markdown_cell(f"# Part {place // 26}"))
    python = {"kernelspec": {"name": "python3", "display_name": "python3", "language": "python"}}
    for name in ("one", "two"):
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=python), root / f"{name}.ipynb")


def _row(what: str, value: float, bar: float, unit: str = "s") -> Row:
    print(f"{what}: {value:.4g} {unit}", file=sys.stderr)
    return Row(what=f"sidebar: {what}", ours=value, value=value, bar=bar, unit=unit)


def _median(measured: Callable[[], float], tries: int = TRIES) -> float:
    return statistics.median(measured() for _ in range(tries))


def _opened(desk: Desk) -> list[Row]:
    """JupyterLab counts as usable when its layout is restored and the notebook's first cell is painted."""
    desk.page.add_init_script(LOADING)
    workspace = "bench"

    def loaded(mark: str) -> float:
        desk.open("many/wine.ipynb", workspace=workspace)
        desk.page.wait_for_function(f"stopwatch.marks.lab && stopwatch.marks.{mark}")
        marks = desk.page.evaluate("stopwatch.marks")
        return max(0.0, marks[mark] - marks["lab"]) / 1000

    desk.open("many/wine.ipynb", workspace=workspace)
    desk.section("Notebook")
    desk.page.locator(STEP).first.wait_for()
    time.sleep(2)  # JupyterLab saves its layout a second after it has changed
    names = desk.page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    ours = sorted({name for name in names if "/extensions/nbmlops/" in name})
    kilobytes = sum(len(gzip.compress(desk.page.request.get(name).body())) for name in ours) / 1000
    steps = _median(lambda: loaded("steps"))
    desk.section("Runs")
    desk.page.locator(ROW).first.wait_for()
    time.sleep(2)
    rows = _median(lambda: loaded("rows"))
    return [
        _row("gzipped JavaScript and styles at first load", kilobytes, MOST_BUNDLE, "kB"),
        _row("the notebook's steps are there so long after JupyterLab itself", steps, MOST_OPEN),
        _row(f"of {MANY} runs the first are there so long after JupyterLab itself", rows, MOST_OPEN),
    ]


def _runs(desk: Desk, server: Lab, uri: str) -> list[Row]:
    database = address.sqlite_path(uri)
    assert database is not None

    def first_rows() -> float:
        desk.section("Notebook")
        desk.page.locator(ROW).first.wait_for(state="detached")
        os.utime(database)  # as if somebody had written: no order that the server has made before stands
        return took(desk, CLICK_TAB, f"stopwatch.isShown('{ROW}')", "Runs")

    def sorted_rows() -> float:
        os.utime(database)
        before = desk.page.evaluate(FIRST)
        click = f"document.querySelector('{SIDEBAR} .nbmlops-Runs-head [title=\"Sort by m0\"]').click()"
        return took(desk, click, f"document.querySelector('{ROW}') && {FIRST} !== given", before)

    writer = Writer(uri, database.parents[1])
    numbers = iter(range(1000))

    def new_run() -> float:
        name = f"new{next(numbers)}"
        desk.page.evaluate(
            f"""name => {{ window.seen = stopwatch.once(() => document.querySelector('{ROW}')?.innerText.includes(name))
                .then(stopwatch.painted).then(at => performance.timeOrigin + at); }}""",
            name,
        )
        writer.open_run(name, "e", tags={}, params={})
        written = time.time()
        seen: float = desk.page.evaluate("window.seen")
        return seen / 1000 - written

    first = _median(first_rows)
    new = _median(new_run, 2 * TRIES + 1)
    by_metric = _median(sorted_rows, 2 * TRIES)
    return [
        _row(f"of {MANY} runs, from the click on Runs to the first rows", first, MOST_ROWS),
        _row(f"of {MANY} runs, from the click on a metric to rows in its order", by_metric, MOST_SORT),
        _row(f"of {MANY} runs, a new one is there so long after it was written", new, MOST_NEW),
    ]


def _scrolled(desk: Desk) -> list[Row]:
    """Mean time of a frame: 33 ms are 30 frames a second. Rows on their way count as drawn."""
    desk.open("most/wine.ipynb", workspace="most")
    desk.section("Runs")
    desk.page.locator(ROW).first.wait_for()

    def frame_ms(place: str, pixels: int) -> float:
        scroll = f"""
            const box = document.querySelector('{place} .nbmlops-Runs-grid');
            box.scrollTop = {pixels} > 1000 ? 0 : box.scrollHeight / 2;
            return stopwatch.frames(() => {{ box.scrollTop += {pixels}; }}, {SCROLLED_MS});"""
        return statistics.median(statistics.mean(desk.page.evaluate(f"() => {{ {scroll} }}")) for _ in range(3))

    rows = [
        _row(f"{MOST} runs, a frame while scrolling 5 rows a frame", frame_ms(SIDEBAR, 120), MOST_FRAME_MS, "ms"),
        _row(f"{MOST} runs, a frame while dragging 500 rows a frame", frame_ms(SIDEBAR, 12_000), MOST_FRAME_MS, "ms"),
    ]
    desk.button("Open in main area").click()
    wide = ".nbmlops-mod-wide"
    desk.page.locator(f"{wide} .nbmlops-Runs-row [role=rowheader]").first.wait_for()
    what = f"{MOST} runs in the main area, a frame while scrolling 5 rows a frame"
    return [*rows, _row(what, frame_ms(wide, 120), MOST_FRAME_MS, "ms")]


def _graph(desk: Desk) -> list[Row]:
    """Two notebooks, each changed before it comes to the front, so that nothing about it is known."""
    desk.open("long/one.ipynb", workspace="long")
    desk.section("Notebook")
    open_too = "path => { void window.jupyterapp.commands.execute('docmanager:open', { path }); }"
    desk.page.evaluate(open_too, "long/two.ipynb")
    desk.page.locator(STEP).first.wait_for()
    numbers = iter(range(1000))
    edit = "given.panel.content.model.cells.get(1).sharedModel.setSource(`first = ${given.number}`)"
    find = """name => [...window.jupyterapp.shell.widgets('main')].find(each => each.title.label === name)"""

    def to_the_front() -> float:
        number = next(numbers)
        name = ("one.ipynb", "two.ipynb")[number % 2]
        found: float = desk.page.evaluate(
            f"""async ([name, number]) => {{
                const given = {{ panel: ({find})(name), number }};
                {edit};
                await new Promise(resolve => setTimeout(resolve, 1000));
                let isOther = false;
                return stopwatch.from(
                    () => window.jupyterapp.shell.activateById(given.panel.id),
                    () => {{
                        isOther ||= !stopwatch.isShown('{STEP}');
                        return isOther && stopwatch.isShown('{STEP}');
                    }}
                );
            }}""",
            [name, number],
        )
        return found / 1000

    to_the_front()
    shown = _median(to_the_front)
    what = f"the steps of a notebook of {CELLS} cells, from its coming to the front"
    return [_row(what, shown, MOST_GRAPH)]
