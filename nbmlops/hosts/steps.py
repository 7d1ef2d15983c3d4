"""What CI does, whoever's CI it is: packages, style, notebooks, pipelines."""

from __future__ import annotations

import msgspec

from nbmlops.hosts.hosted import Hosted
from nbmlops.hosts.scripts import shell_line

_TOOLS = ("ruff", "pytest", "nbval")


class Step(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    lines: tuple[str, ...]


def install(hosted: Hosted, *tools: str) -> list[Step]:
    chosen = ["-r", hosted.requirements] if hosted.requirements else ["nbmlops"]
    return [Step(title="Install", lines=(shell_line(["python", "-m", "pip", "install", *chosen, *tools]),))]


def ci_steps(hosted: Hosted) -> list[Step]:
    found = [*install(hosted, *_TOOLS), Step(title="Lint", lines=("ruff check .",))]
    if hosted.notebooks:
        # Lax: cells are executed and must not fail; outputs are compared where the notebook says so.
        words = ["python", "-m", "pytest", "--nbval-lax", "--", *hosted.notebooks]
        found.append(Step(title="Notebooks", lines=(shell_line(words),)))
    parameters = [word for name, value in hosted.sample.items() for word in ("-p", f"{name}={value}")]
    for folder in hosted.pipelines:
        words = [*hosted.command, "run", folder, *parameters]
        found.append(Step(title=f"Pipeline {folder}", lines=(shell_line(words),)))
    return found
