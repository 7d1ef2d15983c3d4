"""The layers of a package as a table."""

from __future__ import annotations

from nbmlops.doors.render.blocks import Table, Tone, cell, size
from nbmlops.ops.package_store import PackageView


def layer_table(package: PackageView, known: frozenset[str] = frozenset()) -> Table:
    """`known`: paths that were packed before and had not changed."""
    return Table(
        columns=("layer", "path", "size", "digest", ""),
        rows=tuple(
            (
                cell(layer.kind),
                cell(f"{layer.path} ({layer.name})" if layer.name else layer.path, Tone.STRONG),
                cell(size(layer.bytes)),
                cell(layer.digest[7:19], Tone.DIM),
                cell("unchanged" if layer.path in known else "", Tone.DIM),
            )
            for layer in package.layers
        ),
        numeric=frozenset({2}),
        optional=frozenset({3, 4}),
    )
