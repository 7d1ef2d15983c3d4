"""Help pages made from the verb table: `nbmlops --help`, `nbmlops VERB --help`, `%mlops`, and docs/verbs.md."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from nbmlops.doors.arguments import usage
from nbmlops.doors.render.blocks import Fields, Line, Page, Tone, cell, fields
from nbmlops.ops.fields import Field, fields_of
from nbmlops.ops.verbs import VERBS, Verb


def offered(*, magics: bool) -> tuple[Verb, ...]:
    """The verbs that work at a door."""
    return tuple(verb for verb in VERBS if (not verb.is_terminal if magics else not verb.needs_kernel))


def overview(*, magics: bool) -> Page:
    start = "%mlops VERB ..." if magics else "nbmlops VERB ..."
    blocks: list[Line | Fields] = [
        Line(f"nbmlops: from a notebook to production.   {start}", Tone.STRONG),
    ]
    for group, verbs in groupby(offered(magics=magics), key=lambda verb: verb.group):
        blocks.append(fields([(verb.name, verb.summary) for verb in verbs], title=group))
    last = (
        "%mlops VERB --help explains a verb; %%mlops run NAME makes a run of one cell."
        if magics
        else "nbmlops VERB --help explains a verb; --json prints for machines; -C FOLDER acts there."
    )
    return (*blocks, Line(""), Line(last, Tone.DIM))


def verb_page(verb: Verb, *, magics: bool) -> Page:
    start = "%mlops" if magics else "nbmlops"
    return (
        Line(f"{start} {usage(verb)}", Tone.STRONG),
        Line(verb.summary),
        fields([(_typed(field), _explained(field)) for field in fields_of(verb.request)], title="Arguments"),
        Fields(rows=tuple(("", cell(f"{start} {example}")) for example in verb.examples), title="Examples"),
    )


def reference(verbs: Iterable[Verb] = VERBS) -> str:
    """docs/verbs.md: written by `make docs`, checked by a test."""
    lines = [
        "# Verbs",
        "",
        "Made from the verb table (`nbmlops/ops/verbs.py`) by `make docs`; do not edit.",
        "`nbmlops VERB` in a terminal, `%mlops VERB` in a notebook, `POST nbmlops/api/VERB` on a Jupyter server.",
        "",
    ]
    for group, members in groupby(verbs, key=lambda verb: verb.group):
        lines += [f"## {group}", ""]
        for verb in members:
            where = "notebook only" if verb.needs_kernel else "terminal only" if verb.is_terminal else ""
            lines += [f"### {verb.name}", "", verb.summary + (f" *({where})*" if where else ""), ""]
            lines += ["```", usage(verb), "```", ""]
            arguments = fields_of(verb.request)
            if arguments:
                lines += ["| argument | meaning |", "| --- | --- |"]
                lines += [f"| `{_typed(field)}` | {_explained(field)} |" for field in arguments]
                lines += [""]
            lines += ["Examples:", "", "```"]
            lines += [f"{'%mlops' if verb.needs_kernel else 'nbmlops'} {example}" for example in verb.examples]
            lines += ["```", ""]
    return "\n".join(lines).rstrip() + "\n"


def _typed(field: Field) -> str:
    value = field.metavar or field.name.upper().replace("_", "-")
    if field.is_positional:
        return f"{value}..." if field.is_many else value
    flag = field.flag if field.is_flag else f"{field.flag} {value}"
    return f"-{field.short}, {flag}" if field.short else flag


def _explained(field: Field) -> str:
    if field.is_required or field.is_flag or field.default in ("", (), None):
        return field.help
    return f"{field.help} Default: {field.default}."
