from nbmlops.doors.render.blocks import Line, Page, Table, Tone, cell, fields
from nbmlops.lib.digest import short
from nbmlops.model.certificate import Certificate, Verdict
from nbmlops.ops.export import Result

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
    parameters = [(p.name, f"{p.default!r}  {p.type}{'  ' + p.help if p.help else ''}") for p in pipeline.parameters]
    return (
        Line(f"Exported to {result.folder}", Tone.GOOD),
        Table(columns=("step", "takes", "gives", "parameters", "cells"), rows=steps, title="Steps"),
        *((fields(parameters, title="Parameters"),) if parameters else ()),
        *((Table(columns=("cell", "", "why"), rows=dropped, title="Left out"),) if dropped else ()),
        *_certificate(result.certificate, [step.name for step in pipeline.steps]),
        *((Line(f"What was there is kept: nbmlops restore {short(result.kept_snapshot)}", Tone.DIM),)
          if result.kept_snapshot else ()),
        Line(f"Run it: nbmlops run {result.folder}", Tone.DIM),
    )  # fmt: skip


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
            cell(comparison.verdict, TONES[comparison.verdict]),
            cell(comparison.step),
            cell(comparison.name, Tone.STRONG),
            cell(comparison.difference or comparison.expected),
        )
        for comparison in ranked
    )
    compared = f"{counts[Verdict.EQUIVALENT]} of {len(certificate.comparisons)} values equal"
    reason = f": {certificate.reason}" if certificate.reason else ""
    return (
        *((Table(columns=("", "step", "value", ""), rows=rows, title="Compared with the notebook"),) if rows else ()),
        Line(f"\n{certificate.verdict}{reason} ({compared})", TONES[certificate.verdict]),
    )
