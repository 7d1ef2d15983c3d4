from nbmlops.doors.render.blocks import Page, Source, fields, size
from nbmlops.doors.render.layers import layer_table
from nbmlops.ops.inspect import Result


def page(result: Result) -> Page:
    package = result.package
    rows = (
        ("package", package.reference),
        ("tags", ", ".join(package.tags)),
        ("digest", package.digest),
        ("made", package.created),
        ("size", size(package.bytes)),
    )
    return (fields(rows), layer_table(package), Source(result.text.rstrip(), title="Kitfile"))
