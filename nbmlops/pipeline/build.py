"""A sliced notebook -> a pipeline of step notebooks.

    built = build(notebook, flow, slice, parameters, name="wine")
    built.pipeline.steps[0].takes
    built.notebooks["steps/01-load.ipynb"]

Sections become steps. A cell of nothing but imports, definitions and parameters belongs to no step: what a
step uses of it stands in the step's header. Steps that cannot be parted are merged, with the reason.
"""

from __future__ import annotations

import posixpath

import msgspec
import nbformat

from nbmlops.errors import NotebookError
from nbmlops.model.dataflow import SHARED_ROLES, CellFlow, Flow, Role, Slice, Statement
from nbmlops.model.notebook import Notebook
from nbmlops.model.pipeline import Dropped, Give, Merge, Parameter, Pipeline, Step, Take
from nbmlops.pipeline.carriers import travelling_name
from nbmlops.pipeline.celltext import body_text
from nbmlops.pipeline.cuts import ONE_STEP, Proposal
from nbmlops.pipeline.declared_order import add_declared_order
from nbmlops.pipeline.handover import Draft, Handover, Key
from nbmlops.pipeline.notebooks import BodyCell, StepParts, step_notebook
from nbmlops.pipeline.outputs import find_outputs
from nbmlops.pipeline.readme import readme_text
from nbmlops.pipeline.requirements import requirements_text
from nbmlops.pipeline.steps import Section, find_sections


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """A pipeline and everything that is written into its folder."""

    pipeline: Pipeline
    notebooks: dict[str, nbformat.NotebookNode]
    """By path relative to the pipeline folder."""
    requirements: str
    readme: str


def build(
    notebook: Notebook,
    flow: Flow,
    slice: Slice,
    parameters: tuple[Parameter, ...],
    *,
    name: str,
    proposal: Proposal = ONE_STEP,
) -> Built:
    """`proposal` counts where the notebook does not say itself where steps begin.

    Raises NotebookError where the notebook cannot be cut into steps.
    """
    pipeline, parts = cut_into_steps(notebook, flow, slice, parameters, name=name, proposal=proposal)
    kept, shared = set(slice.cells), frozenset(slice.shared)
    statements = [s for s in flow.statements if s.cell in kept or (s.cell, s.position) in shared]
    return Built(
        pipeline=pipeline,
        notebooks={each.step.notebook: step_notebook(each, notebook) for each in parts},
        requirements=requirements_text(
            [*(module for s in statements for module in s.modules), *flow.module_imports],
            flow.modules,
            flow.requirements,
        ),
        readme=readme_text(pipeline),
    )


def cut_into_steps(
    notebook: Notebook,
    flow: Flow,
    slice: Slice,
    parameters: tuple[Parameter, ...],
    *,
    name: str,
    proposal: Proposal = ONE_STEP,
) -> tuple[Pipeline, list[StepParts]]:
    """The pipeline, and what the notebooks of its steps are made of. Raises as `build` does."""
    sections = find_sections(notebook, slice, proposal.cuts)
    outputs = find_outputs(flow, slice, frozenset(each.name for each in parameters))
    merged: list[Merge] = []
    while True:
        drafts = _drafts(sections, flow, slice, parameters) or _drafts(sections, flow, slice, parameters, whole=True)
        if not drafts:
            raise NotebookError(
                f"{notebook.path} has nothing to run: every cell is left out.",
                kind="pipeline-empty",
                hint="Tag a cell `keep`, or name the values you want.",
            )
        handover = Handover(flow, slice, parameters, drafts, outputs)
        conflict = handover.run()
        if conflict is None:
            break
        first, last = drafts[conflict.first].section, drafts[conflict.last].section
        between = sections[sections.index(first) : sections.index(last) + 1]
        merged = _merged(merged, between, conflict.why)
        cells = sorted(cell for each in between for cell in each.cells)
        union = Section(first.name, first.title, cells, range(first.span.start, last.span.stop))
        sections[sections.index(first) : sections.index(last) + 1] = [union]
    add_declared_order(notebook, drafts)
    writer = _Writer(notebook, flow, drafts, handover, parameters)
    parts = [writer.parts(number) for number in range(len(drafts))]
    used = {name for each in parts for name in each.step.parameters}
    pipeline = Pipeline(
        name=name,
        notebook=notebook.path,
        folder="",
        kernel=notebook.kernel,
        parameters=tuple(each for each in parameters if each.name in used),
        steps=tuple(each.step for each in parts),
        outputs=outputs,
        dropped=tuple(
            Dropped(cell=each.cell, id=each.id, why=each.why, preview=each.preview) for each in slice.dropped
        ),
        modules=_module_files(flow),
        merged=tuple(merged),
        cuts=tuple(cut for cut in proposal.cuts if cut.why and cut.step in {each.step.name for each in parts}),
        whole=proposal.whole,
    )
    return pipeline, parts


def _merged(merged: list[Merge], between: list[Section], why: str) -> list[Merge]:
    """A section that is merged already brings its own sections along."""
    names: list[str] = []
    left = []
    for each in merged:
        if each.step not in {section.name for section in between}:
            left.append(each)
    for section in between:
        before = next((each for each in merged if each.step == section.name), None)
        names += before.sections if before else (section.name,)
    reasons = [each.why for each in merged if each not in left]
    return [
        *left,
        Merge(step=between[0].name, sections=tuple(names), why="; ".join(dict.fromkeys([*reasons, why]))),
    ]


