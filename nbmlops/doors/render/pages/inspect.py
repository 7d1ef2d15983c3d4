from nbmlops.doors.render.blocks import Fields, Line, Page, Source, Table, Tone, cell, fields, many, size
from nbmlops.doors.render.layers import layer_table
from nbmlops.ops.inspect import Result
from nbmlops.ops.package_claims import Origin


def page(result: Result) -> Page:
    package = result.package
    rows = (
        ("package", package.reference),
        ("tags", ", ".join(package.tags)),
        ("digest", package.digest),
        ("made", package.created),
        ("size", size(package.bytes)),
    )
    return (
        fields(rows),
        layer_table(package),
        *((_origin(result.origin),) if result.origin is not None else ()),
        *((_claims(result),) if result.claims else ()),
        Source(result.text.rstrip(), title="Kitfile"),
    )


def _origin(origin: Origin) -> Fields | Line:
    if origin.problem:
        return Line(origin.problem, Tone.WARN)
    known = (many(origin.cells, "cell"), many(origin.data, "data file"))
    rows = (
        ("run", origin.run),
        ("notebook", origin.notebook),
        ("pipeline", origin.pipeline[:12]),
        ("certificate", " ".join(filter(None, (origin.verdict, origin.certificate[:12])))),
        ("commit", origin.commit),
        ("python", origin.python),
        ("by digest", ", ".join(known)),
    )
    return fields(rows, title="Comes from, as it says")


def _claims(result: Result) -> Table:
    return Table(
        columns=("", "form", "key", "made"),
        rows=tuple(
            (cell(each.what, Tone.STRONG), cell(each.form), cell(each.key[:16]), cell(each.made[:10], Tone.DIM))
            for each in result.claims
        ),
        title="Signatures and statements: nbmlops verify says whose they are",
        optional=frozenset({1, 3}),
    )
