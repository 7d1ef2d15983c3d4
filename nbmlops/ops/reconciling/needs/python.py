"""python: a function of the project's says so, in a process of its own.

It takes nothing, and gives True or False, a pair (whether, why), or a mapping with needed, why, key, parameters and
recheck (seconds).
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

from nbmlops.errors import ExternalError, UsageError
from nbmlops.lib.digest import digest_bytes, short
from nbmlops.lib.redact import redact
from nbmlops.model.reconciler import NeedSpec, Reason
from nbmlops.ops.reconciling.observing import Observing

SECONDS = 60.0
_MARK = "nbmlops-needs:"
_CHILD = """
import json, runpy, sys
file, function, mark = sys.argv[1:4]
found = runpy.run_path(file, run_name="needs").get(function)
if not callable(found):
    sys.exit(f"{file} has no function {function}")

def plain(value):
    # True of numpy and pandas is none of Python's own.
    return value.item() if hasattr(value, "item") else str(value)

said = found()
print("\\n" + mark + json.dumps(said, default=plain), flush=True)
"""


def observe(look: Observing, need: NeedSpec) -> Reason:
    return ask(look.call.project.root, str(need.options["file"]), str(need.options["function"]))


def ask(root: Path, file: str, function: str) -> Reason:
    """Raises UsageError for a file or an answer that is none, ExternalError for a function that fails or takes long."""
    return reason_of(_asked(root, file, function), "python", f"{file}:{function}")


def reason_of(said: Any, need: str, place: str) -> Reason:
    """Raises UsageError for an answer that is none."""
    if isinstance(said, bool):
        said = {"needed": said}
    elif isinstance(said, list) and len(said) == 2:
        said = {"needed": said[0], "why": said[1]}
    if not isinstance(said, dict) or not isinstance(said.get("needed"), bool | None):
        raise UsageError(
            f"{place} gives {str(said)[:60]!r}.",
            kind="needs-malformed",
            hint="It gives True or False, a pair with the reason, or a mapping with needed and why.",
        )
    needed = said.get("needed")
    why = str(said.get("why") or f"{place} says {'yes' if needed else 'no' if needed is False else 'nothing'}")[:300]
    parameters = said.get("parameters") or {}
    recheck = said.get("recheck") or 0.0
    if not isinstance(parameters, dict) or not isinstance(recheck, int | float) or not math.isfinite(recheck):
        raise UsageError(
            f"{place}: parameters is a mapping and recheck a number of seconds.",
            kind="needs-malformed",
            hint="Mend it.",
        )
    named = {str(name): value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()}
    told = str(said.get("key") or short(digest_bytes(json.dumps([why, named], sort_keys=True).encode())))
    return Reason(
        need=need,
        holds=needed,
        why=" ".join(redact(why).split()),
        key=f"{place}:{told}" if needed else "",
        parameters=named,
        recheck=max(0.0, float(recheck)),
    )


def _asked(root: Path, file: str, function: str) -> Any:
    if not (root / file).is_file():
        raise UsageError(f"There is no {file}.", kind="needs-missing", hint="A reconciler names it.")
    try:
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, file, function, _MARK],
            cwd=root,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ExternalError(
            f"{file}:{function} took more than {SECONDS:g} s.", kind="needs-slow", hint="Mend it."
        ) from None
    line = next((each for each in reversed(done.stdout.splitlines()) if each.startswith(_MARK)), None)
    if done.returncode or line is None:
        last = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise ExternalError(
            f"{file}:{function} has failed: {redact(last)[:200]}",
            kind="needs-failed",
            hint="Run it by hand, and mend it.",
        )
    return json.loads(line[len(_MARK) :])
