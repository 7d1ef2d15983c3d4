"""Does the pipeline compute what the notebook computed? Run both, compare what they hold, write a certificate.

The notebook is executed as it is, in a clean kernel, with a probe after the last cell of each step; the pipeline is
executed with the same probes at the end of its steps. Every variable that crosses a boundary, every declared output
and every file that a step writes is compared. Both run in copies of the project, so the user's files stay as they
are; where the project is too large to copy, in place.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import nbformat

from nbmlops.lib.clock import utc_now
from nbmlops.lib.stop import Stop
from nbmlops.model.certificate import Certificate, Comparison, Verdict
from nbmlops.model.documents import identity
from nbmlops.model.names import slug
from nbmlops.model.pipeline import Pipeline, Step, StepResult, StepState
from nbmlops.pipeline import workspace
from nbmlops.pipeline.carriers import CARRIERS, travelling_name
from nbmlops.pipeline.comparing import ComparingSpec, compare
from nbmlops.pipeline.cuts import Measures
from nbmlops.pipeline.equality import TOLERANCE
from nbmlops.pipeline.execute import Places, execute
from nbmlops.pipeline.handoff import manifest_of, probe
from nbmlops.pipeline.order import in_order
from nbmlops.ports import Engine, StepProgress, StepSpec

HIDDEN = frozenset(travelling_name(name) for name in CARRIERS)

UNSTEADY = "it differs between two runs of the notebook itself"
CLOCK = "reads the clock"
"""Measured times are no result: the rest is still comparable."""
MOST_CAUSES = 3

Causes = Callable[[str, str], tuple[str, ...]]
"""Name, step -> sentences."""
Tell = Callable[[str, str, int, int | None, str], None]
"""Task, state, done, total, note."""


def probed_names(pipeline: Pipeline) -> dict[str, tuple[str, ...]]:
    """Per step, the variables to compare after it: what it gives, and outputs that it was the last to make."""
    names = {step.name: [name for give in step.gives for name in give.names] for step in pipeline.steps}
    last = in_order(pipeline)[-1].name
    given = {name for wanted in names.values() for name in wanted}
    for step in pipeline.steps:
        names[step.name] += [name for name in step.outputs if name not in names[step.name]]
        given |= set(step.outputs)
    names[last] += [name for name in pipeline.outputs if name not in given]
    # The state of a global random generator travels too, under a name that the notebook does not have.
    return {step: tuple(name for name in wanted if name not in HIDDEN) for step, wanted in names.items()}


class Measuring(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants to know how long cells take and how large variables are."""

    names: tuple[str, ...]
    found: Callable[[Measures], None]


Stuck = Callable[[Mapping[str, str]], None]
"""Is told which of the values that steps take cannot be stored, and why."""


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    certificate: Certificate
    steps: tuple[StepResult, ...]


def verify(
    pipeline: Pipeline,
    *,
    folder: Path,
    notebook: Path,
    notebook_digest: str,
    root: Path,
    engine: Engine,
    environment: Mapping[str, str],
    live: Mapping[str, Any] | None = None,
    causes: Causes = lambda name, step: (),
    tell: Tell = lambda *event: None,
    measuring: Measuring | None = None,
    stuck: Stuck = lambda refused: None,
) -> Verification:
    """`folder` holds the pipeline, `root` the project that both run in.

    With `live`, a kernel's namespace, its values are the reference instead of a new run of the notebook. `causes` says
    of a value that differs what chance it depends on, as far as the code shows it; where it shows none, the notebook
    runs once more, and a value that differs between its own two runs is not held against the pipeline. `measuring` is
    told what the notebook's run has measured, and `stuck` what cannot be handed over, before the pipeline runs.
    """
    names = probed_names(pipeline) if live is None else _where_last(pipeline, probed_names(pipeline))
    with tempfile.TemporaryDirectory(prefix="nbmlops-verify-") as scratch_name:
        scratch = Path(scratch_name)
        is_copied = notebook.is_relative_to(root) and workspace.is_small(root)
        trial = _Trial(pipeline, names, scratch, engine, dict(environment), tell)
        here = notebook.parent
        there = {side: here for side in ("notebook", "pipeline", "again")}
        if is_copied:
            for side in ("notebook", "pipeline"):
                workspace.copy(root, scratch / side / "project")
            there = {side: scratch / side / "project" / here.relative_to(root) for side in there}
        problem = ""
        comparisons: tuple[Comparison, ...] = ()
        if live is not None:
            _probe_live(pipeline, names, live, scratch / "notebook" / "values")
        else:
            problem = trial.run_notebook(notebook, there["notebook"], "notebook", measuring)
        if not problem and (refused := _refused(pipeline, scratch / "notebook" / "values")):
            stuck(refused)
        results = trial.run_pipeline(folder, there["pipeline"])
        broken = next((result for result in results if result.state is not StepState.DONE), None)
        if problem:
            verdict, reason = Verdict.NOT_COMPARABLE, f"the notebook itself does not run: {_plain(problem)}"
        elif broken is not None:
            verdict = Verdict.DIVERGES
            reason = f"step {broken.step} fails, where the notebook runs: {broken.error}"
        else:
            tell("compare", "running", 0, None, "")
            files = _written(pipeline) if is_copied and live is None else {}
            comparisons = _compare(names, files, scratch, there, ("notebook", "pipeline"))
            blamed = _blamed(comparisons, causes)
            if live is None and any(_differs(found) for found in blamed):
                if is_copied:
                    workspace.copy(root, scratch / "again" / "project")
                blamed = trial.blame_notebook(blamed, notebook, there, files)
            comparisons = blamed
            verdict, reason = _verdict(comparisons)
            tell("compare", "done", 1, 1, f"{len(comparisons)} values")
    certificate = Certificate(
        pipeline=identity(pipeline),
        notebook=notebook_digest,
        verdict=verdict,
        made=utc_now(),
        tolerance=TOLERANCE,
        comparisons=comparisons,
        reason=reason,
        parameters={parameter.name: parameter.default for parameter in pipeline.parameters},
    )
    return Verification(certificate=certificate, steps=results)


