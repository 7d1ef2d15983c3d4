"""An engine that executes a step's code cells in this process: quick enough to try many orders of steps."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nbmlops.lib.stop import Stop
from nbmlops.model.pipeline import Give, Parameter, ParameterType, Pipeline, Step, StepResult, StepState, Take
from nbmlops.ports import StepProgress, StepSpec

_FOLDER = threading.Lock()


class InlineEngine:
    """Remembers which steps it has executed. Cells see `parameters`, `handoff_folder` and `stop`."""

    def __init__(self) -> None:
        self.executed: list[str] = []
        self.at_once = self.most_at_once = 0

    def describe(self) -> str:
        return "this process"

    def check(self, steps: Sequence[Step], folder: Path) -> None: ...

    def places(self) -> int:
        return 1

    def prepare(self, notebooks: Sequence[Path]) -> None: ...

    def close(self) -> None: ...

    def run(self, spec: StepSpec, report: Callable[[StepProgress], None], stop: Stop) -> StepResult:
        self.executed.append(spec.step)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        began = time.monotonic()
        namespace: dict[str, Any] = {**spec.parameters, "step": spec.step, "stop": stop, "spec": spec}
        state, error = StepState.DONE, ""
        cells = json.loads(Path(spec.notebook).read_text())["cells"]
        try:
            for number, cell in enumerate(cells):
                report(StepProgress(step=spec.step, cell=number, total=len(cells), preview=""))
                exec("".join(cell["source"]), namespace)
        except KeyboardInterrupt:
            state, error = StepState.KILLED, "stopped"
        except Exception as problem:  # noqa: BLE001 - a step may fail in any way
            state, error = StepState.FAILED, f"{type(problem).__name__}: {problem}"
        finally:
            self.at_once -= 1
        Path(spec.output).parent.mkdir(parents=True, exist_ok=True)
        Path(spec.output).write_bytes(Path(spec.notebook).read_bytes())
        return StepResult(
            step=spec.step, state=state, seconds=time.monotonic() - began, notebook=spec.output, error=error
        )


TAKE = "from pathlib import Path\nfrom nbmlops.pipeline.handoff import read\n"
GIVE = "from pathlib import Path\nfrom nbmlops.pipeline.handoff import write\n"


def take(name: str, step: str) -> str:
    return f"{TAKE}{name} = read(Path(spec.environment['NBMLOPS_HANDOFF']) / {step!r}, ({name!r},))[{name!r}]"


def give(*names: str) -> str:
    bundles = "".join(f"{{{name!r}: {name}}}, " for name in names)
    return f"{GIVE}write(Path(spec.environment['NBMLOPS_HANDOFF']) / step, step, ({bundles}))"


def pipeline(folder: Path, steps: dict[str, dict[str, Any]], **parameters: Any) -> Pipeline:
    """Write a pipeline whose steps are `{"code": ..., "takes": {name: step}, "gives": [...], ...}`."""
    made = []
    for name, about in steps.items():
        takes, gives = about.get("takes", {}), about.get("gives", [])
        code = [
            *(take(each, giver) for each, giver in takes.items()),
            about.get("code", ""),
            *([give(*gives)] if gives else []),
        ]
        cells = [
            {
                "cell_type": "code",
                "id": f"{name}-{n}",
                "metadata": {},
                "source": text,
                "outputs": [],
                "execution_count": None,
            }
            for n, text in enumerate(code)
        ]
        path = folder / "steps" / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
        more = {key: value for key, value in about.items() if key not in ("code", "takes", "gives")}
        made.append(
            Step(
                name=name,
                notebook=f"steps/{name}.ipynb",
                takes=tuple(Take(name=each, step=giver) for each, giver in takes.items()),
                gives=tuple(Give(names=(each,)) for each in gives),
                **more,
            )
        )
    return Pipeline(
        name="test",
        notebook="test.ipynb",
        steps=tuple(made),
        parameters=tuple(
            Parameter(name=name, type=ParameterType(type(value).__name__), default=value)
            for name, value in parameters.items()
        ),
    )


def given(handoff: Path, step: str, name: str) -> Any:
    from nbmlops.pipeline.handoff import read

    return read(handoff / step, (name,))[name]
