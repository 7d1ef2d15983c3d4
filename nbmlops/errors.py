"""Every error nbmlops raises on purpose, in one tree.

    NbmlopsError
    ├── UsageError              (ValueError)    asked for something malformed
    ├── NotFoundError           (LookupError)   no such run, snapshot, verb, file
    ├── ConflictError                           exists already, or changed meanwhile
    ├── StateError                              not now: nothing to do it on
    ├── BrokenContractError                     data are not what their contract says
    ├── NotebookError                           the user's notebook cannot be used as it is
    │   └── CellFailedError                     a cell of it raised
    ├── MissingDependencyError  (ImportError)   an extra is not installed
    ├── ExternalError                           MLflow, git or the disk said no
    │   ├── DeniedError                         ... because of who we are
    │   └── UnavailableError                    ... for now
    ├── IntegrityError                          stored bytes are not what they should be
    ├── InterruptedRunError                     stopped by the user
    └── InternalError                           a bug of ours

A message is one line: what happened, to which thing. `hint` says what to do next. `kind` is a stable
`noun-problem` code for programs. Exit codes and HTTP statuses are given in doors/failures.py only.
"""

from __future__ import annotations

from typing import Any


class NbmlopsError(Exception):
    """Something a user can act on. `facts` are JSON-safe and shown by `--json` and the REST API."""

    def __init__(self, message: str, *, kind: str, hint: str = "", **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.hint = hint
        self.facts = facts

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()

    def _render_traceback_(self) -> list[str]:
        """IPython calls this instead of printing a traceback: a user's mistake gets one clear line."""
        return [f"{type(self).__name__}: {' '.join(str(self).split())}"]

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors cross process borders (pools, joblib) and stay what they were there."""
        return _rebuilt, (type(self), self.message, self.kind, self.hint, self.facts)


def _rebuilt(cls: type[NbmlopsError], message: str, kind: str, hint: str, facts: dict[str, Any]) -> NbmlopsError:
    return cls(message, kind=kind, hint=hint, **facts)


class UsageError(NbmlopsError, ValueError):
    """Asked for something malformed."""


class NotFoundError(NbmlopsError, LookupError):
    """There is no such thing."""


class ConflictError(NbmlopsError):
    """It exists already, or somebody changed it meanwhile."""


class StateError(NbmlopsError):
    """Not now."""


class BrokenContractError(NbmlopsError):
    """Data are not what their contract says."""


class NotebookError(NbmlopsError):
    """The user's notebook cannot be used as it is."""


class CellFailedError(NotebookError):
    """A cell raised; `facts` carry the cell, the exception and its traceback."""


class MissingDependencyError(NbmlopsError, ImportError):
    """An optional package is not installed."""


class ExternalError(NbmlopsError):
    """A system beside us failed."""


class DeniedError(ExternalError):
    """A system beside us does not want us."""


class UnavailableError(ExternalError):
    """A system beside us does not answer now; it may later."""


class IntegrityError(NbmlopsError):
    """Stored bytes do not match their digest, or were written by a newer version."""


class InterruptedRunError(NbmlopsError):
    """The user stopped a run; what was finished is kept."""


class InternalError(NbmlopsError):
    """A bug of ours."""