class _Trial:
    def __init__(
        self,
        pipeline: Pipeline,
        names: dict[str, tuple[str, ...]],
        scratch: Path,
        engine: Engine,
        environment: dict[str, str],
        tell: Tell,
    ) -> None:
        self.pipeline = pipeline
        self.names = names
        self.scratch = scratch
        self.engine = engine
        self.environment = environment
        self.tell = tell

    def blame_notebook(
        self,
        comparisons: tuple[Comparison, ...],
        notebook: Path,
        there: dict[str, Path],
        files: dict[str, tuple[str, ...]],
    ) -> tuple[Comparison, ...]:
        """Run the notebook once more: what differs between its own two runs cannot be compared."""
        if self.run_notebook(notebook, there["again"], "again"):
            return comparisons
        own = _compare(self.names, files, self.scratch, there, ("notebook", "again"))
        unsteady = {(found.step, found.name) for found in own if _differs(found)}
        return tuple(
            _not_comparable(found, (UNSTEADY,)) if _differs(found) and (found.step, found.name) in unsteady else found
            for found in comparisons
        )

    def run_notebook(self, notebook: Path, folder: Path, side: str, measuring: Measuring | None = None) -> str:
        """Execute the notebook with probes; returns what went wrong, or nothing."""
        node = nbformat.read(notebook, as_version=4)
        after: dict[int, list[Step]] = {}
        for step in self.pipeline.steps:
            after.setdefault(max(step.cells, default=0), []).append(step)
        cells: list[Any] = []
        own: list[int] = []
        for index, cell in enumerate(node.cells):
            own.append(len(cells))
            cells.append(cell)
            for step in after.get(index, []):
                cells.append(_probe_cell(self.names[step.name], self.scratch / side / "values", step.name))
        sizes = self.scratch / side / "sizes.json"
        if measuring is not None:
            cells.append(_measuring_cell(measuring.names, sizes))
        node.cells = cells
        source = self.scratch / side / "probed.ipynb"
        source.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(node, source)
        spec = StepSpec(
            step="notebook",
            notebook=str(source),
            output=str(self.scratch / side / "executed.ipynb"),
            folder=str(folder),
            kernel=self.pipeline.kernel,
            environment=self.environment,
            is_tracked=False,
            is_fresh=side == "again",
        )
        result = self.engine.run(spec, lambda progress: self._cell("notebook", progress), Stop())
        is_done = result.state is StepState.DONE
        self.tell("notebook", "done" if is_done else "failed", 1, 1, result.error or "executed as it is")
        if is_done and measuring is not None:
            measuring.found(_measures(Path(spec.output), own, sizes))
        return "" if is_done else result.error

    def run_pipeline(self, source: Path, folder: Path) -> tuple[StepResult, ...]:
        probed = self.scratch / "pipeline" / "probed"
        for step in self.pipeline.steps:
            node = nbformat.read(source / step.notebook, as_version=4)
            node.cells.append(_probe_cell(self.names[step.name], self.scratch / "pipeline" / "values", step.name))
            (probed / step.notebook).parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(node, probed / step.notebook)
        results = execute(
            self.pipeline,
            places=Places(pipeline=probed, folder=folder, work=self.scratch / "pipeline" / "work"),
            engine=self.engine,
            values={},
            environment=lambda step: self.environment,
            is_tracked=False,
            on_step=lambda step, result: self._step(result),
            on_cell=lambda progress: self._cell(progress.step, progress),
        )
        return results

    def _cell(self, task: str, progress: StepProgress) -> None:
        self.tell(task, "running", progress.cell, progress.total, progress.preview)

    def _step(self, result: StepResult) -> None:
        if result.state is not StepState.RUNNING:
            self.tell(result.step, str(result.state), 1, 1, result.error)


