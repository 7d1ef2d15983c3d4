import os
import sys
from pathlib import Path

from nbmlops.doors.render.blocks import Line, Page, Tone, fields, size
from nbmlops.doors.render.pages import export, runs
from nbmlops.lib.digest import short
from nbmlops.ops.demo import Result


def page(result: Result) -> Page:
    root = os.path.relpath(result.root)
    return (
        Line("\nThe notebook as a pipeline", Tone.STRONG),
        *export.page(result.exported)[:-1],
        Line("\nEvery run", Tone.STRONG),
        *runs.page(result.runs),
        fields(
            [
                ("executed notebook", os.path.relpath(result.executed)),
                ("pipeline", os.path.relpath(result.pipeline)),
                ("data snapshot", short(result.snapshot)),
                *((f"run {n}", os.path.relpath(each.result.folder)) for n, each in enumerate(result.results, 1)),
                ("its last step", os.path.relpath(_last(result))),
                ("package", _package(result)),
                ("unpacked", os.path.relpath(result.packed.folder)),
            ],
            title="Where everything lies",
        ),
        fields(_served(result), title="As a service, which has stopped again"),
        fields(
            [
                ("MLflow", f"{_typed('mlflow')} ui --backend-store-uri sqlite:///{root}/.nbmlops/mlflow.db"),
                (
                    "compare",
                    f"{_typed('nbmlops')} -C {root} compare {' '.join(short(r.result.run) for r in result.results)}",
                ),
                ("let it answer", f"{_typed('nbmlops')} -C {root} deploy {result.packed.reference}"),
                ("look into it", f"{_typed('nbmlops')} inspect {result.packed.reference}"),
                ("bring data back", f"{_typed('nbmlops')} -C {root} restore {short(result.snapshot)}"),
            ],
            title="Go on",
        ),
        Line("\nLook at all of it in JupyterLab, with the sidebar", Tone.STRONG),
        Line(f"  {_lab(result)}{_typed('nbmlops')} -C {root} lab {result.notebook}"),
    )


def _package(result: Result) -> str:
    packed = result.packed
    sent = ", sent to a registry and fetched again" if packed.registry else ""
    return f"{packed.reference}, {size(packed.bytes)}{sent}"


def _served(result: Result) -> list[tuple[str, object]]:
    found = result.deployed
    answered = " and ".join(f"{count} by revision {number}" for number, count in found.shares.items())
    return [
        ("asked by", ", ".join(f"{each.protocol} ({each.seconds * 1000:.0f} ms)" for each in found.asked)),
        ("with a canary", f"{answered}; {found.differing} answers to the input example differ"),
        ("rolled back", f"revision {found.answers} answers again"),
    ]


def _lab(result: Result) -> str:
    return "" if result.has_lab else f"{_typed('pip')} install jupyterlab && "


def _typed(command: str) -> str:
    """A command of this environment as it must be typed here: with its folder, unless that is on the PATH for good."""
    folder = Path(sys.executable).parent
    is_activated = "VIRTUAL_ENV" in os.environ or sys.prefix == sys.base_prefix
    return command if is_activated or not (folder / command).exists() else os.path.relpath(folder / command)


def _last(result: Result) -> str:
    """Where to look at the last step of the last run."""
    step = result.results[-1].result.steps[-1]
    return step.page or step.notebook
