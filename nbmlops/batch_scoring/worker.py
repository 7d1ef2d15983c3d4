"""`python -m nbmlops.batch_scoring.worker PLACE`: a process that scores the parts it is told, one after the other.

It reads numbers of parts, a line each, and answers each with a line of JSON. It ends with its input.
"""

from __future__ import annotations

import sys

import msgspec

from nbmlops import errors
from nbmlops.errors import ExternalError, NbmlopsError
from nbmlops.lib.child import claim_output, end_with_parent
from nbmlops.model.batch_scoring import ScoredPart


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """An error of ours on its way to another process."""

    family: str
    message: str
    kind: str
    hint: str = ""

    def to_error(self) -> NbmlopsError:
        family = getattr(errors, self.family, ExternalError)
        found: NbmlopsError = family(self.message, kind=self.kind, hint=self.hint)
        return found


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    done: ScoredPart | None = None
    failure: Failure | None = None


def failure_of(error: Exception) -> Failure:
    if isinstance(error, NbmlopsError):
        return Failure(family=type(error).__name__, message=error.message, kind=error.kind, hint=error.hint)
    text = " ".join(str(error).split())[:300]
    return Failure(family="ExternalError", message=f"{type(error).__name__}: {text}.", kind="scoring-failed")


def main(place: str) -> int:
    report = claim_output()
    end_with_parent()
    try:
        from nbmlops.batch_scoring.scoring import PartScorer, Place

        scorer = PartScorer(msgspec.json.decode(place, type=Place))
        for line in sys.stdin:
            report(Answer(done=scorer.score(int(line))))
    except Exception as error:  # noqa: BLE001 - whoever has started us tells it
        report(Answer(failure=failure_of(error)))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