def _drafts(
    sections: list[Section], flow: Flow, slice: Slice, parameters: tuple[Parameter, ...], whole: bool = False
) -> list[Draft]:
    """`whole`: definitions stay where they stand; else they go to the headers of the steps that use them."""
    cells = {cell.index: cell for cell in flow.cells}
    set_in = {each.name: each.cell for each in parameters}
    drafts = []
    seen: set[str] = set()
    """Names that kept cells have bound so far."""
    for section in sections:
        draft = Draft(section)
        local: set[str] = set()
        """Names that the body of this step mentions so far."""
        made: set[str] = set()
        """Names that it binds: what needs them at once cannot stand before it."""
        for index in section.cells:
            cell = cells[index]
            needs = {name for s in cell.statements for name in s.eager}
            if whole or needs & made or not _goes_to_headers(cell, slice, set_in, seen | local, bool(draft.body)):
                draft.body.append(index)
                made |= {name for s in cell.statements for name in (*s.binds, *s.may_bind)}
                local |= {name for s in cell.statements for name in (*s.reads, *s.free, *s.binds, *s.may_bind)}
            seen |= {name for s in cell.statements for name in (*s.binds, *s.may_bind)}
        if draft.body:
            drafts.append(draft)
    return drafts


def _goes_to_headers(
    cell: CellFlow, slice: Slice, set_in: dict[str, int | None], mentioned: set[str], within: bool
) -> bool:
    """Nothing but imports, definitions and parameters, and none of its names means something else before."""
    for statement in cell.statements:
        if statement.role is Role.HOUSEKEEPING:
            continue
        if statement.literals and all(set_in.get(each.name, -1) == cell.index for each in statement.literals):
            continue
        if statement.role not in SHARED_ROLES or (statement.role is Role.SETTING and within):
            return False
        if statement.role is Role.IMPORT and any(name.startswith("file ") for name in statement.reads):
            return False  # a module that another cell writes first
        if statement.role is not Role.IMPORT and mentioned & {*statement.binds, *statement.may_bind}:
            return False
        if statement.role is Role.IMPORT and mentioned & {*statement.binds} and within:
            return False
    return True


class _Writer:
    def __init__(
        self,
        notebook: Notebook,
        flow: Flow,
        drafts: list[Draft],
        handover: Handover,
        parameters: tuple[Parameter, ...],
    ) -> None:
        self.notebook = notebook
        self.cells = {cell.index: cell for cell in flow.cells}
        self.drafts = drafts
        self.handover = handover
        self.parameters = parameters

    def parts(self, number: int) -> StepParts:
        draft = self.drafts[number]
        takes: dict[int, list[str]] = {}
        for name, giver in draft.takes.items():
            takes.setdefault(giver, []).append(name)
        body = self._body(draft)
        needs = sorted({*draft.after, *draft.takes.values()})
        names = [each.section.name for each in self.drafts]
        statements = [s for index in draft.body for s in self.cells[index].statements]
        step = Step(
            name=draft.section.name,
            notebook=f"steps/{number + 1:02d}-{draft.section.name}.ipynb",
            title=draft.section.title,
            needs=tuple(names[each] for each in needs),
            takes=tuple(Take(name=travelling_name(name), step=names[giver]) for name, giver in draft.takes.items()),
            gives=tuple(Give(names=tuple(map(travelling_name, bundle))) for bundle in draft.bundles),
            parameters=tuple(each.name for each in self.parameters if each.name in draft.parameters),
            cells=tuple(draft.body),
            reads=_unique(path for s in statements for path in s.files_read),
            writes=_unique(path for s in statements for path in s.files_written),
        )
        return StepParts(
            step=step,
            parameters=tuple(each for each in self.parameters if each.name in draft.parameters),
            header=self._sources(draft.header),
            late=self._sources(draft.late),
            takes=tuple((names[giver], tuple(taken)) for giver, taken in sorted(takes.items())),
            bundles=tuple(draft.bundles),
            body=body,
        )

    def _sources(self, keys: dict[Key, None]) -> tuple[str, ...]:
        statements = [self.handover.by_key[key] for key in sorted(keys)]
        return _unique(_dedented(statement) for statement in statements)

    def _body(self, draft: Draft) -> tuple[BodyCell, ...]:
        found = []
        for index in draft.body:
            cell = self.cells[index]
            text = body_text(cell, {s.position for s in cell.statements if self.handover.is_parameter(s)})
            if text:
                found.append(BodyCell(index=index, id=cell.id, tags=cell.tags, text=text))
        return tuple(found)


def _dedented(statement: Statement) -> str:
    return statement.source.strip("\n")


def _unique(texts: object) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))  # type: ignore[call-overload]


def _module_files(flow: Flow) -> tuple[str, ...]:
    """Paths of the local modules; one that has modules below it is a package."""
    packages = {name.rpartition(".")[0] for name in flow.modules}
    return tuple(
        posixpath.join(name.replace(".", "/"), "__init__.py") if name in packages else f"{name.replace('.', '/')}.py"
        for name in flow.modules
    )
