"""`make bench`: every measurement, one table. Exit code 1 when a bar is missed.

    python -m benchmarks            # all
    python -m benchmarks load fit   # some

Figures are ratios against the named peer within one run, since absolute ones say more about the machine.
"""

from __future__ import annotations

import importlib
import sys

from benchmarks.table import Row, table

ALL = (
    "load",
    "capture",
    "inputs",
    "fit",
    "metrics",
    "snapshot",
    "lists",
    "analysis",
    "pipeline",
    "sweep",
    "sidebar",
    "package",
    "registry",
    "image",
    "serve",
    "mlserver",
    "batch",
    "drift",
    "evidently",
    "monitor",
    "explain",
    "reconcile",
    "needed_sync",
)


def main(names: list[str]) -> int:
    rows: list[Row] = []
    for name in names or ALL:
        print(f"measuring {name} ...", file=sys.stderr)
        rows += importlib.import_module(f"benchmarks.{name}").measure()
    print(table(rows))
    return 0 if all(row.is_met for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
