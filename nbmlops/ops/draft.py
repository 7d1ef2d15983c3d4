"""A notebook on its way to a pipeline: what is kept of it, its parameters, and where it is to be cut."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from nbmlops.dataflow import cut, find_parameters
from nbmlops.model.dataflow import Flow, Stuck, is_variable
from nbmlops.model.notebook import Notebook
from nbmlops.ops.live_notebook import live_seconds
from nbmlops.ops.session import Session
from nbmlops.ops.tried import with_tried
from nbmlops.pipeline.build import Built, build
from nbmlops.pipeline.cuts import ONE_STEP, Measures, propose_cuts
from nbmlops.pipeline.sizes import sizes_of
from nbmlops.pipeline.steps import is_declared
from nbmlops.pipeline.verify import Measuring
from nbmlops.project import Project


class CutElsewhere(Exception):
    """The notebook's run has shown that other steps are better: what was built before is to be built again."""


class Draft:
    def __init__(self, notebook: Notebook, flow: Flow, want: tuple[str, ...], project: Project) -> None:
        """Raises NotFoundError for a wanted name that the notebook never binds."""
        self.notebook = notebook
        self.flow = flow
        self.slice = cut(flow, want)
        self.parameters = with_tried(find_parameters(flow, self.slice), project, Path(notebook.path))
        self.is_open = not is_declared(notebook)
        """Nobody has said where steps begin, and nothing was measured yet."""
        self._proposal = ONE_STEP
        self._stuck: dict[str, str] = {}
        """Names of values that could not be stored when they were there, and why."""

    def build(self, name: str, target: Path) -> Built:
        """Raises NotebookError where the notebook cannot be cut into steps. `target`: the pipeline's folder to be."""
        built = build(self.notebook, self.flow, self.slice, self.parameters, name=name, proposal=self._proposal)
        path = Path(self.notebook.path)
        pipeline = msgspec.structs.replace(
            built.pipeline, notebook=os.path.relpath(path, target), folder=os.path.relpath(path.parent, target)
        )
        return msgspec.structs.replace(built, pipeline=pipeline)

    def measure_kernel(self, session: Session, namespace: Mapping[str, Any]) -> None:
        """Take what the kernel has measured, where nothing else says where steps begin."""
        if self.is_open:
            values = {name: namespace[name] for name in self._names if name in namespace}
            self._propose(Measures(seconds=live_seconds(session, self.notebook), sizes=sizes_of(values)))

    @property
    def measuring(self) -> Measuring | None:
        """For a run of the notebook. It raises CutElsewhere where its measures are for more than one step."""
        return Measuring(names=self._names, found=self._take) if self.is_open else None

    def take_stuck(self, refused: Mapping[str, str]) -> None:
        """Have steps that would hand these values over become one. Raises CutElsewhere where that is new."""
        new = {name: why for name, why in refused.items() if name not in self._stuck}
        if new:
            self._stuck |= new
            stuck = tuple(Stuck(name=name, why=f"of a kind that does not travel: {why}") for name, why in new.items())
            # Only those who take such a variable ask, so it may stand everywhere.
            cells = [msgspec.structs.replace(cell, stuck=(*cell.stuck, *stuck)) for cell in self.flow.cells]
            self.flow = msgspec.structs.replace(self.flow, cells=tuple(cells))
            raise CutElsewhere

    @property
    def _names(self) -> tuple[str, ...]:
        kept = [s for s in self.flow.statements if s.cell in self.slice.cells]
        return tuple(dict.fromkeys(name for s in kept for name in (*s.binds, *s.may_bind) if is_variable(name)))

    def _propose(self, measures: Measures) -> None:
        self.is_open = False
        self._proposal = propose_cuts(self.flow, self.slice, self.parameters, measures)

    def _take(self, measures: Measures) -> None:
        self._propose(measures)
        if self._proposal.cuts:
            raise CutElsewhere