def _probe_cell(names: tuple[str, ...], place: Path, step: str) -> Any:
    source = (
        "import pathlib as _nbmlops_pathlib, nbmlops.pipeline.handoff as _nbmlops_handoff\n"
        f"_nbmlops_handoff.probe({names!r}, globals(), _nbmlops_pathlib.Path({str(place)!r}), {step!r})"
    )
    return nbformat.v4.new_code_cell(source)


def _refused(pipeline: Pipeline, values: Path) -> dict[str, str]:
    """Names that some step takes, and that their probe could not store."""
    taken = {take.name for step in pipeline.steps for take in step.takes}
    manifests = [manifest_of(values / slug(step.name)) for step in pipeline.steps]
    refused = {name: why for each in manifests if each is not None for name, why in each.refused.items()}
    return {name: why for name, why in refused.items() if name in taken}


def _measuring_cell(names: tuple[str, ...], path: Path) -> Any:
    source = (
        "import pathlib as _nbmlops_pathlib, nbmlops.pipeline.sizes as _nbmlops_sizes\n"
        f"_nbmlops_sizes.write_sizes({names!r}, globals(), _nbmlops_pathlib.Path({str(path)!r}))"
    )
    return nbformat.v4.new_code_cell(source)


def _measures(executed: Path, own: list[int], sizes: Path) -> Measures:
    """`own`: where the notebook's own cells stand among those that were executed."""
    cells = nbformat.read(executed, as_version=4).cells
    seconds = [cells[number].metadata.get("papermill", {}).get("duration") or 0.0 for number in own]
    return Measures(seconds=dict(enumerate(seconds)), sizes=json.loads(sizes.read_bytes()) if sizes.is_file() else {})


def _probe_live(pipeline: Pipeline, names: dict[str, tuple[str, ...]], live: Mapping[str, Any], place: Path) -> None:
    for step in pipeline.steps:
        probe(names[step.name], dict(live), place, step.name)


def _where_last(pipeline: Pipeline, names: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """A kernel has only the last values: each name is compared after the last step that holds it and may change it."""
    wanted = {name for each in names.values() for name in each}
    last: dict[str, str] = {}
    for step in in_order(pipeline):
        for name in (*names[step.name], *(take.name for take in step.takes)):
            if name in wanted:
                last[name] = step.name
    return {step.name: tuple(name for name, place in last.items() if place == step.name) for step in pipeline.steps}


def _written(pipeline: Pipeline) -> dict[str, tuple[str, ...]]:
    """Relative files by the step that writes them last."""
    last = {path: step.name for step in in_order(pipeline) for path in step.writes if not Path(path).is_absolute()}
    return {step.name: tuple(path for path, name in last.items() if name == step.name) for step in pipeline.steps}


def _differs(comparison: Comparison) -> bool:
    return comparison.verdict is Verdict.DIVERGES


def _blamed(comparisons: tuple[Comparison, ...], causes: Causes) -> tuple[Comparison, ...]:
    """What differs and depends on chance, as the code shows, is not comparable."""
    found = []
    for each in comparisons:
        known = causes(each.name, each.step) if _differs(each) else ()
        found.append(_not_comparable(each, known) if known else each)
    return tuple(found)


def _not_comparable(comparison: Comparison, causes: tuple[str, ...]) -> Comparison:
    why = f"{comparison.difference}; {'; '.join(causes[:MOST_CAUSES])}"
    return msgspec.structs.replace(comparison, verdict=Verdict.NOT_COMPARABLE, difference=why, causes=causes)


def _plain(problem: str) -> str:
    """A kernel without a keyboard says so in words of its own."""
    where = problem.partition("StdinNotImplementedError")[0]
    return f"{where}it asks for input, and nobody is there to type" if where != problem else problem


def _compare(
    names: dict[str, tuple[str, ...]],
    files: dict[str, tuple[str, ...]],
    scratch: Path,
    there: dict[str, Path],
    sides: tuple[str, str],
) -> tuple[Comparison, ...]:
    spec = ComparingSpec(
        names=names,
        files=files,
        expected=str(scratch / sides[0] / "values"),
        actual=str(scratch / sides[1] / "values"),
        expected_folder=str(there[sides[0]]),
        actual_folder=str(there[sides[1]]),
        tolerance=TOLERANCE,
    )
    return compare(spec, scratch)


def _verdict(comparisons: tuple[Comparison, ...]) -> tuple[Verdict, str]:
    different = [found for found in comparisons if found.verdict is Verdict.DIVERGES]
    if different:
        first = different[0]
        return Verdict.DIVERGES, f"at step {first.step}, {first.name}: {first.difference}"
    causes = dict.fromkeys(
        cause if cause != UNSTEADY else f"{found.name} differs between two runs of the notebook itself"
        for found in comparisons
        for cause in found.causes
        if CLOCK not in cause
    )
    if causes:
        return Verdict.NOT_COMPARABLE, "; ".join(list(causes)[:MOST_CAUSES])
    if not any(found.verdict is Verdict.EQUIVALENT for found in comparisons):
        return Verdict.NOT_COMPARABLE, "nothing the pipeline makes can be compared"
    return Verdict.EQUIVALENT, ""
