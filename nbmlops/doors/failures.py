"""Error family -> exit code, HTTP status and one line. The only such table."""

from __future__ import annotations

import re
from typing import Any

from nbmlops import errors
from nbmlops.errors import NbmlopsError
from nbmlops.ops.verbs import VERBS

FAMILIES: dict[type[NbmlopsError], tuple[int, int]] = {
    errors.UsageError: (2, 400),
    errors.NotFoundError: (3, 404),
    errors.ConflictError: (4, 409),
    errors.StateError: (5, 409),
    errors.BrokenContractError: (1, 422),
    errors.NotebookError: (6, 422),
    errors.CellFailedError: (6, 422),
    errors.MissingDependencyError: (7, 501),
    errors.ExternalError: (8, 502),
    errors.DeniedError: (8, 502),
    errors.UnavailableError: (8, 503),
    errors.IntegrityError: (9, 500),
    errors.InterruptedRunError: (130, 409),
    errors.InternalError: (70, 500),
}

_COMMAND = re.compile(r": nbmlops (\w[\w-]*)")
_TERMINAL = {verb.name for verb in VERBS if verb.is_terminal}


def exit_code(error: NbmlopsError) -> int:
    return FAMILIES[_family(error)][0]


def http_status(error: NbmlopsError) -> int:
    return FAMILIES[_family(error)][1]


def as_facts(error: NbmlopsError) -> dict[str, Any]:
    """What `--json` and REST show."""
    return {
        "error": _family(error).__name__,
        "kind": error.kind,
        "message": error.message,
        "hint": error.hint,
        "facts": error.facts,
    }


def in_grammar(text: str, *, magics: bool) -> str:
    """A hint in the grammar of the door that asked: `nbmlops VERB` in a terminal, `%mlops VERB` in a notebook."""
    if not magics:
        return text
    return _COMMAND.sub(lambda found: found[0] if found[1] in _TERMINAL else f": %mlops {found[1]}", text).replace(
        "nbmlops --help", "%mlops"
    )


def _family(error: NbmlopsError) -> type[NbmlopsError]:
    return next(cls for cls in type(error).__mro__ if cls in FAMILIES)
