"""The pictures of README and tutorial: real output, in a folder that is made for it and thrown away.

Terminal pictures are drawn by rich from the pages the command line prints; notebook pictures are executed notebooks
photographed by Chromium. Nothing in a picture is fetched from the network when somebody looks at it.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image, ImageChops
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from nbmlops.doors.arguments import parse
from nbmlops.doors.cli.progress import TerminalProgress
from nbmlops.doors.render import pages, terminal
from nbmlops.ops.call import Call
from nbmlops.ops.demo import examples_folder
from nbmlops.ops.verbs import find_verb
from nbmlops.pipeline.page import write_page

WIDTH = 104
EDGE = 24
THEME = TerminalTheme(
    (255, 255, 255),
    (36, 41, 47),
    [(36, 41, 47), (179, 38, 30), (27, 122, 52), (161, 92, 0), (9, 105, 218), (130, 80, 223), (27, 124, 131),
     (110, 119, 129)],
    [(87, 96, 106), (164, 14, 38), (27, 122, 52), (161, 92, 0), (33, 139, 255), (164, 117, 249), (49, 146, 170),
     (140, 149, 159)],
)  # fmt: skip
SVG = """\
<svg viewBox="0 0 OUTER_WIDTH OUTER_HEIGHT" data-size="{width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
<defs>{lines}</defs>
<rect fill="#ffffff" stroke="#d0d7de" x="1" y="1" width="INNER_WIDTH" height="INNER_HEIGHT" rx="8"/>
<g transform="translate(17, 17)">
{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>
</svg>
"""
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
REMOTE = re.compile(r'<script src="https?:[^>]*></script>')
"""Scripts that nbconvert's pages load: formulas need them, pictures do not."""
SHOTS = """\
%load_ext nbmlops
# %%
%mlops runs --parents
# %%
%mlops export diabetes.ipynb
"""


def make(target: Path) -> None:
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, _inside(Path(folder)):
        terminal_picture(target / "demo.svg", "demo --to wine")
        wine = Path(folder) / "wine"
        with _inside(wine):
            terminal_picture(target / "compare.svg", f"compare {' '.join(_pipeline_runs(wine))}")
            terminal_picture(target / "show.svg", f"show {_pipeline_runs(wine)[1]}")
            last = sorted((wine / ".nbmlops" / "runs").iterdir())[-1]
            photograph(next(last.glob("steps/*evaluate*.html")), target / "step.png", height=1900)
            notebook_picture(target / "notebook.png", wine)


def terminal_picture(target: Path, line: str) -> None:
    """What `nbmlops LINE` prints, as the command line prints it."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False)
    console.print(Text.assemble(("$ ", "dim"), (f"nbmlops {line}", "bold")))
    verb = find_verb(line.split()[0])
    with TerminalProgress(console) as progress:
        result = verb.operation(Call(Path.cwd(), progress=progress), parse(verb, shlex.split(line)[1:]))
    console.print(terminal.renderable(pages.page(result)))
    svg = console.export_svg(theme=THEME, code_format=SVG, unique_id="t", font_aspect_ratio=0.6)
    # rich leaves room for a window's title bar above, and nearly none at the sides.
    width, height = (float(number) for number in svg.split('data-size="', 1)[1].split('"', 1)[0].split())
    svg = svg.replace("OUTER_WIDTH", f"{width + 16:g}").replace("OUTER_HEIGHT", f"{height - 8:g}")
    svg = svg.replace("INNER_WIDTH", f"{width + 14:g}").replace("INNER_HEIGHT", f"{height - 10:g}")
    target.write_text(svg, encoding="utf-8")
    print(f"drew {target.name}")


def notebook_picture(target: Path, folder: Path) -> None:
    """Displays of magics, in an executed notebook."""
    shutil.copy(examples_folder() / "diabetes.ipynb", folder)
    cells = [nbformat.v4.new_code_cell(text.strip()) for text in SHOTS.split("# %%")]
    node = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(node, kernel_name="python3", resources={"metadata": {"path": str(folder)}}, timeout=600).execute()
    nbformat.write(node, folder / "tour.ipynb")
    write_page(folder / "tour.ipynb", folder / "tour.html")
    photograph(folder / "tour.html", target, height=1800)


def photograph(page: Path, target: Path, *, width: int = 1100, height: int) -> None:
    program = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if program is None:
        print(f"left {target.name} as it is: Chromium is not installed", file=sys.stderr)
        return
    with tempfile.TemporaryDirectory() as profile:
        local = Path(profile) / "page.html"
        local.write_text(REMOTE.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")
        command = [
            program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
            f"--user-data-dir={profile}", f"--window-size={width},{height}", f"--screenshot={target}", local.as_uri(),
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    _trimmed(target)
    print(f"took {target.name}")


def _trimmed(path: Path) -> None:
    """Without the empty rest of the page, and in few colours."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    background = Image.new("RGB", image.size, image.getpixel((image.width - 1, image.height - 1)))
    box = ImageChops.difference(image, background).getbbox() or (0, 0, *image.size)
    image = image.crop((0, 0, image.width, min(image.height, box[3] + EDGE)))
    image.quantize(64).save(path, optimize=True)


def _pipeline_runs(folder: Path) -> tuple[str, str]:
    """Ids of the first and the second run of the demo."""
    from nbmlops.model.pipeline import PipelineResult
    from nbmlops.project import Project

    second, first = Project(folder).records.newest(PipelineResult, limit=2)
    return first.run[:12], second.run[:12]


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
