from nbmlops.doors.render.blocks import Cell as Shown
from nbmlops.doors.render.blocks import Fields, Line, Page, Table, Tone, cell, fields, many, seconds, shown, size
from nbmlops.lib.digest import short
from nbmlops.model.notebook import CellKind
from nbmlops.ops.cells import Cell, CellStep, Passed, Result


def page(result: Result) -> Page:
    code = [each for each in result.cells if each.kind is CellKind.CODE]
    tracked = ""
    if result.tracking is not None:
        tracked = ", tracked now" if result.tracking.is_on else ", its kernel is alive with tracking off"
    head = Line(f"{result.notebook}: {many(len(code), 'code cell')}{tracked}", Tone.STRONG)
    if result.language != "python":
        return (head, Line(f"It is written in {result.language}: only Python is analysed.", Tone.WARN))
    return (
        head,
        *((Line(result.problem, Tone.BAD),) if result.problem else ()),
        *_cells(code),
        *_steps(result.steps),
        *_flows(result.flows),
        *_parameters(result),
    )


def _cells(code: list[Cell]) -> Page:
    rows = tuple(
        (
            cell(each.index + 1, Tone.STRONG),
            cell(f"[{each.count}]" if each.count else "", Tone.DIM),
            cell(each.preview[:48]),
            cell(each.step or ("parameters" if each.is_parameters else "")),
            cell(seconds(each.seconds)),
            cell(f"{each.run_name} {short(each.run)[:8]}" if each.run else "", Tone.DIM),
            _said(each),
        )
        for each in code
    )
    columns = ("cell", "", "code", "step", "took", "run", "")
    return (Table(columns=columns, rows=rows, numeric=frozenset({0, 4}), optional=frozenset({5})),) if rows else ()


def _said(each: Cell) -> Shown:
    if each.error:
        return cell(each.error.partition("\n")[0][:80], Tone.BAD)
    if each.stale:
        return cell(each.stale, Tone.WARN)
    return cell(f"left out: {each.dropped}" if each.dropped else "", Tone.DIM)


def _steps(steps: tuple[CellStep, ...]) -> Page:
    if not steps:
        return ()
    rows = tuple(
        (
            cell(step.name, Tone.STRONG),
            cell(", ".join(str(index + 1) for index in step.cells)),
            cell(seconds(step.seconds)),
            cell(", ".join(step.parameters)),
        )
        for step in steps
    )
    return (Table(columns=("step", "cells", "took", "parameters"), rows=rows, title="Steps", numeric=frozenset({2})),)


def _flows(flows: tuple[Passed, ...]) -> Page:
    if not flows:
        return ()
    rows = tuple(
        (cell(flow.source), cell(flow.target), cell(", ".join(flow.names) or "only order"), cell(size(flow.bytes)))
        for flow in flows
    )
    return (Table(columns=("from", "to", "what", "size"), rows=rows, title="What flows", numeric=frozenset({3})),)


def _parameters(result: Result) -> tuple[Fields, ...]:
    if not result.parameters:
        return ()
    rows = [
        (
            each.name,
            f"{each.type} = {shown(each.default) or repr(each.default)}{f'   {each.help}' if each.help else ''}",
        )
        for each in result.parameters
    ]
    return (fields(rows, title="Parameters"),)
