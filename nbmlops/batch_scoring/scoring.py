"""One part, from its rows to the file of what is written for them. Workers of every kind do this."""

from __future__ import annotations

from pathlib import Path

import msgspec

from nbmlops.batch_scoring.part_file import write_part
from nbmlops.batch_scoring.scorer import Counts, RowRefused, Scorer, load
from nbmlops.batch_scoring.work_folder import WorkFolder
from nbmlops.model.batch_scoring import ScoredPart


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a worker finds all it needs."""

    folder: str
    """A `WorkFolder`."""
    model: str
    """Of the model, within the package that is laid out there."""
    plan: str = ""
    """The plan's id; empty where it is still being made."""


class PartScorer:
    """Raises what loading a model raises. The plan is read with the first part: a model may load while it is made."""

    def __init__(self, place: Place) -> None:
        self._folder = WorkFolder(Path(place.folder))
        self._model = load(self._folder.package / place.model, self._folder.package)
        self._scorer: Scorer | None = None

    def score(self, number: int) -> ScoredPart:
        """Raises NbmlopsError where the model fails, or the disk."""
        if self._scorer is None:
            self._scorer = Scorer(self._folder.plan(), self._model)
        counts = Counts()
        try:
            size = write_part(self._folder.rows_of(number), self._scorer.batches(number, counts))
        except RowRefused as refused:
            return ScoredPart(number=number, read=counts.read, written=0, failed=1, size=0, bad=refused.bad)
        done = ScoredPart(number=number, read=counts.read, written=counts.written, failed=counts.failed, size=size)
        self._folder.finish(done)
        return done
