from nbmlops.doors.render.blocks import Line, Page, Table, Tone, cell, place
from nbmlops.doors.render.pages.stories import hidden
from nbmlops.lib.digest import short
from nbmlops.model.certificate import Certificate, Verdict
from nbmlops.model.pipeline import Parameter, ParameterType
from nbmlops.ops.export import Result

MARKS = {Verdict.EQUIVALENT: "=", Verdict.DIVERGES: "≠", Verdict.NOT_COMPARABLE: "?"}
TONES = {Verdict.EQUIVALENT: Tone.GOOD, Verdict.DIVERGES: Tone.BAD, Verdict.NOT_COMPARABLE: Tone.WARN}


def page(result: Result) -> Page:
    pipeline = result.pipeline
    steps = tuple(
        (
            cell(step.name, Tone.STRONG),
            cell(", ".join(take.name for take in step.takes)),
            cell(", ".join(name for give in step.gives for name in give.names)),
            cell(", ".join(step.parameters)),
            cell(len(step.cells)),
        )
        for step in pipeline.steps
    )
    dropped = tuple((cell(drop.cell + 1), cell(drop.preview, Tone.DIM), cell(drop.why)) for drop in pipeline.dropped)
    parameters = tuple(
        (cell(each.name, Tone.STRONG), cell(repr(each.default)), cell(_type(each)), cell(_about(each)))
        for each in pipeline.parameters
    )
    return (
        Line(f"Exported to {place(result.folder)}", Tone.GOOD),
        Table(columns=("step", "takes", "gives", "parameters", "cells"), rows=steps, title="Steps"),
        *(Line(f"Cut before cell {each.cell + 1} ({each.step}): {each.why}", Tone.DIM) for each in pipeline.cuts),
        *((Line(f"One step: {pipeline.whole}.", Tone.DIM),) if pipeline.whole else ()),
        *((Table(columns=("name", "default", "type", ""), rows=parameters, title="Parameters"),) if parameters else ()),
        *((Table(columns=("cell", "begins with", "why"), rows=dropped, title="Left out"),) if dropped else ()),
        *_certificate(result.certificate, [step.name for step in pipeline.steps]),
        *hidden(result.state),
        *((Line(f"What was there is kept: nbmlops restore {short(result.kept_snapshot)}", Tone.DIM),)
          if result.kept_snapshot else ()),
        Line(f"Run it: nbmlops run {place(result.folder)}", Tone.DIM),
    )  # fmt: skip


def _type(parameter: Parameter) -> str:
    """The type a value must have; nothing is known of one whose default is None."""
    if parameter.type is ParameterType.NONE:
        return "any"
    return f"{parameter.type} or None" if parameter.optional else str(parameter.type)


def _about(parameter: Parameter) -> str:
    """Its comment, and what was tried in the notebook."""
    tried = f"tried: {', '.join(map(repr, parameter.tried))}" if parameter.tried else ""
    return "; ".join(part for part in (parameter.help, tried) if part)


def _certificate(certificate: Certificate | None, steps: list[str]) -> Page:
    if certificate is None:
        return (Line("Not verified.", Tone.WARN),)
    ranked = sorted(
        certificate.comparisons,
        key=lambda found: (
            found.verdict is not Verdict.DIVERGES,
            steps.index(found.step) if found.step in steps else len(steps),
        ),
    )
    counts = {verdict: 0 for verdict in Verdict}
    for comparison in certificate.comparisons:
        counts[comparison.verdict] += 1
    rows = tuple(
        (
            cell(MARKS[comparison.verdict], TONES[comparison.verdict]),
            cell(comparison.step),
            cell(comparison.name, Tone.STRONG),
            cell(comparison.difference or comparison.expected),
        )
        for comparison in ranked
    )
    compared = f"{counts[Verdict.EQUIVALENT]} of {len(certificate.comparisons)} values equal"
    reason = f": {certificate.reason}" if certificate.reason else ""
    return (
        *(
            (Table(columns=("", "step", "name", "value"), rows=rows, title="Compared with the notebook"),)
            if rows
            else ()
        ),
        Line(f"\n{certificate.verdict}{reason} ({compared})", TONES[certificate.verdict]),
    )
