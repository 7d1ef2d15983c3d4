"""What `%load_ext nbmlops` costs a kernel that has just started: milliseconds, and modules of third parties."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile

from benchmarks.table import Row

REPEATS = 5
MOST_MS = 100
MOST_MODULES = 60

KERNEL = """
import json, sys, time
import ipykernel.ipkernel, ipykernel.zmqshell
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.run_cell("1 + 1", store_history=False)
before = set(sys.modules)
began = time.perf_counter()
shell.run_line_magic("load_ext", "nbmlops")
took = time.perf_counter() - began
new = {name.partition(".")[0] for name in set(sys.modules) - before}
modules = [n for n in set(sys.modules) - before if n.partition(".")[0] not in (*sys.stdlib_module_names, "nbmlops")]
print(json.dumps({"ms": took * 1000, "modules": len(modules), "packages": sorted(new - set(sys.stdlib_module_names))}))
sys.stdout.flush()
import os
os._exit(0)
"""


def measure() -> tuple[Row, ...]:
    with tempfile.TemporaryDirectory() as folder:
        _once(folder)  # makes the project, fills the file cache
        found = [_once(folder) for _ in range(REPEATS)]
    ms = statistics.median(each["ms"] for each in found)
    modules = max(each["modules"] for each in found)
    print(f"new packages: {', '.join(found[0]['packages'])}", file=sys.stderr)
    return (
        Row(what="`%load_ext nbmlops`", ours=ms, value=ms, bar=MOST_MS, unit="ms"),
        Row(what="its new modules of third parties", ours=modules, value=modules, bar=MOST_MODULES, unit="modules"),
    )


def _once(folder: str) -> dict[str, float]:
    child = subprocess.run([sys.executable, "-c", KERNEL], cwd=folder, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(child.stdout.splitlines()[-1])
    return found
